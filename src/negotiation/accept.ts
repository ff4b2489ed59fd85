import { type Refusal, refusal } from '../../protocol/errors.ts';
import { verifyAgreementSignature } from '../../protocol/offer.ts';
import type { Terms } from '../../protocol/operation.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Handler } from '../engine/ask.ts';
import { openOffers } from '../engine/open-offers.ts';
import type { Operation } from '../engine/operation.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { ownOperation } from '../engine/submit.ts';
import { move } from '../engine/transitions.ts';
import type { World } from '../engine/world.ts';
import type { HoldSet } from '../ports.ts';
import { acceptedUse } from './budget.ts';
import type { Table } from './table.ts';
import { agentsTurn, agreementOf } from './talk.ts';

export interface AcceptDeps {
  readonly tableFor: (
    operation: Operation,
    talk: NonNullable<Operation['negotiation']>,
  ) => Result<Table, Refusal> | undefined;
  readonly withinMandate: (operation: Operation, terms: Terms | null) => Promise<Result<void, Refusal>>;
  /** What these terms take of what there is only so much of. */
  readonly holdsOf: (operation: Operation, terms: Terms) => Result<readonly HoldSet[], Refusal>;
}

/** Acceptance of one of the open offers: by id and digest, in time, within the mandate, with the agent's signature on the agreement. */
export function makeAccept(world: World, deps: AcceptDeps): Handler {
  return async (_world, ask) => {
    const own = ownOperation(world, ask.caller.keyid, ask.target);
    if (!own.ok) return own;
    const operation = own.value;
    const now = world.clock.now();
    const talk = agentsTurn(operation, now);
    if (!talk.ok) return talk;
    const envelope = world.actions.checkEnvelope('accept', ask.body);
    if (!envelope.ok) return envelope;
    const offer = talk.value.offers.find(({ id, by }) => id === envelope.value['offer'] && by !== 'agent');
    if (offer === undefined) return err(refusal('not-found', 'There is no such offer of the company.'));
    if (!openOffers(talk.value.offers).includes(offer)) return err(refusal('offer-stale'));
    if (offer.terms_digest !== envelope.value['terms_digest']) return err(refusal('offer-digest-mismatch'));
    if (Date.parse(offer.expires_at) <= now.getTime()) return err(refusal('offer-expired'));
    const sensible = meetsRequirements(world, operation, offer.terms);
    if (!sensible.ok) return sensible;
    const allowed = await deps.withinMandate(operation, offer.terms);
    if (!allowed.ok) return allowed;
    const claimed = deps.holdsOf(operation, offer.terms);
    if (!claimed.ok) return claimed;
    const payload = agreementOf(world, operation, offer);
    const signature = envelope.value['agreement'] as { protected: string; signature: string };
    const verified = await verifyAgreementSignature(payload, signature, { keyid: operation.agent.keyid });
    if (!verified.ok) return verified;
    const table = operation.negotiation === undefined ? undefined : deps.tableFor(operation, operation.negotiation);
    // Without a policy nobody can say what this takes out of which budget.
    if (table?.ok !== true) return table ?? err(refusal('offer-unavailable'));
    const holds = acceptedUse(table.value, operation, offer, now);
    const moved = move(
      operation,
      'accepted',
      'agent',
      now,
      {
        agreement: { payload, offer: offer.id, signatures: [{ ...signature }] },
        dueAt: now.getTime(),
      },
      { offer: offer.id, terms: offer.terms_digest, request: ask.caller.evidence.digest },
    );
    return ok({
      next: moved.next,
      expected: operation.version,
      records: [moved.record],
      holds: [...holds, ...claimed.value],
    });
  };
}
