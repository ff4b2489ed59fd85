/** Why an offer is as it is: from the offers that are put beside each other, what was asked for and the ranges that are told anyway.
 * Whoever knows the offers could have found out all of it; no limit is within reach here. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Offer, Reason } from '../../protocol/operation.ts';
import type { Language } from '../engine/wording.ts';
import { reaches } from './policy.ts';
import { reasonIn } from './reason-words.ts';
import type { Package } from './space.ts';
import type { Table } from './table.ts';
import type { Explain } from './talk.ts';

type Bare = Omit<Reason, 'words'>;

/** One turn of the company. */
export interface Turn {
  readonly table: Table;
  /** All that it offers in it. */
  readonly offers: readonly Package[];
  /** What the customer asked for last; null where this answers nothing. */
  readonly asked: Package | null;
  /** What it changed: the company's last offer, or today's terms. */
  readonly before: Package;
  readonly matched: boolean;
  readonly roundsLeft: number;
  readonly language: Language;
}

/** So many of the other offers are compared with, the largest difference first. */
const COMPARED_MAX = 2;

export function explainWith(turn: Turn) {
  const { space } = turn.table;
  const phrase = (reason: Bare): Reason => ({ ...reason, words: reasonIn(turn.language, reason, space.issues) });

  return (levels: Package, needsSignoff: boolean): Explain =>
    (made) =>
      [
        ...(turn.matched ? [bare('matched')] : answersTo(turn, levels)),
        ...comparedWith(turn, levels),
        standsFor(made, needsSignoff),
        bare('rounds_left', { left: turn.roundsLeft }),
      ].map(phrase);
}

/** Of what they asked for: what they have, what was moved and why, what could not be met. */
function answersTo({ table, asked, before }: Turn, levels: Package): readonly Bare[] {
  if (asked === null) return [];
  const { issues } = table.space;
  const met = issues.flatMap(({ pointer }, place) =>
    asked[place] === levels[place] && asked[place] !== before[place] ? [pointer] : [],
  );
  const others = issues.flatMap(({ pointer }, place): readonly Bare[] => {
    const [wanted, offered] = [asked[place], levels[place]];
    if (wanted === undefined || offered === undefined || wanted === offered) return [];
    const params = {
      issue: pointer,
      asked: table.space.valueAt(place, wanted),
      offered: table.space.valueAt(place, offered),
    };
    if (place === table.main) return [bare('not_met', params)];
    const isInRange = table.sides[place]?.clamp(wanted) === wanted;
    if (isInRange) return [bare('instead', params)];
    const range = rangeOf(table, place);
    return [range === undefined ? bare('not_open', params) : bare('moved_into_range', { ...params, ...range })];
  });
  return [...(met.length === 0 ? [] : [bare('as_asked', { issues: met })]), ...others];
}

/** What the policy states for each open issue: told to anybody. */
export function rangesOf(table: Table): ReadonlyMap<string, JsonObject> {
  return new Map(
    table.space.issues.flatMap(({ pointer }, place) => {
      const range = place === table.main ? undefined : rangeOf(table, place);
      return range === undefined ? [] : [[pointer, range] as const];
    }),
  );
}

/** The range that a policy states for an issue, as values. Undefined: the issue is not open. */
function rangeOf(table: Table, place: number): JsonObject | undefined {
  const side = table.policy.numbers.sides.get(table.space.issues[place]?.pointer ?? '');
  if (side === undefined) return undefined;
  const value = (level: number) => table.space.valueAt(place, level);
  return side.allowed === null
    ? { least: value(side.min), most: value(side.max) }
    : { allowed: side.allowed.map(value) };
}

/** What another package beside this one has, and what that makes of the main issue. */
function comparedWith({ table, offers }: Turn, levels: Package): readonly Bare[] {
  const { main, scale } = table;
  const mine = levels[main] ?? 0;
  return offers
    .filter((other) => other[main] !== mine)
    .toSorted((a, b) => Math.abs((b[main] ?? 0) - mine) - Math.abs((a[main] ?? 0) - mine))
    .slice(0, COMPARED_MAX)
    .map((other) => {
      const theirs = other[main] ?? 0;
      const isBetter = !reaches(scale.sign, theirs, mine);
      const [better, worse] = isBetter ? [other, levels] : [levels, other];
      return bare(isBetter ? 'better_with' : 'better_because', {
        with: differences(table, better, worse),
        issue: table.space.issues[main]?.pointer ?? '',
        from: table.space.valueAt(main, worse[main] ?? 0),
        to: table.space.valueAt(main, better[main] ?? 0),
      });
    })
    .filter(({ params }) => Object.keys(params['with'] as JsonObject).length > 0);
}

function differences(table: Table, of: Package, from: Package): JsonObject {
  const named = table.space.issues.flatMap(({ pointer }, place): [string, Json][] =>
    place === table.main || of[place] === from[place] ? [] : [[pointer, table.space.valueAt(place, of[place] ?? 0)]],
  );
  return Object.fromEntries(named);
}

function standsFor({ firmness, expires_at }: Pick<Offer, 'firmness' | 'expires_at'>, needsSignoff: boolean): Bare {
  const until = { until: expires_at };
  if (firmness !== 'indicative') return bare(firmness, until);
  return bare(needsSignoff ? 'signoff' : 'confirmed_on_acceptance', until);
}

/** Of an offer that a person of the company made. */
export function explainPersons(language: Language, needsSignoff: boolean): Explain {
  return (made) =>
    [bare('by_person'), standsFor(made, needsSignoff)].map((reason) => ({
      ...reason,
      words: reasonIn(language, reason, []),
    }));
}

function bare(code: Reason['code'], params: JsonObject = {}): Bare {
  return { code, params };
}
