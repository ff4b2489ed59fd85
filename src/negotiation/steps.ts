import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Message, Operation } from '../engine/operation.ts';
import { ownOperation } from '../engine/submit.ts';
import { move } from '../engine/transitions.ts';
import type { Ask, Change, StepResult, World } from '../engine/world.ts';
import { makeAccept } from './accept.ts';
import { adviceFor } from './advice.ts';
import type { PolicyBook } from './segments.ts';
import { packagesOf, spaceOf, tableOf } from './setting.ts';
import { companyMove, type Move } from './strategy.ts';
import { agentOffer, agentsTurn, companyOffer, lastCompanyOffer, type NeedsSignoff } from './talk.ts';

export interface NegotiationDeps {
  readonly policies: ReadonlyMap<string, PolicyBook>;
  readonly needsSignoff: NeedsSignoff;
  /** Mandate limits on a set of terms, and its validity now. */
  readonly withinMandate: (operation: Operation, terms: Terms | null) => Promise<Result<void, Refusal>>;
  /** Gives the operation to a person, with the conversation so far. */
  readonly callPerson: (operation: Operation, topic: string) => Change;
}

/** The steps of a negotiation. Only this folder ever holds a policy's reservation values. */
export type Negotiation = ReturnType<typeof makeNegotiation>;

type Talk = NonNullable<Operation['negotiation']>;

export function makeNegotiation(world: World, deps: NegotiationDeps) {
  /** The company's first answer, made from the CRM's facts and the agent's opening proposal, if it made one. */
  async function open(operation: Operation, record: JsonObject): Promise<StepResult> {
    const space = spaceOf(world, operation, record);
    if (!space.ok) return space;
    const proposed = operation.input['proposal'];
    const proposal = proposed === undefined ? ok(null) : space.value.complete(proposed as JsonObject, null);
    if (!proposal.ok) return proposal;
    const now = world.clock.now();
    const talk: Talk = {
      turn: 'company',
      round: 0,
      expiresAt: new Date(now.getTime() + LIMITS.negotiationLifetimeSeconds * 1000).toISOString(),
      offers: proposal.value === null ? [] : [agentOffer(world, operation, proposal.value)],
      facts: record,
    };
    const answered = await companyAnswers({ ...operation, negotiation: talk }, operation, talk);
    return answered.ok ? ok({ ...answered.value, expected: operation.version }) : answered;
  }

  /** A counter-offer, and the company's answer to it, in one transaction. */
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
    const terms = completed(operation, talk.value, partial.value);
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
      { negotiation: heard, messages: [...operation.messages, ...said] },
      { offer: offer.id, terms: offer.terms_digest, request: ask.caller.evidence.digest },
    );
    const answered = await companyAnswers(countered.next, countered.next, heard);
    if (!answered.ok) return answered;
    const { records } = answered.value;
    return ok({ ...answered.value, expected: operation.version, records: [countered.record, ...records] });
  }

  function completed(operation: Operation, talk: Talk, partial: JsonObject): Result<Terms, Refusal> {
    const space = spaceOf(world, operation, talk.facts);
    return space.ok ? space.value.complete(partial, lastCompanyOffer(talk.offers)?.terms ?? null) : space;
  }

  async function companyAnswers(talking: Operation, from: Operation, talk: Talk): Promise<StepResult> {
    const space = spaceOf(world, talking, talk.facts);
    if (!space.ok) return space;
    const table = tableOf(deps.policies, talking, talk.facts, space.value);
    if (table === undefined) return ok(toPerson(from, talk, 'The negotiation policy could not be decided.'));
    if (!table.ok) return table;
    const theirs = packagesOf(space.value, talk.offers, 'theirs');
    const ours = packagesOf(space.value, talk.offers, 'ours');
    const decided = companyMove({
      table: table.value,
      theirs,
      ours,
      round: talk.round + 1,
      roundsMax: LIMITS.negotiationRoundsMax,
      mayDiscount: true,
    });
    if (decided.kind === 'impasse') return ok(toPerson(from, talk, adviceFor(table.value, theirs, ours, decided)));
    const note = noteOf(decided);
    const made = await Promise.all(
      decided.offers.map((each) =>
        companyOffer(world, deps.needsSignoff, talking, { by: 'company', terms: space.value.write(each), note }),
      ),
    );
    return ok(offered(world, from, talk, made, note));
  }

  function toPerson(from: Operation, talk: Talk, advice: string): Change {
    return deps.callPerson({ ...from, negotiation: talk, advice }, 'The negotiation is at an impasse');
  }

  /** A person's counter-offer from the sign-off page: the talk goes on with their terms. */
  async function personCounters(
    operation: Operation,
    terms: JsonObject,
    patch: Partial<Operation>,
  ): Promise<StepResult> {
    const talk = operation.negotiation;
    if (talk === undefined) return err(refusal('terms-invalid', 'This action has no terms to counter.'));
    const full = completed(operation, talk, terms);
    if (!full.ok) return full;
    const note = 'A person at the company made this offer.';
    const offer = await companyOffer(world, deps.needsSignoff, operation, { by: 'person', terms: full.value, note });
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
    return ok({ next: moved.next, expected: operation.version, records: [moved.record] });
  }

  return { open, counter, personCounters, accept: makeAccept(world, deps) };
}

function offered(world: World, from: Operation, talk: Talk, offers: readonly Offer[], note: string): Change {
  const primary = offers.at(-1);
  if (primary === undefined) throw new Error('no offer was made');
  const message: Message = { at: primary.made_at, by: 'company', text: note, offer: primary.id };
  const others = offers.slice(0, -1).map(({ id, terms_digest }) => ({ offer: id, terms: terms_digest }));
  const moved = move(
    from,
    'offered',
    'company',
    world.clock.now(),
    {
      negotiation: { ...talk, turn: 'agent', round: talk.round + 1, offers: [...talk.offers, ...offers] },
      messages: [...from.messages, message],
      dueAt: Date.parse(talk.expiresAt),
    },
    {
      offer: primary.id,
      terms: primary.terms_digest,
      firmness: primary.firmness,
      ...(others.length === 0 ? {} : { alternatives: others }),
    },
  );
  return { next: moved.next, expected: moved.expected, records: [moved.record] };
}

/** Words beside an offer: fixed sentences, chosen only by what the offers themselves already show. */
function noteOf({ matched, final, offers }: Extract<Move, { kind: 'offer' }>): string {
  if (matched) return 'We can agree to your terms: accept this offer to conclude.';
  if (offers.length > 1)
    return final
      ? 'These are our final offers: accept the one that suits you.'
      : 'Our offers. Accept the one that suits you, or counter with other terms.';
  return final ? 'This is our final offer.' : 'Our offer. Accept it, or counter with other terms.';
}
