import type { Json } from '../../protocol/base/json.ts';
import type { Terms } from '../../protocol/operation.ts';
import { type BuyerGoals, fitOf, type Goal, isBeyondLimits, jsonOf, limitsOf, numberOf, weightOf } from './goals.ts';

/** A proposal that is worth `enough`: on the side terms of the package on offer it is nearest to, or else on its own, and what is left to
 * reach on the price. The other side can take it for what it asked for; this side loses nothing against its plan. */
export function proposalFor(goals: BuyerGoals, enough: number, open: readonly Terms[]): Terms {
  const yields = yielding(goals);
  const sides = Object.entries(goals.terms).filter(([name]) => !yields.includes(name));
  const wishes = Object.fromEntries(sides.map(([name, { wish }]) => [name, jsonOf(wish)]));
  const at = (terms: Terms, fit: number): Terms => ({
    ...terms,
    ...Object.fromEntries(
      Object.entries(goals.terms).flatMap(([name, goal]) =>
        yields.includes(name) ? [[name, valueAt(goal, fit)]] : [],
      ),
    ),
  });
  const taken = open.flatMap((terms) => {
    const fit = priceFit(goals, yields, sides, terms, enough);
    if (fit === undefined || fit > 1) return [];
    const proposal = at(pick(terms, Object.keys(wishes)), Math.max(0, fit));
    // More than there is money for is nothing to bargain about.
    if (isBeyondLimits(goals, proposal)) return [];
    return [{ proposal, gap: gapBetween(goals, yields, proposal, terms) }];
  });
  taken.sort((a, b) => a.gap - b.gap);
  const own = priceFit(goals, yields, sides, wishes, enough) ?? enough;
  return taken[0]?.proposal ?? withinLimits(goals, at(wishes, Math.max(0, own)), open.at(-1) ?? {});
}

/** How far their price is from ours on the same side terms. */
function gapBetween(goals: BuyerGoals, yields: readonly string[], ours: Terms, theirs: Terms): number {
  return yields.reduce((sum, name) => {
    const wish = goals.terms[name]?.wish ?? 0;
    return (
      sum + Math.abs((numberOf(theirs[name], wish) ?? Number.POSITIVE_INFINITY) - (numberOf(ours[name], wish) ?? 0))
    );
  }, 0);
}

/** The terms that give way: money, or every term with a bound where there is no money. */
function yielding({ terms }: BuyerGoals): readonly string[] {
  const bounded = Object.entries(terms).filter(([, { most, least }]) => most !== undefined || least !== undefined);
  const money = bounded.filter(([, { wish }]) => typeof wish === 'object');
  const numeric = bounded.filter(([, { wish }]) => typeof wish === 'number');
  return (money.length > 0 ? money : numeric).map(([name]) => name);
}

/** How well the price must do for these side terms to be worth `enough` with it; `undefined` where a side term is beyond its bound. */
function priceFit(
  goals: BuyerGoals,
  yields: readonly string[],
  sides: readonly (readonly [string, Goal])[],
  terms: Terms,
  enough: number,
): number | undefined {
  let missing = 0;
  for (const [name, goal] of sides) {
    const fit = fitOf(goal, terms[name]);
    if (fit === undefined) return undefined;
    missing += weightOf(goal) * (enough - fit);
  }
  const weight = yields.reduce((sum, name) => sum + weightOf(goals.terms[name]), 0);
  return weight === 0 ? undefined : enough + missing / weight;
}

/** The value between bound (0) and wish (1), rounded towards the wish. */
function valueAt({ wish, most, least }: Goal, fit: number): Json {
  const from = numberOf(wish, wish) ?? 0;
  const to = numberOf(most ?? least, wish) ?? from;
  const level = from + Math.trunc((to - from) * (1 - fit));
  return typeof wish === 'object' ? { amount: level, currency: wish.currency } : level;
}

/** The price lowered to what the limits leave for so many; what the proposal does not name stays as last offered. */
function withinLimits(goals: BuyerGoals, terms: Terms, last: Terms): Terms {
  let lowered = terms;
  for (const limit of limitsOf(goals)) {
    const { of, most } = limit;
    const price = of.find((name) => typeof goals.terms[name]?.wish === 'object');
    const whole = { ...last, ...lowered };
    if (price === undefined || typeof most !== 'object' || !isBeyondLimits({ terms: {}, limits: [limit] }, whole))
      continue;
    const others = of.filter((name) => name !== price).reduce((product, name) => product * Number(whole[name]), 1);
    if (others > 0)
      lowered = { ...lowered, [price]: { amount: Math.floor(most.amount / others), currency: most.currency } };
  }
  return lowered;
}

function pick(terms: Terms, names: readonly string[]): Terms {
  return Object.fromEntries(names.flatMap((name) => (terms[name] === undefined ? [] : [[name, terms[name]]])));
}
