/** The end of a talk that nobody has agreed in. Where a price that the customer named is near enough, a person of the company decides:
 * told from where concessions end, and never from the limit. */
import { type Refusal, refusal, toProblem } from '../../protocol/base/errors.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { dayIn } from '../../protocol/base/zone.ts';
import { isWithPerson } from '../engine/open-offers.ts';
import type { Negotiation, Operation } from '../engine/operation.ts';
import { ownerOf } from '../engine/owner.ts';
import { type Moved, move } from '../engine/transitions.ts';
import type { Change, StepResult, World } from '../engine/world.ts';
import type { Held, HoldSet, Outgoing } from '../ports.ts';
import { adviceFor } from './advice.ts';
import { unmetOf } from './nearness.ts';
import { nextPeriod, periodOf } from './period.ts';
import type { PeopleRule } from './policy.ts';
import { aboutOf, matterOf } from './remember.ts';
import { statedIn } from './schedule.ts';
import { packagesIn, proposalsIn, saidIn } from './setting.ts';
import type { Stand, Stands } from './stand.ts';
import type { Table } from './table.ts';
import { behind, changed } from './talk.ts';

/** Asks a person of the company: the operation with the promise that one answers, and who is told. */
export type AskPerson = (
  operation: Operation,
  topic: string,
) => { readonly operation: Operation; readonly outgoing: readonly Outgoing[] };

/** What is done where no person decides, and why none does. */
export type Instead = (why: Refusal) => Result<Change, Refusal>;

export function makeUnmet(world: World, deps: { readonly askPerson: AskPerson }, stands: Stands) {
  /** A person decides about what nobody agreed on, where that is for one. */
  function toDecide(
    from: Operation,
    talk: Negotiation,
    { table }: Pick<Stand, 'table'>,
    instead: Instead,
  ): Change | undefined {
    if (table?.ok !== true) return undefined;
    return referred(world, { from, talk, table: table.value, askPerson: deps.askPerson }, instead);
  }

  /** What the customer asks for when no round is left. */
  function lastWord({ next, expected, record }: Moved, heard: Negotiation, stand: Pick<Stand, 'table'>): StepResult {
    const put = toDecide(next, heard, stand, err);
    return put === undefined ? err(refusal('negotiation-over')) : ok(behind(record, expected, put));
  }

  /** The talk's time is over. */
  function timeOver(operation: Operation, talk: Negotiation | undefined): Change {
    const expired = (why: Refusal) => changed(operation, 'expired', world.clock.now(), { problem: toProblem(why) });
    if (talk === undefined) return expired(refusal('offer-expired'));
    if (isWithPerson(talk))
      return expired(refusal('offer-expired', 'Nobody at the company has decided in time. Ask again, or for a human.'));
    const stand = stands.standOn(operation, talk.revision ?? null);
    const put = stand.ok
      ? toDecide(operation, talk, stand.value, ({ detail }) => ok(expired(refusal('offer-expired', detail))))
      : undefined;
    return put ?? expired(refusal('offer-expired'));
  }

  return { lastWord, timeOver };
}

/** The talk is put to a person: undefined where it is not for one. `instead`: what is done where no person has time for it, or one has
 * the customer's earlier case still open. */
function referred(world: World, { from, talk, table, askPerson }: ReferredFrom, instead: Instead): Change | undefined {
  const { people } = table.policy.numbers;
  if (people === null || talk.person !== undefined) return undefined;
  const ours = packagesIn(
    table.space,
    talk.offers.filter(({ by }) => by !== 'agent').map(({ terms }) => terms),
  );
  const stated = statedIn(table.space, talk.offers);
  const unmet = unmetOf(table, { theirs: proposalsIn(table, saidIn(talk)), ours: [...ours, ...stated] });
  if (!unmet.person) return undefined;
  const advice = adviceFor(table, unmet.open, ours, { why: 'gap', inReach: unmet.inReach });
  const now = world.clock.now();
  const asked = askPerson({ ...from, advice }, 'A talk is near an agreement: a person decides');
  const { handoff } = asked.operation;
  // The agent's own case is not ended by a word in the talk.
  const isOurs = handoff !== undefined && handoff.askedAt !== from.handoff?.askedAt;
  // As much time as anybody has, also where the customer was promised an answer before.
  const respondBy = now.getTime() + world.settings.human.respondWithinMinutes * 60_000;
  const ends = respondBy + LIMITS.negotiationLifetimeSeconds * 1000;
  const expiresAt = new Date(Math.max(ends, Date.parse(talk.expiresAt))).toISOString();
  const moved = move(
    asked.operation,
    'referred',
    'company',
    now,
    {
      negotiation: {
        ...talk,
        turn: 'company',
        person: { askedAt: isOurs ? handoff.askedAt : now.toISOString() },
        expiresAt,
      },
      dueAt: Date.parse(expiresAt),
    },
    { case: handoff?.caseRef ?? '' },
  );
  return {
    next: moved.next,
    expected: moved.expected,
    records: [moved.record],
    outgoing: asked.outgoing,
    holds: [holdsOf(world, from, people)],
    otherwise: (held) => instead(refusal('negotiation-over', whyNot(world, from, people, held))),
  };
}

interface ReferredFrom {
  readonly from: Operation;
  readonly talk: Negotiation;
  readonly table: Table;
  readonly askPerson: AskPerson;
}

const [OPEN, MATTER, ACCOUNT] = ['people:open/', 'people:matter/', 'people:account/'];

/** A case is of one customer's, about one matter: one is open at a time, and one is put in a period, whatever becomes of it. All of an
 * account's share a small part of the company's time, by whichever keys they come. */
function holdsOf(world: World, operation: Operation, people: PeopleRule): HoldSet {
  const period = `${people.name}/${periodOf(people.period, todayOf(world))}`;
  const about = aboutOf(world, operation);
  const owner = ownerOf(operation.agent);
  const once = { amount: 1, limit: 1 };
  const own: HoldSet['holds'] =
    about === undefined
      ? []
      : [
          { ...once, name: `${OPEN}${about.place}/${owner}`, lasts: 'operation' },
          { ...once, name: `${MATTER}${period}/${about.place}${matterOf(world, operation)}/${owner}`, lasts: 'always' },
          { amount: 1, limit: people.perAccount, name: `${ACCOUNT}${period}/${about.account}`, lasts: 'always' },
        ];
  return {
    operation: operation.id,
    kind: 'people',
    holds: [...own, { name: `people:${period}`, amount: 1, limit: people.cases, lasts: 'always' }],
  };
}

/** Why no person decides, as it is: nobody is told of scarcity that is none. */
function whyNot(world: World, operation: Operation, people: PeopleRule, { name, by }: Held): string {
  const again = `again from ${nextPeriod(people.period, todayOf(world))}`;
  if (name.startsWith(OPEN)) {
    const other = by === null ? undefined : world.store.operation(by);
    const isOwn = other !== undefined && ownerOf(other.agent) === ownerOf(operation.agent);
    const known = isOwn ? ` (${other.handoff?.caseRef ?? ''}, ${other.id})` : '';
    return `Nobody agreed. A person has your earlier request about this record already${known}: one case a record is open at a time.`;
  }
  if (name.startsWith(MATTER))
    return `Nobody agreed, and your request about this record was put to a person in this ${people.period} already, whatever became of it; ${again}.`;
  if (name.startsWith(ACCOUNT))
    return `Nobody agreed, and requests of this account were put to a person in this ${people.period} as often as they are for one; ${again}.`;
  return `Nobody agreed, and the people who decide on exceptions have no more time in this ${people.period}; ${again}.`;
}

/** The company's day. */
const todayOf = ({ clock, settings }: World): string => dayIn(settings.timeZone, clock.now().getTime());
