import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Bucket, makeAttempts } from '../../edge/attempts.ts';
import { networksOf } from '../../edge/networks.ts';
import type { Later } from '../../edge/turns.ts';
import { makePasswordLane } from './password-lane.ts';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
/** OWASP's scrypt floor: 2^17, 8, 1. */
const COST = { N: 131_072, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
const KEY_BYTES = 32;
const SESSION_MS = 8 * 3_600_000;
const SESSIONS_OF_PERSON_MAX = 20;
/** In a quarter of an hour: of one name from one address or device, of all names from one address, and from all addresses of one site. */
const WINDOW_MS = 15 * 60_000;
const OF_NAME_MAX = 5;
const OF_ADDRESS_MAX = 20;
const OF_SITE_MAX = 60;
const BUSY_SECONDS = 3;

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly password_scrypt: string;
}

export interface Session {
  readonly person: Person;
  /** Goes with every form: a page of another site cannot know it. */
  readonly csrf: string;
}

/** Somebody who wants to sign in. */
export interface Knock {
  readonly id: string;
  readonly password: string;
  /** Where it comes from. */
  readonly address: string;
  /** What a device keeps that has signed in before. */
  readonly device?: string | undefined;
}

export type SignedIn =
  | { readonly kind: 'in'; readonly token: string; readonly device: string }
  /** The name or the password. */
  | { readonly kind: 'wrong' }
  /** Not looked at: `wait`, too many came from there; `busy`, it is us who could not, so many come from everywhere. */
  | { readonly kind: 'wait' | 'busy'; readonly seconds: number };

/** `scrypt$<salt>$<key>`, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${(await derive(password.normalize('NFC'), salt, KEY_BYTES, COST)).toString('base64url')}`;
}

async function matches(person: Person, password: string): Promise<boolean> {
  const [, salt = '', key = ''] = person.password_scrypt.split('$');
  const expected = Buffer.from(key, 'base64url');
  const found = await derive(password.normalize('NFC'), Buffer.from(salt, 'base64url'), KEY_BYTES, COST);
  return expected.length === found.length && timingSafeEqual(expected, found);
}

// An unknown name costs the same time as a wrong password.
const NOBODY: Person = { id: '', name: '', roles: [], password_scrypt: `scrypt$${'A'.repeat(22)}$${'A'.repeat(43)}` };

export interface SessionDeps {
  readonly people: readonly Person[];
  readonly now: () => Date;
  /** Of what devices keep: the same after every restart. */
  readonly deviceSecret: Uint8Array;
  readonly later: Later;
  readonly verify?: typeof matches;
}

/** Sign-in and sessions. Sessions live in memory: a restart signs everybody out, and a stolen database signs nobody in. Strangers lock nobody
 * out: attempts count against the address they come from and its networks, whoever's networks have tried least is looked at first, and a
 * device that has signed in before has a count and a queue of its own. */
export function makeSessions({ people, now, deviceSecret, later, verify = matches }: SessionDeps) {
  const sessions = new Map<string, Session & { readonly expires: number }>();
  const nowMs = () => now().getTime();
  const attempts = makeAttempts({ nowMs, windowMs: WINDOW_MS });
  const lane = makePasswordLane({ nowMs, later });

  /** Of this name: what was given to another signs nobody else in. */
  const sealed = (id: string, nonce: string): string =>
    createHmac('sha256', deviceSecret).update(`${id}\n${nonce}`).digest('base64url');

  function isKnownDevice(id: string, device = ''): boolean {
    const [nonce = '', seal = '', ...more] = device.split('.');
    // One spelling each: what is counted is the whole of it.
    return more.length === 0 && sameText(seal, sealed(id, nonce));
  }

  function bucketsOf({ id, address, device }: Knock, isKnown: boolean): readonly Bucket[] {
    // Names of any length, and of nobody, count alike.
    const name = fingerprint(id);
    if (isKnown) return [{ name: `device ${fingerprint(device ?? '')} ${name}`, max: OF_NAME_MAX }];
    const { site } = networksOf(address);
    return [
      { name: `name ${address} ${name}`, max: OF_NAME_MAX },
      { name: `address ${address}`, max: OF_ADDRESS_MAX },
      { name: `site ${site}`, max: OF_SITE_MAX },
    ];
  }

  function open(person: Person): string {
    const at = nowMs();
    for (const [hash, { expires }] of sessions) if (expires <= at) sessions.delete(hash);
    const own = [...sessions].filter(([, session]) => session.person.id === person.id);
    for (const [hash] of own.slice(0, Math.max(0, own.length - SESSIONS_OF_PERSON_MAX + 1))) sessions.delete(hash);
    const token = randomBytes(32).toString('base64url');
    const csrf = randomBytes(32).toString('base64url');
    sessions.set(fingerprint(token), { person, csrf, expires: at + SESSION_MS });
    return token;
  }

  return {
    async signIn(knock: Knock): Promise<SignedIn> {
      const { id, password, address, device } = knock;
      const isKnown = isKnownDevice(id, device);
      const attempt = attempts.begin(bucketsOf(knock, isKnown));
      if (typeof attempt === 'number') return { kind: 'wait', seconds: attempt };
      const person = people.find((each) => each.id === id);
      const judge = async () => (await verify(person ?? NOBODY, password)) && person !== undefined;
      const judged = await lane.take({ isKnown, address }, judge, (isRight) => isRight).catch(() => undefined);
      if (!judged?.ok) {
        attempt.end('unseen');
        return { kind: judged?.error === 'own' ? 'wait' : 'busy', seconds: BUSY_SECONDS };
      }
      const isRight = judged.value;
      attempt.end(isRight ? 'right' : 'wrong');
      if (!isRight || person === undefined) return { kind: 'wrong' };
      const nonce = randomBytes(18).toString('base64url');
      const kept = isKnown && device !== undefined ? device : `${nonce}.${sealed(id, nonce)}`;
      return { kind: 'in', token: open(person), device: kept };
    },
    find(token: string): Session | undefined {
      const found = sessions.get(fingerprint(token));
      return found === undefined || found.expires <= nowMs() ? undefined : found;
    },
    signOut: (token: string) => void sessions.delete(fingerprint(token)),
  };
}

export type Sessions = ReturnType<typeof makeSessions>;

function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

export function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
