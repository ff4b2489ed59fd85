/** One Token Status List (draft-ietf-oauth-status-list) as a JWT: read, verified, unpacked. */
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { decodeBase64Url } from '../../../protocol/base/base64.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { isRecord } from '../../../protocol/base/shape.ts';
import { isSignedBy, readJwt } from '../../../protocol/mandate/jwt.ts';
import type { MandateIssuer } from '../../../protocol/mandate/mandate.ts';

export interface StatusList {
  readonly bits: number;
  readonly bytes: Uint8Array;
  /** Unix seconds: not to be believed from then on. */
  readonly freshUntil: number;
}

const inflated = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(inflate);

/** Verifies a status list token of `uri`, signed by one of the issuer's keys; the reason otherwise. */
export async function readStatusList(
  token: Uint8Array,
  uri: string,
  issuer: MandateIssuer,
  now: Date,
): Promise<Result<StatusList, string>> {
  const jwt = readJwt(new TextDecoder().decode(token).trim(), 'statuslist+jwt');
  if (!jwt.ok) return err(`the status list ${jwt.error}`);
  const { claims, kid } = jwt.value;
  const keys = issuer.keys.filter((key) => kid === undefined || key.kid === kid);
  if (!(await isSignedBy(jwt.value, keys))) return err('the status list is not signed by the issuer of the mandate');
  // `sub` is where it is published (§8.3): without this check one list could stand in for another.
  if (claims['sub'] !== uri) return err('the status list is another one');
  const seconds = now.getTime() / 1000;
  const { iat, exp = Number.POSITIVE_INFINITY, ttl = LIMITS.statusListTtlSecondsDefault } = claims;
  if (typeof iat !== 'number' || typeof exp !== 'number' || typeof ttl !== 'number')
    return err('the status list has unusable times');
  if (!(iat <= seconds + LIMITS.clockSkewSeconds) || !(seconds < exp)) return err('the status list is not current');
  const unpacked = await unpack(claims['status_list']);
  if (!unpacked.ok) return unpacked;
  const believed = Math.min(Math.max(ttl, 1), LIMITS.statusListTtlSecondsMax);
  return ok({ ...unpacked.value, freshUntil: Math.min(exp, seconds + believed) });
}

/** The status value at an index (§4.1: lowest bits first); `undefined` outside the list. 0 is valid, everything else is not. */
export function statusAt({ bits, bytes }: Pick<StatusList, 'bits' | 'bytes'>, index: number): number | undefined {
  const at = index * bits;
  const byte = bytes[Math.floor(at / 8)];
  return byte === undefined ? undefined : (byte >> (at % 8)) & (2 ** bits - 1);
}

async function unpack(value: unknown): Promise<Result<Pick<StatusList, 'bits' | 'bytes'>, string>> {
  const { bits, lst } = isRecord(value) ? value : {};
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) return err('the status list has unusable bits');
  const packed = typeof lst === 'string' ? decodeBase64Url(lst) : undefined;
  if (packed === undefined) return err('the status list is not base64url');
  try {
    return ok({ bits, bytes: await inflated(packed, { maxOutputLength: LIMITS.statusListBytesMax }) });
  } catch {
    return err('the status list does not inflate within its limit');
  }
}
