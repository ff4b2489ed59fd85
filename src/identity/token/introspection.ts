/** Tokens that only their authorisation server can read: it is asked, with credentials of ours (RFC 7662). */
import { hash } from 'node:crypto';
import { type Refusal, unavailable } from '../../../protocol/base/errors.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { isRecord } from '../../../protocol/base/shape.ts';
import { parseStrictJson } from '../../edge/strict-json.ts';
import type { GuardedFetch } from '../../platform/guarded-fetch.ts';

type Members = Readonly<Record<string, unknown>>;

/** What the server says stands in the token; `undefined` when it is good for nothing, or not one of its own. */
export type Introspect = (token: string, now: Date) => Promise<Result<Members | undefined, Refusal>>;

export interface IntrospectionOptions {
  readonly iss: string;
  readonly url: string;
  readonly clientId: string;
  readonly secret: string;
  readonly fetch: GuardedFetch;
}

interface Known {
  readonly claims: Members;
  /** Unix milliseconds. */
  readonly until: number;
}

/** A token that is good is asked about again only after a while; one that is not, each time: strangers make as many of those as they
 * like, so nothing is kept of them, and only so many are asked about at once. */
export function makeIntrospect(options: IntrospectionOptions): Introspect {
  const known = new Map<string, Known>();
  const underway = new Map<string, Promise<Result<Members | undefined, Refusal>>>();

  async function ask(token: string, name: string, now: Date): Promise<Result<Members | undefined, Refusal>> {
    const answered = await options.fetch(options.url, { post: requestFor(token, options) });
    if (!answered.ok || answered.value.status !== 200)
      return err(busy('The authorisation server cannot be asked now.'));
    const body = parseStrictJson(answered.value.body);
    if (!body.ok || !isRecord(body.value) || typeof body.value['active'] !== 'boolean')
      return err(busy('The authorisation server gave no answer that is one (RFC 7662).'));
    const claims = claimsOf(body.value, options.iss, now);
    if (claims === undefined) return ok(undefined);
    const until = Math.min(now.getTime() + LIMITS.introspectionSeconds * 1000, Number(claims['exp']) * 1000);
    known.set(name, { claims, until });
    const [oldest] = known.keys();
    if (known.size > LIMITS.introspectionsKept && oldest !== undefined) known.delete(oldest);
    return ok(claims);
  }

  return async (token, now) => {
    const name = hash('sha256', token, 'base64url');
    const found = known.get(name);
    if (found !== undefined && now.getTime() < found.until) return ok(found.claims);
    known.delete(name);
    const joined = underway.get(name);
    if (joined !== undefined) return joined;
    if (underway.size >= LIMITS.introspectionsAtOnce) return err(busy('Too many tokens are being asked about.'));
    const asked = ask(token, name, now).finally(() => underway.delete(name));
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
