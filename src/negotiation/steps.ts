import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { isWithPerson } from '../engine/open-offers.ts';
import type { Message, Operation, Seen } from '../engine/operation.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { askedOperation } from '../engine/submit.ts';
import { move } from '../engine/transitions.ts';
import { type Ask, actionOf, type Change, type StepResult, type World } from '../engine/world.ts';
import { type AcceptDeps, makeAccept } from './accept.ts';
import { type BidDeps, bid, nextDue, toPerson } from './bid.ts';
import { heldUse } from './budget.ts';
import { talkSeconds, tooEarly } from './pace.ts';
import { makePersonsWord } from './person.ts';
import { aboutOf } from './remember.ts';
import { makeStands, type StandDeps } from './stand.ts';
import { agentOffer, agentsTurn, behind, changed, withProposal } from './talk.ts';
import { type AskPerson, makeUnmet } from './unmet.ts';
import { makeWords, type Opened, type WordsDeps, withAnswer } from './words.ts';

export interface NegotiationDeps extends BidDeps, StandDeps, WordsDeps {
  /** Mandate limits on a set of terms, and its validity now. */
  readonly withinMandate: AcceptDeps['withinMandate'];
  readonly holdsOf: AcceptDeps['holdsOf'];
  readonly askPerson: AskPerson;
}

/** The steps of a negotiation. Only this folder ever holds a policy's reservation values. */
export type Negotiation = ReturnType<typeof makeNegotiation>;

type Talk = NonNullable<Operation['negotiation']>;

export function makeNegotiation(world: World, deps: NegotiationDeps) {
  const stands = makeStands(world, deps);
  const { lastWord, timeOver } = makeUnmet(world, deps, stands);
  const words = makeWords(world, deps, stands);

  /** The company's first answer, made from the CRM's facts and the agent's opening proposal, if it made one. */
  async function open({ operation, revision }: Seen): Promise<StepResult> {
    const facts = stands.startOf(operation);
    if (!facts.ok) return facts;
    const stand = stands.standOn(operation, revision);
    if (!stand.ok) return stand;
    const proposed = operation.input['proposal'] as JsonObject | undefined;
    const proposal = proposed === undefined ? ok(null) : stand.value.space.complete(proposed, null);
    if (!proposal.ok) return proposal;
    const sensible = meetsRequirements(world, operation, proposal.value);
    if (!sensible.ok) return sensible;
    const talk = beginning(world, { facts: facts.value, revision }, talkSeconds(stand.value));
    const heard = words.opened({ ...operation, negotiation: talk }, proposed);
    const { from, with: besides } = withHeard(deps, operation, heard);
    const taken = heard.reading?.understood.kind === 'contradiction' ? undefined : proposed;
    if (taken === undefined || proposal.value === null) return together(await companyAnswers(from, talk), besides);
    return companyAnswers(from, withProposal(talk, agentOffer(world, operation, proposal.value), taken));
  }

  /** A counter-offer, and the company's answer to it from the record as it is now, in one transaction; where a voice answers, which takes
   * its time, in the next. */
  async function counter(_world: World, ask: Ask): Promise<StepResult> {
    const read = counterIn(world, ask);
    if (!read.ok) return read;
    const { asked, named, text } = read.value;
    if (named === undefined) return words.said(ask, asked, text);
    const talk = agentsTurn(asked, world.clock.now());
    if (!talk.ok) return talk;
    const over = talk.value.round >= LIMITS.negotiationRoundsMax;
    if (over && talk.value.person !== undefined) return err(refusal('negotiation-over'));
    const action = actionOf(world, asked);
    if (action === undefined) return ok(toPerson(deps, asked, talk.value, 'The action is no longer offered.'));
    const partial = action.checkPartialTerms(named);
    if (!partial.ok) return partial;
    const contradicted = words.contradicted(ask, asked, { text, terms: partial.value });
    if (contradicted !== undefined) return contradicted;
    const allowed = await deps.withinMandate(asked, null);
    if (!allowed.ok) return allowed;
    const seen = await stands.today(asked);
    if (!seen.ok) return err(seen.error.refusal);
    const { operation, revision, facts } = seen.value;
    const stand = stands.standOn(operation, revision);
    if (!stand.ok) return stand;
    const terms = stands.completed(stand.value, talk.value, partial.value);
    if (!terms.ok) return terms;
    const early = over ? undefined : tooEarly(world, talk.value, stand.value);
    if (early !== undefined) return err(early);
    const offer = agentOffer(world, operation, terms.value);
    const heard: Talk = { ...withProposal(talk.value, offer, partial.value), turn: 'company', facts, revision };
    const said: Message[] = text !== '' ? [{ at: offer.made_at, by: 'agent', text, offer: offer.id }] : [];
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
    if (over) return lastWord(countered, heard, stand.value);
    if (deps.voice !== undefined) return ok({ ...countered, records: [countered.record] });
    const answered = await companyAnswers(countered.next, heard);
    if (!answered.ok) return answered;
    return ok(behind(countered.record, operation.version, answered.value));
  }

  /** The company's turn, on the records that `from` has. */
  async function companyAnswers(from: Operation, talk: Talk, quietly = false): Promise<StepResult> {
    const talking = { ...from, negotiation: talk };
    const stand = stands.standOn(talking, talk.revision ?? null);
    if (!stand.ok) return stand;
    const { table } = stand.value;
    if (table === undefined) return ok(toPerson(deps, from, talk, 'The negotiation policy could not be decided.'));
    if (!table.ok) return table;
    const { voice: _silent, ...plain } = deps;
    return ok(await bid(world, quietly ? plain : deps, { ...stand.value, table: table.value }, from));
  }

  /** It is the company's turn, the talk's time is over, or that of an offer that was held: what it reserved is free again. */
  async function due(operation: Operation): Promise<Change> {
    const now = world.clock.now();
    const talk = operation.negotiation;
    if (talk === undefined || Date.parse(talk.expiresAt) <= now.getTime()) return timeOver(operation, talk);
    if (talk.unread === true) return words.read(operation, talk);
    if (talk.turn === 'company' && !isWithPerson(talk)) return companysTurn(operation, talk);
    const stand = stands.standOn(operation, talk.revision ?? null);
    const table = stand.ok ? stand.value.table : undefined;
    const holds =
      table?.ok === true
        ? heldUse(world, table.value, operation, { talk, place: aboutOf(world, operation)?.place })
        : [];
    return { ...changed(operation, 'noted', now, { dueAt: nextDue(talk, now) }), holds };
  }

  async function companysTurn(operation: Operation, talk: Talk): Promise<Change> {
    const seen = await stands.today(operation);
    if (!seen.ok && seen.error.passing && operation.tries < TRIES_MAX)
      return changed(operation, 'noted', world.clock.now(), { tries: operation.tries + 1, dueAt: seen.error.dueAt });
    if (!seen.ok) return toPerson(deps, operation, talk, 'The record can no longer be read.');
    const { operation: now, facts, revision } = seen.value;
    const answered = await companyAnswers(now, { ...talk, facts, revision });
    return answered.ok ? answered.value : toPerson(deps, operation, talk, 'The company’s side could not answer.');
  }

  return {
    open,
    counter,
    due,
    canBegin: stands.canBegin,
    ...makePersonsWord(world, deps, stands),
    accept: makeAccept(world, { ...deps, stands, companyAnswers }),
  };
}

/** With what is told back of its words, and with the person they ask for beside the talk. */
function withHeard(
  deps: Pick<WordsDeps, 'calledAtFirst'>,
  operation: Operation,
  { person, reading }: Opened,
): { readonly from: Operation; readonly with: Besides } {
  const { operation: called, ...besides } =
    person === undefined ? { operation } : deps.calledAtFirst(operation, person);
  return { from: reading === undefined ? called : withAnswer(called, reading), with: besides };
}

/** What is told and born with a step, however it is decided in the end. */
type Besides = Pick<Change, 'outgoing' | 'beside'>;

function together(step: StepResult, besides: Besides): StepResult {
  if (!step.ok) return step;
  const { otherwise, outgoing = [], beside = [] } = step.value;
  return ok({
    ...step.value,
    outgoing: [...outgoing, ...(besides.outgoing ?? [])],
    beside: [...beside, ...(besides.beside ?? [])],
    ...(otherwise === undefined ? {} : { otherwise: async (held) => together(await otherwise(held), besides) }),
  });
}

/** A counter as it was sent: with terms, or words alone. */
function counterIn(world: World, ask: Ask): Result<CounterIn, Refusal> {
  const own = askedOperation(world, ask);
  if (!own.ok) return own;
  const envelope = world.actions.checkEnvelope('offers', ask.body);
  if (!envelope.ok) return envelope;
  const { terms, message, language } = envelope.value;
  const asked = typeof language === 'string' ? { ...own.value, language } : own.value;
  const named = isObject(terms) && Object.keys(terms).length > 0 ? terms : undefined;
  return ok({ asked, named, text: typeof message === 'string' ? message : '' });
}

interface CounterIn {
  readonly asked: Operation;
  readonly named: JsonObject | undefined;
  readonly text: string;
}

function beginning(world: World, on: Pick<Talk, 'facts' | 'revision'>, seconds: number): Talk {
  const { company, human } = world.settings;
  return {
    turn: 'company',
    round: 0,
    expiresAt: new Date(world.clock.now().getTime() + seconds * 1000).toISOString(),
    offers: [],
    negotiator: { kind: 'ai', on_behalf_of: company, person: human.channel },
    ...on,
  };
}

/** About a quarter of an hour of an unreachable CRM before a person is called. */
const TRIES_MAX = 20;
