/** DPoP (RFC 9449): proof, made for one request, that whoever presents a token holds the key it is bound to. */
import { hash } from 'node:crypto';
import { decodeBase64Url } from '../../../protocol/base/base64.ts';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import type { Thumbprint } from '../../../protocol/base/ids.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { isRecord } from '../../../protocol/base/shape.ts';
import { splitCompact } from '../../../protocol/base/strict-jws.ts';
import { parseJsonText } from '../../../protocol/mandate/jwt.ts';
import type { VerifyKey } from '../../../protocol/signature/signature.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { Nonce } from '../../ports.ts';
import { verifyKeyOf } from '../signature/keys-node.ts';

export const DPOP_ALGS = ['EdDSA', 'ES256'] as const;

export interface DpopBinding {
  /** The gateway's public origin: what the client believes it talks to, whatever a proxy made of it. */
  readonly origin: string;
  readonly token: string;
  /** Of the token's `cnf` (RFC 9449 §6.1). */
  readonly jkt: Thumbprint;
}

export interface DpopProof {
  readonly jwt: string;
  /** To be spent: a proof is good for one request (§11.1). */
  readonly nonce: Nonce;
}

interface Unverified {
  readonly key: VerifyKey;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** RFC 9449 §4.3, every check of it but the replay, which whoever acts on the request makes by spending the nonce. */
export function verifyDpop(raw: RawRequest, binding: DpopBinding, now: Date): Result<DpopProof, Refusal> {
  const lines = raw.headers.get('dpop') ?? [];
  const [jwt] = lines;
  if (jwt === undefined || lines.length > 1)
    return invalid('A token that is bound to a key needs exactly one DPoP header field.');
  const read = readProof(jwt);
  if (!read.ok) return invalid(`The proof ${read.error}.`);
  const { key, claims, signed, signature } = read.value;
  if (key.kid !== binding.jkt) return invalid('The proof is of another key than the token’s.');
  const { jti, iat } = claims;
  if (typeof jti !== 'string' || !JTI.test(jti)) return invalid('The proof has no usable jti.');
  const fault = faultOf(claims, raw, binding);
  if (fault !== undefined) return invalid(`The proof ${fault}.`);
  const age = typeof iat === 'number' ? now.getTime() / 1000 - iat : Number.NaN;
  // Written so that what is no number refuses.
  if (!(age <= LIMITS.signatureWindowSecondsMax && age >= -LIMITS.clockSkewSeconds))
    return invalid(`The proof is not from the last ${LIMITS.signatureWindowSecondsMax} seconds.`);
  if (!key.verify(signed, signature)) return invalid('The proof’s signature does not verify.');
  const expiresAt = Math.ceil(Number(iat)) + LIMITS.signatureWindowSecondsMax + LIMITS.clockSkewSeconds;
  return ok({ jwt, nonce: { keyid: binding.jkt, nonce: `dpop:${jti}`, expiresAt } });
}

const JTI = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.signatureNonceCharsMax}}$`);
const HEADER = ['typ', 'alg', 'jwk', 'kid'];

// Form only; no crypto but the reading of the key. Closed, as every header of ours: no `crit`, no keys from elsewhere.
function readProof(jwt: string): Result<Unverified, string> {
  if (jwt.length > LIMITS.mandateBytesMax) return err('is too long');
  const parts = splitCompact(jwt);
  if (parts === undefined) return err('is not a compact JWS');
  const header = parseJsonText(parts.protected);
  if (!isRecord(header) || !Object.keys(header).every((name) => HEADER.includes(name)))
    return err('must have a header of typ, alg and jwk, and nothing else');
  if (header['typ'] !== 'dpop+jwt') return err('must have the typ dpop+jwt');
  const key = verifyKeyOf(header['jwk']);
  if (!key.ok) return err('must carry a public Ed25519 or P-256 key that is fit for use');
  if (header['alg'] !== (key.value.alg === 'ed25519' ? 'EdDSA' : 'ES256'))
    return err('has an alg that is not its key’s');
  const claims = parseJsonText(parts.payload);
  const signature = decodeBase64Url(parts.signature);
  if (!isRecord(claims) || signature === undefined) return err('must carry one JSON object, each member once');
  return ok({ key: key.value, claims, signature, signed: Buffer.from(`${parts.protected}.${parts.payload}`) });
}

function faultOf(
  { htm, htu, ath }: Unverified['claims'],
  { method, target }: RawRequest,
  { origin, token }: DpopBinding,
): string | undefined {
  if (htm !== method) return 'is for another method';
  const asked = normalTarget(`${origin}${target}`);
  if (typeof htu !== 'string' || asked === undefined || normalTarget(htu) !== asked) return 'is for another address';
  return ath === hash('sha256', token, 'base64url') ? undefined : 'is for another token';
}

/** A target URI without query and fragment, in one spelling (RFC 3986 §6.2.2 and §6.2.3); `undefined` for what addresses no HTTP resource. */
export function normalTarget(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  const path = url.pathname.replace(/%([0-9a-fA-F]{2})/g, (encoded, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(char) ? char : encoded.toUpperCase();
  });
  return `${url.origin}${path}`;
}

const invalid = (detail: string): Result<never, Refusal> => err(refusal('dpop-invalid', detail));
