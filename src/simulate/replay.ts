/** What a policy would have done on talks that really took place: the same proposals in the same order, answered by that policy. */
import type { Refusal } from '../../protocol/base/errors.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { agreedOffer } from '../engine/agreement.ts';
import type { Operation } from '../engine/operation.ts';
import { acceptable, appraise, makeCompanySide } from '../negotiation/core.ts';
import type { NegotiationPolicy } from '../negotiation/policy.ts';
import { makeSpace, type Space, type SpaceFacts } from '../negotiation/space.ts';

export interface Replayed {
  readonly operation: string;
  readonly was: 'agreed' | 'not agreed';
  /** `open`: nobody can say what the customer would have answered. */
  readonly would: 'agreed' | 'person' | 'open';
  /** Turns the company took, then and now. */
  readonly rounds: { readonly before: number; readonly now: number };
  /** What the terms are worth under the policy that is tried, from 0, its limit, to 1, its first ask. */
  readonly worth: { readonly before: number | undefined; readonly now: number | undefined };
  /** What was agreed then is beyond the policy that is tried. */
  readonly beyond: boolean;
}

/** The customer signs what it proposed itself, what it signed then, and what is better for every customer; of anything else nobody knows. */
export function replay(operation: Operation, policy: NegotiationPolicy, facts: SpaceFacts): Result<Replayed, Refusal> {
  const talk = operation.negotiation;
  const offers = talk?.offers ?? [];
  const accepted = agreedOffer(operation);
  const proposals = offers.filter(({ by }) => by === 'agent').map(({ terms }) => terms);
  const opened = operation.input['proposal'] === undefined ? [null] : [];
  const space = makeSpace(facts);
  if (!space.ok) return space;
  const side = makeCompanySide(policy, facts, { roundsMax: LIMITS.negotiationRoundsMax });
  if (!side.ok) return side;
  const worthOf = (terms: Terms | undefined) => (terms === undefined ? undefined : appraise(policy, facts, terms));
  const signed = worthOf(accepted?.terms);
  let now: Terms | undefined;
  let would: Replayed['would'] = 'open';
  let rounds = 0;
  for (const proposal of [...opened, ...proposals].slice(0, LIMITS.negotiationRoundsMax)) {
    const moved = side.value.next(proposal);
    if (!moved.ok) return moved;
    rounds += 1;
    if (moved.value.kind === 'impasse') {
      would = 'person';
      break;
    }
    now = moved.value.matched
      ? (proposal ?? undefined)
      : acceptable(moved.value).find((terms) => asGood(space.value, terms, accepted));
    if (now !== undefined) {
      would = 'agreed';
      break;
    }
  }
  const worthNow = worthOf(now);
  return ok({
    operation: operation.id,
    was: accepted === undefined ? 'not agreed' : 'agreed',
    would,
    rounds: { before: talk?.round ?? 0, now: rounds },
    worth: {
      before: signed?.ok === true ? signed.value.utility : undefined,
      now: worthNow?.ok === true ? worthNow.value.utility : undefined,
    },
    beyond: signed?.ok === true && !signed.value.admissible,
  });
}

/** The terms it signed, or at least as good on every issue; where wishes differ from customer to customer, the same. */
function asGood(space: Space, terms: Terms, accepted: Pick<Offer, 'terms'> | undefined): boolean {
  const [now, before] = [space.read(terms), accepted === undefined ? undefined : space.read(accepted.terms)];
  if (!now.ok || before?.ok !== true) return false;
  return space.issues.every(({ better_for_customer: better }, place) => {
    const change = (now.value[place] ?? 0) - (before.value[place] ?? 0);
    return better === 'lower' ? change <= 0 : better === 'higher' ? change >= 0 : change === 0;
  });
}
