/** Authorisation servers whose access tokens are believed, and their keys: given (RFC 7517) or read from a `jwks_uri`, bounded and cached. */
import { type CryptoKey, createLocalJWKSet, importJWK, type JWK } from 'jose';
import { type Refusal, unavailable } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { isRecord } from '../../../protocol/base/shape.ts';
import type { MandateIssuers } from '../../../protocol/mandate/mandate.ts';
import { parseStrictJson } from '../../edge/strict-json.ts';
import { checkUrl, type GuardedFetch } from '../../platform/guarded-fetch.ts';
import { keySeconds } from '../key-lifetime.ts';
import { type Aside, type Introspect, makeIntrospect } from './introspection.ts';
import { SCOPE } from './oauth-metadata.ts';
import { type DialectSettings, dialectOf, type TokenDialect } from './token-dialects.ts';

/** Asymmetric, each for one kind of key: neither `none` nor a MAC can be asked for (RFC 8725 §3.1). */
export const TOKEN_ALGS = ['EdDSA', 'ES256', 'RS256', 'PS256'] as const;
export type TokenAlg = (typeof TOKEN_ALGS)[number];

/** An entry of the configuration's authorisation servers. Exactly one of `jwks`, `jwks_uri` and `introspection`. */
export interface ConfiguredTokenIssuer extends DialectSettings {
  readonly iss: string;
  /** What its tokens have as audience in place of the resource's identifier (RFC 8707), for servers that cannot name the resource. */
  readonly audience?: string | readonly string[];
  /** Its name of the scope that lets a client in. */
  readonly scope?: string;
  readonly introspection?: { readonly url: string; readonly client_id: string };
  readonly jwks?: readonly JsonObject[];
  readonly jwks_uri?: string;
  readonly tier: 'company' | 'principal';
  readonly subjects?: readonly string[];
  readonly accounts?: readonly string[];
}

export interface KeyHint {
  readonly alg: TokenAlg;
  readonly kid: string | undefined;
}

/** The one key that fits, or `undefined`; a refusal where nobody can tell now. */
type FindKey = (hint: KeyHint, now: Date) => Promise<Result<CryptoKey | undefined, Refusal>>;

export interface TokenIssuer {
  readonly iss: string;
  readonly audience?: readonly string[];
  readonly scope: string;
  readonly dialect: TokenDialect;
  readonly tier: 'company' | 'principal';
  readonly subjects?: readonly string[];
  readonly accounts?: readonly string[];
  /** Of tokens that are read here; the others it is asked about. */
  readonly findKey?: FindKey;
  readonly introspect?: Introspect;
}

export type TokenIssuers = ReadonlyMap<string, TokenIssuer>;

export interface IssuerFetch {
  readonly fetch: GuardedFetch;
  /** As the guarded fetch was made: decides which `jwks_uri` can be configured at all. */
  readonly allowPrivate: boolean;
  /** Ours at the one server that is asked about tokens. */
  readonly introspectionSecret?: string | undefined;
  readonly aside: Aside;
}

/** Otherwise every mistake in them, as `/0/jwks/1 …`. */
export async function readTokenIssuers(
  configured: readonly ConfiguredTokenIssuer[],
  how: IssuerFetch,
): Promise<Result<TokenIssuers, readonly string[]>> {
  const problems: string[] = [];
  const issuers = new Map<string, TokenIssuer>();
  for (const [at, each] of configured.entries()) {
    const path = `/${at}`;
    const { iss, tier, subjects, accounts, audience, scope = SCOPE } = each;
    const dialect = dialectOf(each);
    if (URL.parse(iss) === null) problems.push(`${path}/iss is no URL`);
    if (issuers.has(iss)) problems.push(`${path}/iss is there twice`);
    if (tier === 'principal' && (!subjects?.length || !accounts?.length))
      problems.push(`${path} is a principal’s: it needs the subjects and accounts it may speak for`);
    if (dialect.needsAudience && audience === undefined)
      problems.push(`${path} needs an audience: tokens of ${each.preset ?? 'this server'} cannot name the resource`);
    const read = await readSource(each, { ...how, path, problems });
    issuers.set(iss, {
      iss,
      tier,
      scope,
      dialect,
      ...(audience === undefined ? {} : { audience: [audience].flat() }),
      ...(subjects && { subjects }),
      ...(accounts && { accounts }),
      ...read,
    });
  }
  // Such a token does not say whose it is, and for a stranger one server is asked, not several.
  if ([...issuers.values()].filter(({ introspect }) => introspect !== undefined).length > 1)
    problems.push(' may have introspection once: a token that cannot be read does not say which server to ask');
  return problems.length === 0 ? ok(issuers) : err(problems);
}

/** Where what a token says is learnt: from keys that are given or published, or from the server itself. */
async function readSource(
  { iss, jwks, jwks_uri: uri, introspection }: ConfiguredTokenIssuer,
  { fetch, aside, allowPrivate, introspectionSecret: secret = '', path, problems }: IssuerFetch & ReadAt,
): Promise<Pick<TokenIssuer, 'findKey' | 'introspect'>> {
  if ([jwks, uri, introspection].filter((each) => each !== undefined).length !== 1)
    problems.push(`${path} needs exactly one of jwks, jwks_uri and introspection`);
  const named = Object.entries({ jwks_uri: uri, 'introspection/url': introspection?.url });
  for (const [member, address] of named) {
    const url = address === undefined ? undefined : checkUrl(address, allowPrivate);
    if (url?.ok === false) problems.push(`${path}/${member} is ${url.error.reason}`);
  }
  const given = await readGiven(jwks ?? [], path, problems);
  if (introspection === undefined) return { findKey: uri === undefined ? given : remoteKeys(uri, fetch) };
  if (secret === '') problems.push(`${path}/introspection needs our secret there in PARLEY_INTROSPECTION_SECRET`);
  const { url, client_id: clientId } = introspection;
  return { introspect: makeIntrospect({ iss, url, clientId, secret, fetch, aside }) };
}

interface ReadAt {
  readonly path: string;
  readonly problems: string[];
}

/** The same issuers as grants are checked against again after every wait. They hold no keys: none of them can issue an SD-JWT mandate. */
export function grantIssuers(issuers: TokenIssuers): MandateIssuers {
  const bare = [...issuers.values()].map(
    ({ iss, tier, subjects, accounts }) =>
      [iss, { tier, keys: [], ...(subjects && { subjects }), ...(accounts && { accounts }) }] as const,
  );
  return new Map(bare);
}

async function readGiven(jwks: readonly JsonObject[], path: string, problems: string[]): Promise<FindKey> {
  const keys: JWK[] = [];
  for (const [at, each] of jwks.entries()) {
    const key = readKey(each);
    if (typeof key !== 'string' && (await isUsable(key))) keys.push(key);
    else problems.push(`${path}/jwks/${at} ${typeof key === 'string' ? key : 'is not a valid key'}`);
  }
  const find = localKeys(keys);
  return async (hint) => ok(await find(hint));
}

async function isUsable(key: JWK): Promise<boolean> {
  try {
    await importJWK(key, key.alg ?? algsOf(key)[0]);
    return true;
  } catch {
    return false;
  }
}

type FindHeld = (hint: KeyHint) => Promise<CryptoKey | undefined>;

function localKeys(keys: JWK[]): FindHeld {
  const select = createLocalJWKSet({ keys });
  return async ({ alg, kid }) => {
    try {
      return await select({ alg, ...(kid === undefined ? {} : { kid }) });
    } catch {
      // None fits, several do, or the one that does is no valid key.
      return undefined;
    }
  };
}

const SECRET_MEMBERS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth'];

/** Only the members that make the public key and say what it is for; otherwise the reason. */
function readKey(jwk: unknown): JWK | string {
  if (!isRecord(jwk)) return 'is no JWK';
  const { kid, alg, use, key_ops: ops } = jwk;
  if (SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name)))
    return 'is a private or symmetric key: give the public one, and replace this key';
  const material = materialOf(jwk);
  if (material === undefined) return 'is neither Ed25519, P-256 nor RSA of 2048 bits or more';
  if ((use !== undefined && use !== 'sig') || (Array.isArray(ops) && !ops.includes('verify')))
    return 'is not for verifying signatures';
  const own = algsOf(material).find((each) => each === alg);
  if (alg !== undefined && own === undefined) return `has an alg other than ${algsOf(material).join(' or ')}`;
  if (kid !== undefined && typeof kid !== 'string') return 'has a kid that is no text';
  return { ...material, ...(kid === undefined ? {} : { kid }), ...(own === undefined ? {} : { alg: own }) };
}

function materialOf({ kty, crv, x, y, n, e }: Readonly<Record<string, unknown>>): JWK | undefined {
  if (kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string') return { kty, crv, x };
  if (kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string') return { kty, crv, x, y };
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return undefined;
  // RFC 7518 §3.3: 2048 bits are 256 bytes.
  return Buffer.from(n, 'base64url').length < 256 ? undefined : { kty, n, e };
}

function algsOf({ kty }: JWK): readonly [TokenAlg, ...TokenAlg[]] {
  if (kty === 'RSA') return ['RS256', 'PS256'];
  return kty === 'OKP' ? ['EdDSA'] : ['ES256'];
}

interface Held {
  readonly find: FindHeld;
  /** Whether the set could not be read when it was last tried. */
  readonly isUnread: boolean;
  /** Unix milliseconds, all three. */
  readonly triedAt: number;
  readonly freshUntil: number;
  /** Known keys survive a server that is down, for a while; unknown ones never do. */
  readonly usableUntil: number;
}

const UNREAD = 'The keys of the authorisation server that issued the token cannot be read now.';

/** A key that is not there refreshes the set once per {@link LIMITS.directoryRetrySeconds}; so does a set that could not be read. */
function remoteKeys(uri: string, fetch: GuardedFetch): FindKey {
  let held: Held | undefined;
  let underway: Promise<void> | undefined;

  async function load(at: number): Promise<void> {
    const fetched = await fetch(uri);
    const keys = fetched.ok && fetched.value.status === 200 ? readSet(fetched.value.body) : undefined;
    if (keys === undefined || !fetched.ok) {
      held = { find: localKeys([]), freshUntil: at, usableUntil: at, ...held, triedAt: at, isUnread: true };
      return;
    }
    const freshUntil = at + keySeconds(fetched.value.headers['cache-control']) * 1000;
    const usableUntil = freshUntil + LIMITS.directoryStaleSecondsMax * 1000;
    held = { find: localKeys(keys), triedAt: at, isUnread: false, freshUntil, usableUntil };
  }

  /** What could not be read holds, for all we know, the key that is asked for. */
  async function told(hint: KeyHint, at: number): ReturnType<FindKey> {
    const found = held !== undefined && at < held.usableUntil ? await held.find(hint) : undefined;
    if (found !== undefined || held === undefined || !held.isUnread) return ok(found);
    const restMs = held.triedAt + LIMITS.directoryRetrySeconds * 1000 - at;
    return err(unavailable(UNREAD, Math.max(1, Math.ceil(restMs / 1000))));
  }

  return async (hint, now) => {
    const at = now.getTime();
    const first = await told(hint, at);
    const isFound = first.ok && first.value !== undefined;
    if (isFound && held !== undefined && at < held.freshUntil) return first;
    const rested = held === undefined || at - held.triedAt >= LIMITS.directoryRetrySeconds * 1000;
    if (underway === undefined && !rested) return first;
    underway ??= load(at).finally(() => {
      underway = undefined;
    });
    await underway;
    return told(hint, at);
  };
}

/** `undefined` when this is no JWK Set (RFC 7517 §5). Kinds of keys we do not know never invalidate it. */
function readSet(body: Uint8Array): JWK[] | undefined {
  const parsed = parseStrictJson(body);
  if (!parsed.ok || !isRecord(parsed.value)) return undefined;
  const listed = parsed.value['keys'];
  if (!Array.isArray(listed)) return undefined;
  return listed
    .slice(0, LIMITS.directoryKeysMax)
    .map(readKey)
    .filter((key) => typeof key !== 'string');
}
