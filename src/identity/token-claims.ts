/** What stands in an access token (RFC 9068): read and bounded, not yet verified. Reasons never repeat the sender's bytes. */
import { decodeBase64Url } from '../../protocol/base64.ts';
import { parseThumbprint, type Thumbprint } from '../../protocol/ids.ts';
import { parseJsonText } from '../../protocol/jwt.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { isRecord } from '../../protocol/shape.ts';
import { splitCompact } from '../../protocol/strict-jws.ts';
import { type KeyHint, TOKEN_ALGS } from './oauth-issuers.ts';

export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  /** `client_id`, or `azp` of servers that know only that. */
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

export interface UnverifiedToken {
  readonly hint: KeyHint;
  readonly claims: TokenClaims;
}

type Members = Readonly<Record<string, unknown>>;

// RFC 9068 §4 accepts both.
const TYPES: readonly unknown[] = ['at+jwt', 'application/at+jwt'];

export function readToken(compact: string): Result<UnverifiedToken, string> {
  const parts = splitCompact(compact);
  // Stray bits would let one token be written in several ways.
  if (parts === undefined || decodeBase64Url(parts.signature) === undefined) return err('is not a compact JWS');
  const header = parseJsonText(parts.protected);
  if (!isRecord(header) || !TYPES.includes(header['typ'])) return err('must have the typ at+jwt');
  const alg = TOKEN_ALGS.find((each) => each === header['alg']);
  if (alg === undefined) return err(`must be signed with one of ${TOKEN_ALGS.join(', ')}`);
  const { kid } = header;
  if (Object.hasOwn(header, 'crit')) return err('has critical header members');
  if (kid !== undefined && typeof kid !== 'string') return err('has a kid that is no text');
  const claims = parseJsonText(parts.payload);
  if (!isRecord(claims)) return err('must carry one JSON object, each member once');
  const read = readClaims(claims);
  return read.ok ? ok({ hint: { alg, kid }, claims: read.value }) : read;
}

// RFC 6749 Appendix A and RFC 7519 allow more; nobody needs it, and names are shown to people.
const NAME = /^[\x20-\x7e]{1,255}$/;
const ID = /^[\x21-\x7e]{1,128}$/;
const textOf = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined;
const dateOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

function readClaims(claims: Members): Result<TokenClaims, string> {
  const missing = (name: string) => err(`has a claim that is missing or malformed: ${name}`);
  const iss = textOf(claims['iss'], NAME);
  if (iss === undefined) return missing('iss');
  const sub = textOf(claims['sub'], NAME);
  if (sub === undefined) return missing('sub');
  const client = textOf(claims['client_id'] ?? claims['azp'], NAME);
  if (client === undefined) return missing('client_id');
  const jti = textOf(claims['jti'], ID);
  if (jti === undefined) return missing('jti');
  const exp = dateOf(claims['exp']);
  if (exp === undefined) return missing('exp');
  const iat = dateOf(claims['iat']);
  if (iat === undefined) return missing('iat');
  const nbf = dateOf(claims['nbf']);
  if (nbf === undefined && claims['nbf'] !== undefined) return missing('nbf');
  const agent = claims['act'] === undefined ? client : actorOf(claims['act']);
  if (agent === undefined) return missing('act');
  const scope = claims['scope'] ?? '';
  if (typeof scope !== 'string') return missing('scope');
  const jkt = claims['cnf'] === undefined ? undefined : thumbprintOf(claims['cnf']);
  // Any other confirmation (a certificate, say) is one that is not checked here: refused, never ignored.
  if (jkt === undefined && claims['cnf'] !== undefined) return err('is bound to something other than a DPoP key');
  const details = detailsOf(claims['authorization_details'] ?? []);
  if (details === undefined) return missing('authorization_details');
  const audiences = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']];
  return ok({ iss, sub, client, agent, jti, exp, iat, nbf, audiences, scopes: scope.split(' '), jkt, details });
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
