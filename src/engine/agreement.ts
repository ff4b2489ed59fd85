import { base64url } from 'jose';
import { canonicalBytes } from '../../protocol/base/canonical.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { type Chosen, chosenOffer } from '../../protocol/schedule.ts';
import type { Operation } from './operation.ts';

/** General JWS JSON serialisation (RFC 7515 §7.2.1) of an agreement: one payload, the signatures of both sides. */
export function agreementJson(agreement: NonNullable<Operation['agreement']>): JsonObject {
  return { payload: base64url.encode(canonicalBytes(agreement.payload)), signatures: agreement.signatures };
}

/** What was accepted: the company's offer, with the terms and the firmness of the package that was chosen. */
export function agreedOffer({
  negotiation,
  agreement,
}: Pick<Operation, 'negotiation' | 'agreement'>): Chosen | undefined {
  const offer = negotiation?.offers.find(({ id }) => id === agreement?.offer);
  const chosen = offer === undefined ? undefined : chosenOffer(offer, agreement?.choice);
  return chosen?.ok === true ? chosen.value : undefined;
}
