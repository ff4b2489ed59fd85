/** What stands in an access token: read and bounded, not yet verified. Reasons never repeat the sender's bytes. */
import { decodeBase64Url } from '../../../protocol/base/base64.ts';
import { parseThumbprint, type Thumbprint } from '../../../protocol/base/ids.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { isRecord } from '../../../protocol/base/shape.ts';
import { splitCompact } from '../../../protocol/base/strict-jws.ts';
import { parseJsonText } from '../../../protocol/mandate/jwt.ts';
import { type KeyHint, TOKEN_ALGS } from './oauth-issuers.ts';
import { type TokenDialect, typeName } from './token-dialects.ts';

export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly client: string;
  /** The outermost actor (RFC 8693 §4.1); without one, the client. */
  readonly agent: string;
  readonly jti: string;
  /** Unix seconds, as are `iat` and `nbf`. */
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number | undefined;
  readonly audiences: readonly unknown[];
  readonly scopes: readonly string[];
  /** RFC 9449 §6.1. */
  readonly jkt: Thumbprint | undefined;
  /** RFC 9396 §9.1. */
  readonly details: readonly Readonly<Record<string, unknown>>[];
}

export type Members = Readonly<Record<string, unknown>>;

/** A compact JWS whose payload is an object: its form is checked, and nothing of what it says. */
export interface OpenedToken {
  readonly hint: KeyHint;
  /** As a dialect names it. */
  readonly typ: string;
  readonly claims: Members;
}

export function openToken(compact: string): Result<OpenedToken, string> {
  const parts = splitCompact(compact);
  // Stray bits would let one token be written in several ways.
  if (parts === undefined || decodeBase64Url(parts.signature) === undefined) return err('is not a compact JWS');
  const header = parseJsonText(parts.protected);
  if (!isRecord(header)) return err('has a header that is no JSON object');
  const { kid, typ = '' } = header;
  const alg = TOKEN_ALGS.find((each) => each === header['alg']);
  if (alg === undefined) return err(`must be signed with one of ${TOKEN_ALGS.join(', ')}`);
  if (typeof typ !== 'string') return err('has a typ that is no text');
  if (Object.hasOwn(header, 'crit')) return err('has critical header members');
  if (kid !== undefined && typeof kid !== 'string') return err('has a kid that is no text');
  const claims = parseJsonText(parts.payload);
  if (!isRecord(claims)) return err('must carry one JSON object, each member once');
  return ok({ hint: { alg, kid }, typ: typeName(typ), claims });
}

/** Whether its type is one that the server gives access tokens. */
export function isAccessToken({ typ }: OpenedToken, dialect: TokenDialect): Result<void, string> {
  if (dialect.typ.includes(typ)) return ok(undefined);
  return err(`must have the typ ${dialect.typ.map((each) => each || 'none').join(' or ')}`);
}

// RFC 6749 Appendix A and RFC 7519 allow more; nobody needs it, and names are shown to people.
const NAME = /^[\x20-\x7e]{1,255}$/;
const ID = /^[\x21-\x7e]{1,128}$/;
const textOf = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined;
const dateOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

/** The issuer a token names, before anything of it is believed. */
export const issuerOf = ({ claims }: OpenedToken): string | undefined => textOf(claims['iss'], NAME);

/** The claims as their dialect spells them. `digest` names a token that has no name of its own. */
export function readClaims(
  claims: Members,
  { dialect, digest }: { readonly dialect: TokenDialect; readonly digest: string },
): Result<TokenClaims, string> {
  const missing = (name: string) => err(`has a claim that is missing or malformed: ${name}`);
  const first = (names: readonly string[]) => claims[names.find((name) => claims[name] !== undefined) ?? ''];
  const other = Object.entries(dialect.requires).find(
    ([name, values]) => !values.some((each) => each === claims[name]),
  );
  if (other !== undefined) return err(`is not an access token: ${other[0]} must be ${other[1].join(' or ')}`);
  const iss = textOf(claims['iss'], NAME);
  if (iss === undefined) return missing('iss');
  const sub = textOf(claims['sub'], NAME);
  if (sub === undefined) return missing('sub');
  const client = textOf(first(dialect.client), NAME);
  if (client === undefined) return missing(dialect.client.join(' or '));
  const named = first(dialect.id);
  const jti = named === undefined && dialect.withoutId ? digest : textOf(named, ID);
  if (jti === undefined) return missing(dialect.id.join(' or '));
  const exp = dateOf(claims['exp']);
  if (exp === undefined) return missing('exp');
  const iat = dateOf(claims['iat']);
  if (iat === undefined) return missing('iat');
  const nbf = dateOf(claims['nbf']);
  if (nbf === undefined && claims['nbf'] !== undefined) return missing('nbf');
  const agent = claims['act'] === undefined ? client : actorOf(claims['act']);
  if (agent === undefined) return missing('act');
  const scopes = dialect.scopes.map((name) => scopesIn(claims[name]));
  if (!scopes.every((each) => each !== undefined)) return missing(dialect.scopes.join(' or '));
  const jkt = claims['cnf'] === undefined ? undefined : thumbprintOf(claims['cnf']);
  // Any other confirmation (a certificate, say) is one that is not checked here: refused, never ignored.
  if (jkt === undefined && claims['cnf'] !== undefined) return err('is bound to something other than a DPoP key');
  const details = detailsOf(claims['authorization_details'] ?? []);
  if (details === undefined) return missing('authorization_details');
  const audiences = [first(dialect.audience)].flat();
  return ok({ iss, sub, client, agent, jti, exp, iat, nbf, audiences, scopes: scopes.flat(), jkt, details });
}

/** A string with spaces, or a list; `undefined` when it is neither. */
function scopesIn(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}

const actorOf = (act: unknown): string | undefined => (isRecord(act) ? textOf(act['sub'], NAME) : undefined);

function thumbprintOf(cnf: unknown): Thumbprint | undefined {
  if (!isRecord(cnf) || Object.keys(cnf).length !== 1 || typeof cnf['jkt'] !== 'string') return undefined;
  return parseThumbprint(cnf['jkt']);
}

function detailsOf(value: unknown): Members[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const details = value.filter(isRecord).filter((each) => typeof each['type'] === 'string');
  return details.length === value.length ? details : undefined;
}

/** Whether the token's times allow its use at `now`, with the small leeway of RFC 7519 §4.1.4; the reason otherwise. */
export function checkTokenTimes({ iat, nbf, exp }: TokenClaims, now: Date): Result<void, string> {
  const seconds = now.getTime() / 1000;
  if (!(Math.max(iat, nbf ?? 0) <= seconds + LIMITS.clockSkewSeconds)) return err('is not valid yet');
  if (!(seconds < exp + LIMITS.clockSkewSeconds)) return err('has expired');
  return exp - iat <= LIMITS.mandateLifetimeSecondsMax ? ok(undefined) : err('lives longer than a token may');
}
