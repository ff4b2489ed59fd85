import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
/** OWASP's scrypt floor: 2^17, 8, 1. */
const COST = { N: 131_072, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
const KEY_BYTES = 32;
const SESSION_MS = 8 * 3_600_000;
const FAILURES_MAX = 5;
const FAILURE_WINDOW_MS = 15 * 60_000;

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

/** `scrypt$<salt>$<key>`, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${(await derive(password.normalize('NFC'), salt, KEY_BYTES, COST)).toString('base64url')}`;
}

/** Sign-in and sessions. Sessions live in memory: a restart signs everybody out, and a stolen database signs nobody in. */
export function makeSessions(people: readonly Person[], now: () => Date) {
  const sessions = new Map<string, Session & { readonly expires: number }>();
  const failures = new Map<string, readonly number[]>();
  // An unknown name costs the same time as a wrong password.
  const nobody: Person = { id: '', name: '', roles: [], password_scrypt: `scrypt$${'A'.repeat(22)}$${'A'.repeat(43)}` };

  async function matches(person: Person, password: string): Promise<boolean> {
    const [, salt = '', key = ''] = person.password_scrypt.split('$');
    const expected = Buffer.from(key, 'base64url');
    const found = await derive(password.normalize('NFC'), Buffer.from(salt, 'base64url'), KEY_BYTES, COST);
    return expected.length === found.length && timingSafeEqual(expected, found);
  }

  return {
    /** The token of a new session; `undefined` when the name or password is wrong, or was wrong too often lately. */
    async signIn(id: string, password: string): Promise<string | undefined> {
      const at = now().getTime();
      const recent = (failures.get(id) ?? []).filter((each) => each > at - FAILURE_WINDOW_MS);
      if (recent.length >= FAILURES_MAX) return undefined;
      const person = people.find((each) => each.id === id);
      if (!(await matches(person ?? nobody, password)) || person === undefined) {
        if (person !== undefined) failures.set(id, [...recent, at]);
        return undefined;
      }
      failures.delete(id);
      for (const [hash, { expires }] of sessions) if (expires <= at) sessions.delete(hash);
      const token = randomBytes(32).toString('base64url');
      sessions.set(fingerprint(token), {
        person,
        csrf: randomBytes(32).toString('base64url'),
        expires: at + SESSION_MS,
      });
      return token;
    },
    find(token: string): Session | undefined {
      const found = sessions.get(fingerprint(token));
      return found === undefined || found.expires <= now().getTime() ? undefined : found;
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
