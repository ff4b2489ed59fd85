/** How near the other side has come, by what it asked for alone: the limit has no part in it. */
import type { Level } from './issues.ts';
import { type Points, pointsAt } from './policy.ts';
import type { Package } from './space.ts';
import { type Table, withinRanges, worthOf } from './table.ts';

/** What they have asked for, once. */
export interface Proposal {
  readonly levels: Package;
  /** Whether they named a price with it, or a refund, or whatever the main issue is: what they left out stands as we last offered it, and
   * is no wish of theirs. */
  readonly priced: boolean;
}

/** A step smaller than this part of the company's whole path is no movement. */
const STEP_PARTS = 40;

/** How near their last price comes to where concessions end: 1 there, 0 where it is as far beyond as the whole path is long. */
export function nearness(table: Table, theirs: readonly Proposal[]): number {
  const last = theirs.findLast(({ priced }) => priced);
  const length = pathOf(table);
  if (length === 0) return 1;
  if (last === undefined) return 0;
  const short = table.scale.sign * table.policy.numbers.concedeTo - utilityOf(table, withinRanges(table, last.levels));
  return Math.min(1, Math.max(0, 1 - short / length));
}

/** Whether they ask for less than a step below what stands: a cent, and then another. */
export function isBarelyBelow({ scale, policy }: Table, asked: Level, standing: Level): boolean {
  const below = scale.sign * (pointsAt(scale, standing) - pointsAt(scale, asked));
  return below > 0 && below * STEP_PARTS < pathOf({ policy });
}

function utilityOf(table: Table, levels: Package): Points {
  return table.scale.sign * pointsAt(table.scale, levels[table.main] ?? 0) + worthOf(table, levels);
}

function pathOf({ policy }: Pick<Table, 'policy'>): Points {
  const { open, concedeTo } = policy.numbers;
  return Math.abs(open - concedeTo);
}
