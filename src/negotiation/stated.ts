import type { Firmness, Schedule, Terms } from '../../protocol/operation.ts';
import { scheduleFault } from '../../protocol/schedule.ts';
import { requirementsOn } from '../engine/requirements.ts';
import type { World } from '../engine/world.ts';
import { costOf } from './budget.ts';
import { type PriceList, writeSchedule } from './schedule.ts';
import type { Package } from './space.ts';
import type { Stand } from './stand.ts';
import type { Table } from './table.ts';
import type { NeedsSignoff } from './talk.ts';

/** The offer a schedule stands beside, and what the held ones of its round reserve. */
export interface Beside {
  readonly terms: Terms;
  readonly firmness: Firmness;
  /** Minor units. */
  readonly reserved: number;
}

/** The schedule of an offer as the company can make it good: without the packages that the action's own rules refuse, and with those
 * named that a person must sign off, or for which nothing is reserved where a budget pays. Undefined where nothing is left to choose. */
export function stateSchedule(
  { world, needsSignoff }: { readonly world: World; readonly needsSignoff: NeedsSignoff },
  { table, talking }: Pick<Stand, 'talking'> & { readonly table: Table },
  { axes, packages }: PriceList,
  beside: Beside,
): Schedule | undefined {
  const meets = requirementsOn(world, talking);
  const sensible = packages.map((levels) => {
    const terms = levels === null ? null : table.space.write(levels);
    const offered = levels !== null && terms !== null && meets(terms).ok;
    return offered ? { levels, firm: !needsSignoff(talking, terms) && isFirm(table, levels, beside) } : null;
  });
  const firm = sensible.some((each) => each?.firm === true);
  const schedule = writeSchedule(
    table,
    { axes, packages: sensible.map((each) => each?.levels ?? null) },
    {
      firmness: !firm ? 'indicative' : beside.firmness === 'held' ? 'held' : 'binding',
      indicative: firm ? sensible.flatMap((each, place) => (each?.firm === false ? [place] : [])) : [],
    },
  );
  const others = schedule.prices.filter((price) => price !== null).length > 1;
  return others && scheduleFault({ terms: beside.terms, schedule }) === undefined ? schedule : undefined;
}

/** What costs a budget nothing, or no more than is reserved for the offers: whichever is accepted, it is one of them. */
function isFirm(table: Table, levels: Package, { firmness, reserved }: Beside): boolean {
  const cost = table.policy.numbers.budget === null ? 0 : costOf(table, levels);
  return cost === 0 || (firmness === 'held' && cost <= reserved);
}
