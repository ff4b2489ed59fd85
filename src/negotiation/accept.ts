import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { verifyAgreementSignature } from '../../protocol/offer.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { type Chosen, chosenOffer } from '../../protocol/schedule.ts';
import type { Handler } from '../engine/ask.ts';
import { changedUnder, shownFacts } from '../engine/facts.ts';
import { openOffers } from '../engine/open-offers.ts';
import type { Changed, Operation } from '../engine/operation.ts';
import { heldRefusal } from '../engine/record-holds.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { askedOperation } from '../engine/submit.ts';
import { move } from '../engine/transitions.ts';
import { type Ask, actionOf, type Change, type StepResult, type World } from '../engine/world.ts';
import type { HoldSet } from '../ports.ts';
import { type BidDeps, toPerson } from './bid.ts';
import { acceptedUse } from './budget.ts';
import { aboutOf } from './remember.ts';
import type { Stands } from './stand.ts';
import { agentsTurn, agreementOf, behind } from './talk.ts';

export interface AcceptDeps extends BidDeps {
  readonly stands: Stands;
  readonly companyAnswers: (from: Operation, talk: Talk, quietly: boolean) => Promise<StepResult>;
  readonly withinMandate: (operation: Operation, terms: Terms | null) => Promise<Result<void, Refusal>>;
  /** What these terms take of what there is only so much of. */
  readonly holdsOf: (operation: Operation, terms: Terms) => Result<readonly HoldSet[], Refusal>;
}

type Talk = NonNullable<Operation['negotiation']>;

/** An acceptance whose form, time, permission and signature are right. */
interface Accepted {
  readonly operation: Operation;
  readonly talk: Talk;
  readonly offer: Chosen;
  readonly payload: JsonObject;
  readonly signature: { readonly protected: string; readonly signature: string };
  /** Digest of the request it came with. */
  readonly request: string;
}

/** Acceptance of one of the open offers: by id and digest, in time, within the mandate, with the agent's signature on the agreement, and
 * on the facts it was made from. Where the company has changed them under a promise, the acceptance stands and a person settles it. */
export function makeAccept(world: World, deps: AcceptDeps): Handler {
  return async (_world, ask) => {
    const checked = await check(ask);
    if (!checked.ok) return checked;
    const accepted = checked.value;
    const { operation, talk, offer } = accepted;
    if (actionOf(world, operation) === undefined)
      return isPromised(offer)
        ? ok(forPerson(accepted, 'The action is no longer offered, and this offer was binding.'))
        : err(refusal('not-found', 'This action is no longer offered.'));
    const seen = await deps.stands.today(operation);
    if (!seen.ok) {
      const { refusal: why, passing, seen: now } = seen.error;
      // What the customer's own requests have made impossible is no promise broken.
      const theirs = now !== undefined && isTheirs(now, changedUnder(offer, talk, now.records ?? {}));
      return !passing && isPromised(offer) && !theirs ? conclude(accepted, operation) : err(why);
    }
    const now = seen.value.operation;
    const changed = changedUnder(offer, talk, now.records ?? {});
    if (changed.length === 0) {
      const sensible = meetsRequirements(world, now, offer.terms);
      return sensible.ok || isPromised(offer) ? conclude(accepted, now) : sensible;
    }
    if (isPromised(offer) && !isTheirs(now, changed)) return conclude(accepted, operation);
    return overtaken(accepted, seen.value, changed);
  };

  function isTheirs(now: Operation, changed: ReturnType<typeof changedUnder>): boolean {
    return deps.changedByPrincipal(now, changed);
  }

  async function check(ask: Ask): Promise<Result<Accepted, Refusal>> {
    const own = askedOperation(world, ask);
    if (!own.ok) return own;
    const operation = own.value;
    const now = world.clock.now();
    const talk = agentsTurn(operation, now, { accepting: true });
    if (!talk.ok) return talk;
    const envelope = world.actions.checkEnvelope('accept', ask.body);
    if (!envelope.ok) return envelope;
    const made = talk.value.offers.find(({ id, by }) => id === envelope.value['offer'] && by !== 'agent');
    if (made === undefined) return err(refusal('not-found', 'There is no such offer of the company.'));
    const { overtaken: stale } = talk.value;
    if (stale?.offers.includes(made.id) === true) return err(factsChanged(operation, stale.changed));
    const open = openPackage(talk.value, made, { asked: envelope.value, now });
    if (!open.ok) return open;
    const offer = open.value;
    if (actionOf(world, operation) !== undefined) {
      const allowed = await deps.withinMandate(operation, offer.terms);
      if (!allowed.ok) return allowed;
    }
    const payload = agreementOf(world, operation, offer);
    const signature = envelope.value['agreement'] as { protected: string; signature: string };
    const verified = await verifyAgreementSignature(payload, signature, { keyid: operation.agent.keyid });
    if (!verified.ok) return verified;
    const request = ask.caller.evidence.digest;
    return ok({ operation, talk: talk.value, offer, payload, signature, request });
  }

  /** `on`: the operation with the records that the offer was made from. */
  function conclude(accepted: Accepted, on: Operation): StepResult {
    const { operation, offer, talk } = accepted;
    const stand = deps.stands.standOn(on, talk.revision ?? null);
    const table = stand.ok ? stand.value.table : undefined;
    // Without a policy nobody can say what this takes out of which budget: a promise is kept all the same, the rest is a person's.
    if (table?.ok !== true && !isPromised(offer))
      return ok(forPerson(accepted, 'The negotiation policy could not be decided.'));
    const place = aboutOf(world, on)?.place;
    const budget = table?.ok === true ? acceptedUse(world, table.value, { operation: on, place }, offer) : [];
    const bound = deps.holdsOf(on, offer.terms);
    if (!bound.ok) return bound;
    const moved = agreed(accepted, on);
    return ok({
      next: moved.next,
      expected: operation.version,
      records: [moved.record],
      holds: [...bound.value, ...budget],
      otherwise: (held) => err(heldRefusal(world, on, held)),
    });
  }

  function agreed({ offer, payload, signature, request }: Accepted, on: Operation) {
    const now = world.clock.now();
    const named = { offer: offer.id, ...(offer.choice === undefined ? {} : { choice: offer.choice }) };
    const agreement = { payload, ...named, signatures: [{ ...signature }] };
    const patch = { agreement, dueAt: now.getTime() };
    return move(on, 'accepted', 'agent', now, patch, { ...named, terms: offer.terms_digest, request });
  }

  /** The acceptance is recorded, and a person sees to what comes of it. */
  function forPerson(accepted: Accepted, advice: string): Change {
    const { operation, talk } = accepted;
    const moved = agreed(accepted, operation);
    const topic = 'An offer was accepted that the machine cannot carry out';
    return behind(moved.record, operation.version, toPerson(deps, moved.next, talk, advice, topic));
  }

  /** Refused, and the talk goes on with offers from today's facts. */
  async function overtaken(
    { operation, talk }: Accepted,
    { operation: now, facts, revision }: { operation: Operation; facts: JsonObject; revision: string | null },
    changed: readonly Changed[],
  ): Promise<StepResult> {
    const stale = talk.offers.flatMap(({ id, by }) => (by === 'agent' ? [] : [id]));
    const fresh: Talk = {
      ...talk,
      turn: 'company',
      facts,
      revision,
      overtaken: { offers: stale, changed },
    };
    const moved = move(now, 'overtaken', 'engine', world.clock.now(), { negotiation: fresh }, { offers: stale });
    const answered = await deps.companyAnswers(moved.next, fresh, true);
    const answer = answered.ok
      ? answered.value
      : toPerson(deps, moved.next, fresh, 'The record has changed so that no offer can be made from it.');
    return ok({ ...behind(moved.record, operation.version, answer), refused: factsChanged(now, changed) });
  }

  function factsChanged(operation: Operation, changed: readonly Changed[]): Refusal {
    const shown = shownFacts(world, operation, changed);
    const named = shown.map(({ fact }) => fact).join(', ');
    const detail =
      named === '' ? 'The record has changed since the offer was made.' : `Since the offer was made: ${named}.`;
    return refusal('offer-facts-changed', detail, { changed: shown.map((each) => ({ ...each })) });
  }
}

/** The offer, or the package of its schedule, as long as it may be accepted and is what they read. */
function openPackage(
  talk: Talk,
  made: Offer,
  { asked, now }: { readonly asked: JsonObject; readonly now: Date },
): Result<Chosen, Refusal> {
  if (!openOffers(talk).includes(made)) return err(refusal('offer-stale'));
  const chosen = chosenOffer(made, asked['choice'] as JsonObject | undefined);
  if (!chosen.ok) return chosen;
  if (chosen.value.terms_digest !== asked['terms_digest']) return err(refusal('offer-digest-mismatch'));
  return Date.parse(made.expires_at) <= now.getTime() ? err(refusal('offer-expired')) : chosen;
}

/** The company stands by it, whatever becomes of its facts. */
function isPromised({ firmness }: Chosen): boolean {
  return firmness !== 'indicative';
}
