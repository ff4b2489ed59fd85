/** Tokens that only their authorisation server can read: it is asked, with credentials of ours (RFC 7662). */
import { hash } from 'node:crypto';
import { type Refusal, unavailable } from '../../../protocol/base/errors.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { isRecord } from '../../../protocol/base/shape.ts';
import { networksOf } from '../../edge/networks.ts';
import { parseStrictJson } from '../../edge/strict-json.ts';
import { type Later, makeTurns } from '../../edge/turns.ts';
import { makeByteCache } from '../../platform/byte-cache.ts';
import type { GuardedFetch } from '../../platform/guarded-fetch.ts';

type Members = Readonly<Record<string, unknown>>;
type Said = Result<Members | undefined, Refusal>;

/** When a token came, and from where, as far as an address tells. */
export interface Presented {
  readonly now: Date;
  readonly address: string;
}

/** What the server says stands in the token; `undefined` when it is good for nothing, or not one of its own. */
export type Introspect = (token: string, presented: Presented) => Promise<Said>;

/** How strangers' tokens are asked about: aside, so that those that were good before wait for none of them. */
export interface Aside {
  readonly fetch: GuardedFetch;
  /** Of a clock that nobody sets. */
  readonly nowMs: () => number;
  readonly later: Later;
}

export interface IntrospectionOptions {
  readonly iss: string;
  readonly url: string;
  readonly clientId: string;
  readonly secret: string;
  readonly fetch: GuardedFetch;
  readonly aside: Aside;
}

interface Known {
  readonly claims: Members;
  /** Unix milliseconds. Not good from then on without being asked about again: but it was, and is asked about first. */
  readonly until: number;
}

/** Of the same token, so soon, the server would say the same. */
const DENIED_MS = LIMITS.introspectionDeniedSeconds * 1000;

/** A token that is good is asked about again only after a while; one that is not, so soon not again. Strangers make as many of those as
 * they like: they have turns, one of each network after the other, and are asked about no more often than the server can bear. */
export function makeIntrospect(options: IntrospectionOptions): Introspect {
  const { aside } = options;
  const known = makeByteCache<Known>({
    bytesMax: LIMITS.introspectedBytesMax,
    bytesOfGroupMax: LIMITS.introspectedBytesOfClientMax,
  });
  const denied = makeByteCache<number>({
    bytesMax: LIMITS.introspectionDeniedBytesMax,
    bytesOfGroupMax: LIMITS.introspectionDeniedBytesOfSiteMax,
  });
  const turns = makeTurns({ limits: LIMITS.introspectionTurns, nowMs: aside.nowMs, later: aside.later });
  const underway = new Map<string, Promise<Said>>();

  async function ask(token: string, name: string, { now, isKnown }: { now: Date; isKnown: boolean }): Promise<Said> {
    const fetch = isKnown ? options.fetch : aside.fetch;
    const answered = await fetch(options.url, { post: requestFor(token, options) });
    if (!answered.ok || answered.value.status !== 200)
      return err(busy('The authorisation server cannot be asked now.'));
    const body = parseStrictJson(answered.value.body);
    if (!body.ok || !isRecord(body.value) || typeof body.value['active'] !== 'boolean')
      return err(busy('The authorisation server gave no answer that is one (RFC 7662).'));
    const claims = claimsOf(body.value, options.iss, now);
    if (claims === undefined) {
      known.delete(name);
      return ok(undefined);
    }
    const until = Math.min(now.getTime() + LIMITS.introspectionSeconds * 1000, Number(claims['exp']) * 1000);
    const bytes = answered.value.body.length * 2;
    known.set(name, { value: { claims, until }, group: String(claims['client_id']), bytes });
    return ok(claims);
  }

  async function askInTurn(token: string, name: string, { now, address }: Presented): Promise<Said> {
    const isKnown = known.get(name) !== undefined;
    const asked = await turns.take(
      { isKnown, address },
      () => ask(token, name, { now, isKnown }),
      (said) => said.ok && said.value !== undefined,
    );
    if (!asked.ok) return err(busy('Too many tokens that nobody has vouched for are being asked about.'));
    const isDenied = asked.value.ok && asked.value.value === undefined;
    if (isDenied) denied.set(name, { value: now.getTime() + DENIED_MS, group: networksOf(address).site, bytes: 0 });
    return asked.value;
  }

  return async (token, presented) => {
    // Nothing that anybody could guess is a token (RFC 6749 §10.10): its server is not asked.
    if (token.length < LIMITS.opaqueTokenCharsMin) return ok(undefined);
    const nowMs = presented.now.getTime();
    const name = hash('sha256', token, 'base64url');
    const found = known.get(name);
    if (found !== undefined && nowMs < found.until) return ok(found.claims);
    const deniedUntil = denied.get(name) ?? 0;
    // A clock that was set back would deny for longer.
    if (nowMs < deniedUntil && deniedUntil - nowMs <= DENIED_MS) return ok(undefined);
    const joined = underway.get(name);
    if (joined !== undefined) return joined;
    const asked = askInTurn(token, name, presented).finally(() => underway.delete(name));
    underway.set(name, asked);
    return asked;
  };
}

/** RFC 7662 §2.1 with client authentication as in RFC 6749 §2.3.1: both halves are form-encoded first. */
function requestFor(token: string, { clientId, secret }: IntrospectionOptions) {
  const encoded = [clientId, secret].map((each) => new URLSearchParams({ x: each }).toString().slice(2)).join(':');
  return {
    headers: {
      authorization: `Basic ${Buffer.from(encoded).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
  };
}

/** What the answer may leave out (§2.2) is what the server need not say again: who it is, and that the token is good now. */
function claimsOf(said: Members, iss: string, now: Date): Members | undefined {
  if (said['active'] !== true || (said['iss'] ?? iss) !== iss) return undefined;
  const { active: _active, client_id: client, sub = client } = said;
  const seconds = Math.floor(now.getTime() / 1000);
  return {
    iat: seconds,
    exp: seconds + LIMITS.introspectionSeconds,
    ...said,
    iss,
    ...(sub === undefined ? {} : { sub }),
  };
}

const BUSY_RETRY_SECONDS = 2;

const busy = (detail: string): Refusal => unavailable(detail, BUSY_RETRY_SECONDS);
