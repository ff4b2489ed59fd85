import { type Refusal, refusal, toProblem } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Terms } from '../../protocol/operation.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Message, Operation } from '../engine/operation.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { ownOperation } from '../engine/submit.ts';
import { move, type Patch } from '../engine/transitions.ts';
import type { Ask, Change, StepResult, World } from '../engine/world.ts';
import { type AcceptDeps, makeAccept } from './accept.ts';
import { type BidDeps, bid, nextDue, toPerson } from './bid.ts';
import { heldUse } from './budget.ts';
import type { PolicyBook } from './segments.ts';
import { spaceOf, tableOf } from './setting.ts';
import type { Table } from './table.ts';
import { agentOffer, agentsTurn, companyOffer, lastCompanyOffer } from './talk.ts';

export interface NegotiationDeps extends BidDeps {
  readonly policies: ReadonlyMap<string, PolicyBook>;
  /** Mandate limits on a set of terms, and its validity now. */
  readonly withinMandate: AcceptDeps['withinMandate'];
  readonly holdsOf: AcceptDeps['holdsOf'];
}

/** The steps of a negotiation. Only this folder ever holds a policy's reservation values. */
export type Negotiation = ReturnType<typeof makeNegotiation>;

type Talk = NonNullable<Operation['negotiation']>;

/** What an agreement holds. */
const AGREED = ['budget', 'claim', 'mandate'] as const;

export function makeNegotiation(world: World, deps: NegotiationDeps) {
  /** The company's first answer, made from the CRM's facts and the agent's opening proposal, if it made one. */
  async function open(operation: Operation, record: JsonObject): Promise<StepResult> {
    const space = spaceOf(world, operation, record);
    if (!space.ok) return space;
    const proposed = operation.input['proposal'];
    const proposal = proposed === undefined ? ok(null) : space.value.complete(proposed as JsonObject, null);
    if (!proposal.ok) return proposal;
    const sensible = meetsRequirements(world, operation, proposal.value);
    if (!sensible.ok) return sensible;
    const now = world.clock.now();
    const talk: Talk = {
      turn: 'company',
      round: 0,
      expiresAt: new Date(now.getTime() + LIMITS.negotiationLifetimeSeconds * 1000).toISOString(),
      offers: proposal.value === null ? [] : [agentOffer(world, operation, proposal.value)],
      facts: record,
    };
    return companyAnswers({ ...operation, negotiation: talk }, operation, talk);
  }

  /** A counter-offer, and the company's answer to it, in one transaction; where a voice answers, which takes its time, in the next. */
  async function counter(_world: World, ask: Ask): Promise<StepResult> {
    const own = ownOperation(world, ask.caller.keyid, ask.target);
    if (!own.ok) return own;
    const operation = own.value;
    const talk = agentsTurn(operation, world.clock.now());
    if (!talk.ok) return talk;
    if (talk.value.round >= LIMITS.negotiationRoundsMax) return err(refusal('negotiation-over'));
    const envelope = world.actions.checkEnvelope('offers', ask.body);
    if (!envelope.ok) return envelope;
    const partial = world.actions.action(operation.action)?.checkPartialTerms(envelope.value['terms'] ?? {});
    if (partial === undefined || !partial.ok) return partial ?? err(refusal('not-found'));
    const terms = completed(world, operation, { talk: talk.value, partial: partial.value });
    if (!terms.ok) return terms;
    const allowed = await deps.withinMandate(operation, null);
    if (!allowed.ok) return allowed;

    const offer = agentOffer(world, operation, terms.value);
    const text = envelope.value['message'];
    const heard: Talk = { ...talk.value, turn: 'company', offers: [...talk.value.offers, offer] };
    const said: Message[] = typeof text === 'string' ? [{ at: offer.made_at, by: 'agent', text, offer: offer.id }] : [];
    const countered = move(
      operation,
      'countered',
      'agent',
      world.clock.now(),
      {
        negotiation: heard,
        messages: [...operation.messages, ...said],
        ...(deps.voice === undefined ? {} : { dueAt: world.clock.now().getTime() }),
      },
      { offer: offer.id, terms: offer.terms_digest, request: ask.caller.evidence.digest },
    );
    if (deps.voice !== undefined) return ok({ ...countered, records: [countered.record] });
    const answered = await companyAnswers(countered.next, countered.next, heard);
    if (!answered.ok) return answered;
    return ok(behind(countered.record, operation.version, answered.value));
  }

  async function companyAnswers(talking: Operation, from: Operation, talk: Talk): Promise<StepResult> {
    const table = tableFor(talking, talk);
    if (table === undefined) return ok(toPerson(deps, from, talk, 'The negotiation policy could not be decided.'));
    return table.ok ? ok(await bid(world, deps, table.value, talking, from)) : table;
  }

  function tableFor(operation: Operation, talk: Talk): Result<Table, Refusal> | undefined {
    const space = spaceOf(world, operation, talk.facts);
    return space.ok ? tableOf(deps.policies, operation, talk.facts, space.value) : space;
  }

  /** It is the company's turn, the talk's time is over, or that of an offer that was held: what it reserved is free again. */
  async function due(operation: Operation): Promise<Change> {
    const now = world.clock.now();
    const talk = operation.negotiation;
    if (talk === undefined || Date.parse(talk.expiresAt) <= now.getTime())
      return changed(operation, 'expired', now, { problem: toProblem(refusal('offer-expired')) });
    if (talk.turn === 'company') {
      const answered = await companyAnswers(operation, operation, talk);
      return answered.ok ? answered.value : toPerson(deps, operation, talk, 'The company’s side could not answer.');
    }
    const table = tableFor(operation, talk);
    const holds = table?.ok === true ? heldUse(table.value, operation, talk.offers, now) : [];
    return { ...changed(operation, 'noted', now, { dueAt: nextDue(talk, talk.offers, now) }), holds };
  }

  /** A person's counter-offer from the sign-off page: the talk goes on with their terms. */
  async function personCounters(
    operation: Operation,
    terms: JsonObject,
    patch: Partial<Operation>,
  ): Promise<StepResult> {
    const talk = operation.negotiation;
    if (talk === undefined) return err(refusal('terms-invalid', 'This action has no terms to counter.'));
    const full = completed(world, operation, { talk, partial: terms });
    if (!full.ok) return full;
    const note = 'A person at the company made this offer.';
    const firmness = deps.needsSignoff(operation, full.value) ? 'indicative' : 'binding';
    const offer = await companyOffer(world, operation, { by: 'person', terms: full.value, firmness, note });
    const moved = move(
      operation,
      'countered',
      'person',
      world.clock.now(),
      {
        ...patch,
        negotiation: { ...talk, turn: 'agent', offers: [...talk.offers, offer] },
        messages: [...operation.messages, { at: offer.made_at, by: 'person', text: note, offer: offer.id }],
        dueAt: Date.parse(talk.expiresAt),
      },
      { offer: offer.id, terms: offer.terms_digest },
    );
    return ok({
      next: moved.next,
      expected: operation.version,
      records: [moved.record],
      // What was agreed before is off.
      holds: AGREED.map((kind) => ({ operation: operation.id, kind, holds: [] })),
    });
  }

  return { open, counter, due, personCounters, accept: makeAccept(world, { ...deps, tableFor }) };
}

/** What one side names, with everything else as it was last offered; whole terms that the action's own rules allow. */
function completed(
  world: World,
  operation: Operation,
  { talk, partial }: { readonly talk: Talk; readonly partial: JsonObject },
): Result<Terms, Refusal> {
  const space = spaceOf(world, operation, talk.facts);
  if (!space.ok) return space;
  const whole = space.value.complete(partial, lastCompanyOffer(talk.offers)?.terms ?? null);
  const sensible = whole.ok ? meetsRequirements(world, operation, whole.value) : whole;
  return sensible.ok ? whole : sensible;
}

function changed(operation: Operation, event: 'expired' | 'noted', now: Date, patch: Patch): Change {
  const { next, expected, record } = move(operation, event, 'engine', now, patch);
  return { next, expected, records: [record] };
}

/** The company's answer as one change with the counter-offer it answers. */
function behind(record: Change['records'][number], expected: number, change: Change): Change {
  const { otherwise } = change;
  const all = { ...change, expected, records: [record, ...change.records] };
  if (otherwise === undefined) return all;
  return {
    ...all,
    otherwise: async (held) => {
      const instead = await otherwise(held);
      return instead.ok ? ok(behind(record, expected, instead.value)) : instead;
    },
  };
}
