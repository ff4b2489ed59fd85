/** Which side issues published agents ask for while they want so much in all. */
import type { Points } from '../negotiation/policy.ts';
import type { Package } from '../negotiation/space.ts';
import { withMain } from '../negotiation/table.ts';
import type { Scenario } from './scenario.ts';
import { bestOf, type Choice, type Heard, sidesWorthAsking } from './talk.ts';

/** Its favourites, whatever is answered. */
export const ideal: Choice =
  ({ customer }) =>
  () =>
    customer.ideal;

/** Those of the offer it likes best. */
export const copied: Choice = (scenario) => (heard) => bestOf(scenario, heard.open) ?? scenario.customer.ideal;

/** Of all that is worth the same to itself, what is most like the company's last offer (Faratin, Sierra and Jennings 2002). */
export const tradeOff: Choice = (scenario) => {
  const all = sidesWorthAsking(scenario);
  return ({ open }, target) => {
    const last = open.at(-1);
    return last === undefined ? scenario.customer.ideal : nearest(scenario, all, { last, target });
  };
};

/** Of all that is worth the same to itself, what has most of the positions that the company took most often, and pays most (after
 * Smith 2009: opponent's preferences by the frequency of its values). */
export const byFrequency: Choice = (scenario) => {
  const { table, customer } = scenario;
  const all = sidesWorthAsking(scenario);
  return ({ company }, target) => {
    const offers = company.flat();
    if (offers.length === 0) return customer.ideal;
    const often = table.sides.map((side, place) => {
      const counts = new Map<number, number>();
      if (side !== null)
        for (const each of offers) counts.set(each[place] ?? 0, (counts.get(each[place] ?? 0) ?? 0) + 1);
      return counts;
    });
    const dearest = Math.max(1, ...all.map((each) => Math.abs(scenario.mainFor(each, target))));
    const liked = (each: Package) =>
      each.reduce((sum, level, place) => sum + (often[place]?.get(level) ?? 0) / offers.length, 0) +
      (table.scale.sign * scenario.mainFor(each, target)) / dearest;
    return all.reduce((best, each) => (liked(each) > liked(best) ? each : best), customer.ideal);
  };
};

/** Any. */
export const wandering: Choice =
  ({ table }, dice) =>
  () =>
    table.space.base.map((level, place) => {
      const side = table.sides[place];
      return side === null || side === undefined ? level : dice.pick([level, side.open, ...side.knots]);
    });

/** Says it wants the opposite of what it wants until there are two turns left. */
export const misreported: Choice = ({ table, customer }) => {
  const opposite = customer.ideal.map((level, place) => {
    const side = table.sides[place];
    if (side === null || side === undefined) return level;
    const away = [side.open, ...side.knots].toSorted((a, b) => customer.minds(place, b) - customer.minds(place, a));
    return away[0] ?? level;
  });
  return ({ left }: Heard) => (left > 1 ? opposite : customer.ideal);
};

function nearest(
  scenario: Scenario,
  all: readonly Package[],
  { last, target }: { readonly last: Package; readonly target: Points },
): Package {
  const { table, opening, customer } = scenario;
  const apart = (sides: Package) => {
    const away = sides.reduce((sum, level, place) => {
      const side = table.sides[place];
      return side === null || side === undefined ? sum : sum + Math.abs(level - (last[place] ?? 0)) / side.span;
    }, 0);
    const price = withMain(table, last, scenario.mainFor(sides, target));
    return away + Math.abs(scenario.companyGain(price) - scenario.companyGain(last)) / opening;
  };
  return all.reduce((best, each) => (apart(each) < apart(best) ? each : best), customer.ideal);
}
