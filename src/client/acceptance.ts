import type { JsonObject } from '../../protocol/base/json.ts';
import { parseHeader } from '../../protocol/base/strict-jws.ts';
import { agreementPayload, signAgreement, verifyOffer } from '../../protocol/offer.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { type Choice, chosenOffer } from '../../protocol/schedule.ts';
import type { AgentKey } from './agent-key.ts';
import type { CompanyKeys } from './company-keys.ts';
import { AnswerError } from './problem.ts';

/** What accepts an offer in any binding: its id, the package that is chosen of its schedule, the digest of the terms, and this agent's signature on the agreement.
 * Throws {@link AnswerError} for an offer the company did not sign: terms that are not its own are never signed. */
export async function acceptanceOf(
  view: OperationView,
  offer: Offer,
  by: {
    readonly gateway: string;
    readonly key: AgentKey;
    readonly companyKeys: CompanyKeys;
    /** A package of the offer's schedule, in place of its terms. */
    readonly choice?: Choice | undefined;
    readonly signal?: AbortSignal;
  },
): Promise<JsonObject> {
  const parties = {
    operation: view.id,
    action: view.action,
    actionVersion: view.action_version,
    company: by.gateway,
    agent: by.key.keyid,
  };
  const wanted = [offer.jws, offer.schedule?.jws].flatMap(keyIdIn);
  const keys = await by.companyKeys('evidence', { wanted, signal: by.signal });
  const genuine = await verifyOffer(offer, { ...parties, keys });
  if (!genuine.ok)
    throw new AnswerError(`the offer is not the company’s: ${genuine.error.detail ?? genuine.error.code}`);
  const chosen = chosenOffer(offer, by.choice);
  if (!chosen.ok) throw new TypeError(chosen.error.detail ?? chosen.error.code);
  const { choice, terms_digest } = chosen.value;
  const agreement = await signAgreement(agreementPayload({ ...parties, offer: chosen.value }), by.key);
  return {
    offer: offer.id,
    ...(choice === undefined ? {} : { choice }),
    terms_digest,
    agreement: { ...agreement },
  };
}

/** Which key a record says that it was signed with. */
function keyIdIn(jws: string | undefined): readonly string[] {
  const kid = parseHeader(jws?.split('.')[0] ?? '')?.kid;
  return kid === undefined ? [] : [kid];
}
