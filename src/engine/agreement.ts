import { base64url } from 'jose';
import { canonicalBytes } from '../../protocol/canonical.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Operation } from './operation.ts';

/** General JWS JSON serialisation (RFC 7515 §7.2.1) of an agreement: one payload, the signatures of both sides. */
export function agreementJson(agreement: NonNullable<Operation['agreement']>): JsonObject {
  return { payload: base64url.encode(canonicalBytes(agreement.payload)), signatures: agreement.signatures };
}
