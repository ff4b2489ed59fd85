import type { JsonObject } from '../../protocol/base/json.ts';
import { agreementPayload, signAgreement, verifyOffer } from '../../protocol/offer.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { type Choice, chosenOffer } from '../../protocol/schedule.ts';
import type { AgentKey } from './agent-key.ts';
import { AnswerError } from './problem.ts';
import type { SignedFetch } from './signed-fetch.ts';

/** What accepts an offer in any binding: its id, the package that is chosen of its schedule, the digest of the terms, and this agent's signature on the agreement.
 * Throws {@link AnswerError} for an offer the company did not sign: terms that are not its own are never signed. */
export async function acceptanceOf(
  view: OperationView,
  offer: Offer,
  by: {
    readonly gateway: string;
    readonly key: AgentKey;
    readonly companyKeys: SignedFetch['companyKeys'];
    /** A package of the offer's schedule, in place of its terms. */
    readonly choice?: Choice | undefined;
  },
): Promise<JsonObject> {
  const parties = {
    operation: view.id,
    action: view.action,
    actionVersion: view.action_version,
    company: by.gateway,
    agent: by.key.keyid,
  };
  const genuine = await verifyOffer(offer, { ...parties, keys: await by.companyKeys('evidence') });
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
