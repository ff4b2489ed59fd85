/** The company's price for every package of a set at once: the strategy's own prices. */

import { LIMITS } from '../../protocol/base/limits.ts';
import { digitsOf } from '../../protocol/base/money.ts';
import type { Offer, Schedule, Terms } from '../../protocol/operation.ts';
import { chosenTerms, pricedPackages } from '../../protocol/schedule.ts';
import type { Level } from './issues.ts';
import { better, type Points, reaches } from './policy.ts';
import type { Package, Space } from './space.ts';
import { costFree, lastMain, mainAt, type Side, type Table, withMain } from './table.ts';

/** What prices depend on beside the table. */
export interface Pricing {
  readonly table: Table;
  /** Their proposals, oldest first. */
  readonly theirs: readonly Package[];
  readonly kept: Kept;
  readonly mayDiscount: boolean;
}

/** What the company has once offered for a package stays within reach: by its side issues, the best level for the other side. A person's
 * offer past the limit, or another policy's, does not: the path goes on as though it had not been said. */
export type Kept = (levels: Package) => Level | undefined;

export function keptFrom(table: Table, said: readonly Package[]): Kept {
  const best = new Map<string, Level>();
  for (const levels of said) {
    const [key, level] = [sidesOf(table, levels), levels[table.main] ?? 0];
    if (!reaches(table.scale.sign, level, lastMain(table, levels))) continue;
    const before = best.get(key);
    if (before === undefined || reaches(table.scale.sign, before, level)) best.set(key, level);
  }
  return (levels) => best.get(sidesOf(table, levels));
}

/** Asked for every package of every schedule: one string, and no list on the way. */
function sidesOf({ main }: Table, levels: Package): string {
  let key = '';
  for (let place = 0; place < levels.length; place += 1) if (place !== main) key += `${levels[place] ?? 0},`;
  return key;
}

/** A package's main level: on the path, never worse than what was once offered for the same package. */
export function wantedMain({ table, kept, mayDiscount }: Pricing, levels: Package, target: Points): Level {
  const { sign } = table.scale;
  const wanted = mainAt(table, levels, target);
  if (!mayDiscount) return better(sign, wanted, costFree(table));
  const before = kept(levels);
  return before === undefined || reaches(sign, before, wanted) ? wanted : before;
}

interface Axis {
  /** Of the issue, in a package. */
  readonly place: number;
  readonly levels: readonly Level[];
}

/** The packages of a schedule, as levels. */
export interface PriceList {
  readonly axes: readonly Axis[];
  /** The last axis fastest; null: not offered. */
  readonly packages: readonly (Package | null)[];
}

/** Prices of every package that can be made of what there is to talk about, around the offers that are made now. Which packages these are
 * depends on the policy's own positions and on what they asked for, never on the limit, nor does what they cost. Null where there is
 * nothing to choose. */
export function priceList(pricing: Pricing, offers: readonly Package[], target: Points): PriceList | null {
  const { table } = pricing;
  const primary = offers.at(-1);
  const axes = primary === undefined ? [] : axesOf(pricing, offers);
  if (primary === undefined || axes.length === 0) return null;
  const own = new Map(offers.map((each) => [sidesOf(table, each), each]));
  const packages = combined(primary, axes).map((levels) => {
    const main = wantedMain(pricing, levels, target);
    if (!reaches(table.scale.sign, main, lastMain(table, levels))) throw new Error('a price came past the limit');
    return own.get(sidesOf(table, levels)) ?? withMain(table, levels, main);
  });
  return { axes, packages };
}

function axesOf({ table, theirs }: Pricing, offers: readonly Package[]): readonly Axis[] {
  const ranked = table.sides.flatMap((side, place) => {
    if (side === null || side.stated === null) return [];
    const levels = positions(side, side.stated, { now: offers, theirs, base: table.space.base }, place);
    return levels.length > 1 ? [{ place, levels }] : [];
  });
  const fitting = fitted(
    ranked,
    ranked.map(({ place }) => new Set(offers.map((each) => each[place])).size),
  );
  return fitting
    .filter(({ levels }) => levels.length > 1)
    .map(({ place, levels }) => ({ place, levels: levels.toSorted((a, b) => a - b) }));
}

/** What there is to choose on one issue, the most telling first: what is offered now, where it stands today and at the opening, what they
 * asked for, newest first, and the policy's own positions. */
function positions(
  side: Side,
  stated: readonly Level[],
  said: { readonly now: readonly Package[]; readonly theirs: readonly Package[]; readonly base: Package },
  place: number,
): readonly Level[] {
  const on = (all: readonly Package[]) => all.map((each) => side.clamp(each[place] ?? 0));
  return [...new Set([...on(said.now), ...on([said.base]), side.open, ...on(said.theirs.toReversed()), ...stated])];
}

/** A quarter of what the wire allows: what a person or a model still finds its way in, and what is judged in some milliseconds. */
const PACKAGES_MAX = LIMITS.schedulePackagesMax / 4;

/** Without the least telling positions of the longest issues, until a schedule holds it. `needed`: how many of each must stay. */
function fitted(axes: readonly Axis[], needed: readonly number[]): readonly Axis[] {
  const size = axes.reduce((product, { levels }) => product * levels.length, 1);
  if (size <= PACKAGES_MAX) return axes;
  const spare = axes.map(({ levels }, index) => (levels.length > (needed[index] ?? 1) ? levels.length : 0));
  const longest = spare.indexOf(Math.max(...spare));
  if ((spare[longest] ?? 0) === 0) return [];
  return fitted(
    axes.map((axis, index) => (index === longest ? { ...axis, levels: axis.levels.slice(0, -1) } : axis)),
    needed,
  );
}

function combined(primary: Package, axes: readonly Axis[]): readonly Package[] {
  return axes.reduce<readonly Package[]>(
    (all, { place, levels }) =>
      all.flatMap((each) => levels.map((level) => each.map((old, index) => (index === place ? level : old)))),
    [primary],
  );
}

/** How firm the company is about each of them. */
export interface Firmly {
  readonly firmness: Schedule['firmness'];
  readonly indicative: readonly number[];
}

/** On the wire. */
export function writeSchedule(table: Table, { axes, packages }: PriceList, firmly: Firmly): Schedule {
  const { space, main } = table;
  const issue = space.issues[main];
  const scale = digitsOf(space.currency) + Math.round(Math.log10(space.perUnit));
  const unit =
    issue?.kind !== 'money' ? {} : { unit: { currency: space.currency, ...(space.perUnit === 1 ? {} : { scale }) } };
  const price = (levels: Package) => {
    const level = levels[main] ?? 0;
    const value = issue?.kind === 'money' ? level : space.valueAt(main, level);
    return typeof value === 'number' || typeof value === 'string' ? value : null;
  };
  return {
    main: issue?.pointer ?? '',
    ...unit,
    issues: axes.map(({ place, levels }) => ({
      pointer: space.issues[place]?.pointer ?? '',
      values: levels.map((level) => space.valueAt(place, level)),
    })),
    prices: packages.map((each) => (each === null ? null : price(each))),
    ...firmly,
  };
}

/** All the packages that offers' schedules priced, as far as they can still be said about the record. */
export function statedIn(space: Space, offers: readonly Pick<Offer, 'terms' | 'schedule'>[]): readonly Package[] {
  return offers.flatMap((offer) => {
    const { schedule } = offer;
    const terms: readonly Terms[] =
      schedule === undefined
        ? []
        : pricedPackages(schedule).flatMap(({ choice }) => {
            const chosen = chosenTerms(offer, choice);
            return chosen.ok ? [chosen.value] : [];
          });
    return terms.flatMap((each) => {
      const levels = space.read(each);
      return levels.ok ? [levels.value] : [];
    });
  });
}
