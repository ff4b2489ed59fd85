/** How near the other side has come, by what it asked for alone: the limit has no part in it. */
import type { Level } from './issues.ts';
import { type Points, pointsAt, reaches } from './policy.ts';
import type { Package } from './space.ts';
import { admissible, mainAt, samePackage, type Table, withinRanges, worthOf } from './table.ts';

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

/** Whether one of their prices is no further from where concessions end than the policy gives a person to decide, in percent of it. */
function isWithinGap(table: Table, theirs: readonly Proposal[]): boolean {
  const { sign } = table.scale;
  const { concedeTo, people } = table.policy.numbers;
  return theirs.some(({ levels, priced }) => {
    const ask = mainAt(table, withinRanges(table, levels), concedeTo);
    return priced && sign * (ask - (levels[table.main] ?? 0)) * 100 <= (people?.withinPercent ?? 0) * ask;
  });
}

/** Of their proposals, the one that is worth most to the company. */
export function nearest(table: Table, theirs: readonly Proposal[]): Proposal | undefined {
  return theirs
    .filter(({ priced }) => priced)
    .map((each) => ({ each, worth: utilityOf(table, withinRanges(table, each.levels)) }))
    .reduce<{ each: Proposal; worth: Points } | undefined>(
      (a, b) => (a !== undefined && a.worth > b.worth ? a : b),
      undefined,
    )?.each;
}

export interface Unmet {
  /** Whether a person is to decide: by what was said and where concessions end alone. */
  readonly person: boolean;
  /** The proposals that nothing of ours has met. */
  readonly open: readonly Proposal[];
  /** Whether the nearest of them is within the policy. For the company's people only. */
  readonly inReach: boolean;
}

export function unmetOf(
  table: Table,
  { theirs, ours }: { readonly theirs: readonly Proposal[]; readonly ours: readonly Package[] },
): Unmet {
  const open = theirs.filter(({ levels, priced }) => priced && !ours.some((offer) => isMet(table, levels, offer)));
  const near = nearest(table, open);
  return {
    person: isWithinGap(table, open),
    open,
    inReach: near !== undefined && admissible(table, near.levels),
  };
}

/** They were offered what they asked for, or better. */
function isMet(table: Table, asked: Package, offer: Package): boolean {
  return samePackage(table, asked, offer) && reaches(table.scale.sign, asked[table.main] ?? 0, offer[table.main] ?? 0);
}

function utilityOf(table: Table, levels: Package): Points {
  return table.scale.sign * pointsAt(table.scale, levels[table.main] ?? 0) + worthOf(table, levels);
}

function pathOf({ policy }: Pick<Table, 'policy'>): Points {
  const { open, concedeTo } = policy.numbers;
  return Math.abs(open - concedeTo);
}
