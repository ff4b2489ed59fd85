import type { Refusal } from '../../protocol/base/errors.ts';
import { refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Level } from './issues.ts';
import type { NegotiationPolicy, Points, Position, Scale, SideIssue } from './policy.ts';
import { levelAt, reaches } from './policy.ts';
import type { Package, Space } from './space.ts';

/** A side issue as one negotiation has it. */
export interface Side {
  /** The nearest position the company can take. */
  readonly clamp: (level: Level) => Level;
  readonly open: Level;
  readonly worth: (level: Level) => Points;
  /** Positions where its worth bends: the ones worth offering. */
  readonly knots: readonly Level[];
  /** The positions a schedule may name; null where it keeps to the offer's. */
  readonly stated: readonly Level[] | null;
  /** From one end of its range to the other, at least 1. */
  readonly span: number;
}

/** A policy laid over the facts of one negotiation. Everything the strategy computes with, the limit aside. */
export interface Table {
  readonly policy: NegotiationPolicy;
  readonly space: Space;
  readonly scale: Scale;
  /** The main issue's place in a package. */
  readonly main: number;
  /** By place; null at the main issue's. */
  readonly sides: readonly (Side | null)[];
}

/** `before`: the same facts at the start of the policy's window. What is measured relative to the record is measured from there: nobody
 * moves a limit by moving the record. */
export function layTable(policy: NegotiationPolicy, space: Space, before?: JsonObject): Result<Table, Refusal> {
  const { main: pointer, percentOf, sign, sides, schedule } = policy.numbers;
  const main = space.issues.findIndex((issue) => issue.pointer === pointer);
  const reference = percentOf === null ? null : (space.amountAt(percentOf, before) ?? space.amountAt(percentOf));
  if (main < 0 || reference === undefined)
    return err(refusal('record-unusable', 'The record lacks what terms start from.'));
  return ok({
    policy,
    space,
    scale: { sign, reference, perUnit: space.issues[main]?.kind === 'money' ? space.perUnit : 1 },
    main,
    sides: space.issues.map((issue, place) => {
      if (place === main) return null;
      const base = space.base[place] ?? 0;
      return sideOf(sides.get(issue.pointer), {
        base,
        anchor: space.baseAt(place, before) ?? base,
        named: schedule === null ? [] : schedule.get(issue.pointer),
      });
    }),
  });
}

/** The side issues as the company opens. */
export function openingOf({ space, sides }: Pick<Table, 'space' | 'sides'>): Package {
  return space.base.map((level, place) => sides[place]?.open ?? level);
}

/** What the side issues of a package are worth together. */
export function worthOf({ sides }: Table, levels: Package): Points {
  return sides.reduce((sum, side, place) => sum + (side === null ? 0 : side.worth(levels[place] ?? 0)), 0);
}

/** The package with its side issues brought into the company's ranges. */
export function withinRanges({ sides }: Table, wanted: Package): Package {
  return wanted.map((level, place) => sides[place]?.clamp(level) ?? level);
}

export function withMain(table: Table, levels: Package, main: Level): Package {
  return levels.map((level, place) => (place === table.main ? main : level));
}

/** The main issue's level at which this package is worth so many points. */
export function mainAt(table: Table, levels: Package, points: Points): Level {
  return levelAt(table.scale, points - table.scale.sign * worthOf(table, levels));
}

/** The main issue's last level for this package. Private: compared with, never shown. */
export function lastMain(table: Table, levels: Package): Level {
  return table.policy.last(table.scale, worthOf(table, levels));
}

/** The hard bound: no offer and no match leaves the negotiation without passing here. */
export function admissible(table: Table, levels: Package): boolean {
  const { sign } = table.scale;
  // Both are always computed: how long the answer takes says nothing about which one failed.
  const inLimit = reaches(sign, levels[table.main] ?? 0, lastMain(table, levels));
  const inRanges = samePackage(table, levels, withinRanges(table, levels));
  return inLimit && inRanges;
}

/** The same on every side issue. */
export function samePackage(table: Table, a: Package, b: Package): boolean {
  return a.every((level, place) => place === table.main || level === b[place]);
}

/** The main level that costs the company nothing: today's price, or no refund at all. */
export function costFree({ scale }: Table): Level {
  return scale.sign === 1 ? (scale.reference ?? 0) : 0;
}

/** Where an issue stands today and stood at the start of the window, and the positions that a schedule is to name, if the policy says. */
interface SideFacts {
  readonly base: Level;
  readonly anchor: Level;
  readonly named: readonly Position[] | undefined;
}

function sideOf(side: SideIssue | undefined, { base, anchor, named }: SideFacts): Side {
  if (side === undefined)
    return { clamp: () => base, open: base, worth: () => 0, knots: [base], stated: null, span: 1 };
  const { min, max, allowed, worth } = side;
  const clamp = (level: Level): Level => {
    if (allowed === null) return Math.min(Math.max(level, min), max);
    return allowed.includes(level) ? level : (side.open ?? allowed[0] ?? base);
  };
  const position = (level: Level) => (worth.relative ? (anchor === 0 ? 0 : (level * 100) / anchor) : level);
  const levelAt = ({ relative, at }: Position): Level => (relative ? Math.ceil((at * anchor) / 100) : at);
  const worthAt = (each: Level) =>
    allowed === null ? alongLine(worth.knots, position(each)) : chosen(worth.knots, each);
  const knots = [...new Set(worth.knots.map(([at]) => clamp(levelAt({ relative: worth.relative, at }))))];
  const telling = allowed ?? knots;
  const matters = new Set(telling.map(worthAt)).size > 1;
  const stated = named?.map((each) => clamp(levelAt(each))) ?? (matters ? telling : []);
  return {
    clamp,
    open: clamp(side.open ?? base),
    worth: worthAt,
    knots,
    stated: stated.length === 0 ? null : stated,
    span: Math.max(1, max - min),
  };
}

/** Between two knots, the straight line, rounded down: in the company's favour. */
function alongLine(knots: Worth['knots'], position: number): Points {
  const after = knots.findIndex(([at]) => at >= position);
  const [, lastPoints] = knots.at(-1) ?? [0, 0];
  if (after < 0) return lastPoints;
  const [right, high] = knots[after] ?? [0, 0];
  const [left, low] = knots[after - 1] ?? [right, high];
  return right === left ? high : Math.floor(low + ((high - low) * (position - left)) / (right - left));
}

function chosen(knots: Worth['knots'], level: Level): Points {
  return knots.find(([at]) => at === level)?.[1] ?? 0;
}

type Worth = SideIssue['worth'];
