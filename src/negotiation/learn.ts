import type { Level } from './issues.ts';
import type { Proposal } from './nearness.ts';
import type { Table } from './table.ts';

/** What the other side's proposals say about one side issue. */
export interface Wish {
  /** Where they stand: their last word. */
  readonly at: Level;
  /** Every position they took, newest first. */
  readonly taken: readonly Level[];
  /** How dear leaving their position seems to be to them, in parts of what it is worth to us. Above 1: not worth asking for. */
  readonly dearness: number;
}

/** Before anything is known, what they ask for is dearer to them than it is cheap to us. */
const UNKNOWN = 1.5;
/** Asking for the same again and again, while other things move: they mean it. */
const STUBBORN_STEP = 0.5;
/** A move over the whole range leaves this little; a quarter of it already makes the issue a thing to trade. */
const FLEXIBLE = 4;

/** Reads their offers (oldest first): what moved is cheap to them, what never moved is dear (after Hindriks and Tykhonov 2008, and
 * Faratin, Sierra and Jennings 2002). Depends on what they said and on nothing of ours. */
export function wishesOf(table: Table, theirs: readonly Proposal[]): readonly (Wish | null)[] {
  return table.sides.map((side, place) => {
    const last = theirs.at(-1)?.levels[place];
    if (side === null || last === undefined) return null;
    const taken = theirs.map(({ levels }) => levels[place] ?? last).reverse();
    const moved = taken.slice(1).reduce((sum, level, index) => sum + Math.abs(level - (taken[index] ?? level)), 0);
    const dearness =
      moved === 0 ? UNKNOWN + STUBBORN_STEP * (taken.length - 1) : UNKNOWN / (1 + (FLEXIBLE * moved) / side.span);
    return { at: last, taken, dearness };
  });
}
