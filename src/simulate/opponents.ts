/** Families of customers' agents, from the textbook to the hostile. Each sees what an agent sees on the wire, and its own wishes. */
import type { Points } from '../negotiation/policy.ts';
import type { Package } from '../negotiation/space.ts';
import { withMain } from '../negotiation/table.ts';
import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';

export type Reply =
  | { readonly kind: 'accept'; readonly levels: Package }
  | { readonly kind: 'propose'; readonly levels: Package }
  | { readonly kind: 'leave' };

/** What has been said so far. */
export interface Heard {
  /** The company's present offers, all of which may be accepted. */
  readonly open: readonly Package[];
  /** Every turn of the company's so far, with what it offered. */
  readonly company: readonly (readonly Package[])[];
  readonly own: readonly Package[];
  /** Turns of the agent left after this one. */
  readonly left: number;
  readonly rounds: number;
}

export type Opponent = (scenario: Scenario, random: Random) => (heard: Heard) => Reply;

/** Settles for evenly, early or late less of its wishes over time (Faratin, Sierra and Jennings 1998); never beyond its reservation. */
const concession =
  (beta: number): Opponent =>
  (scenario) =>
  (heard) => {
    const done = heard.rounds <= 1 ? 1 : (heard.rounds - 1 - heard.left) / (heard.rounds - 1);
    const target = Math.max(0, scenario.customer.aspiration * (1 - done ** (1 / beta)));
    return takeOrAsk(scenario, heard, target);
  };

/** Gives as much as it was given: the company's last concession, as the customer values it. */
const titForTat: Opponent = (scenario) => (heard) => {
  const best = heard.company.map((offers) => Math.max(...offers.map(scenario.customerGain)));
  const given = Math.max(0, (best.at(-1) ?? 0) - (best[0] ?? 0));
  const target = heard.left === 0 ? 0 : Math.max(0, scenario.customer.aspiration - given);
  return takeOrAsk(scenario, heard, target);
};

/** Wants nearly all of its wish, always. */
const stubborn: Opponent = (scenario) => (heard) => takeOrAsk(scenario, heard, 0.8 * scenario.customer.aspiration);

/** Says anything, signs nothing that is not good for it. */
const random: Opponent = (scenario, dice) => (heard) => {
  const good = heard.open.filter((levels) => scenario.customerGain(levels) >= 0);
  const [first, ...rest] = good;
  if (first !== undefined && (heard.left === 0 || dice.next() < 0.2))
    return { kind: 'accept', levels: dice.pick([first, ...rest]) };
  if (heard.left === 0) return { kind: 'leave' };
  const levels = scenario.table.space.base.map((level, place) => {
    const side = scenario.table.sides[place];
    return side === null || side === undefined ? level : dice.pick([level, side.open, ...side.knots]);
  });
  const gain = dice.between(0, 2 * scenario.customer.aspiration);
  return { kind: 'propose', levels: withMain(scenario.table, levels, scenario.mainFor(levels, gain)) };
};

/** Looks for the floor: halves the interval between what was refused and what was offered, and only signs at the very end. */
const prober: Opponent = (scenario) => {
  let low = 0;
  return (heard) => {
    const { table } = scenario;
    if (heard.left === 0) return takeOrAsk(scenario, heard, 0);
    const offered = heard.open.at(-1) ?? table.space.base;
    const high = offered[table.main] ?? 0;
    const guess = Math.floor((low + high) / 2);
    low = Math.max(low, guess);
    return { kind: 'propose', levels: withMain(table, offered, guess) };
  };
};

/** Talks like a model that has lost its role: gives the company's own last offer back to it. */
const echo: Opponent = (scenario) => (heard) => {
  const last = heard.open.at(-1);
  if (last === undefined || heard.left === 0) return takeOrAsk(scenario, heard, 0);
  return { kind: 'propose', levels: last };
};

/** Signs what is worth its target; else asks for that, on the side issues of the offer it likes best, or on its own. */
function takeOrAsk(scenario: Scenario, { open, left }: Heard, target: Points): Reply {
  const ranked = open
    .map((levels) => ({ levels, gain: scenario.customerGain(levels) }))
    .sort((a, b) => b.gain - a.gain);
  const [best] = ranked;
  if (best !== undefined && best.gain >= (left === 0 ? 0 : target)) return { kind: 'accept', levels: best.levels };
  if (left === 0) return { kind: 'leave' };
  const { table, customer } = scenario;
  const sides = best?.levels ?? customer.ideal;
  return { kind: 'propose', levels: withMain(table, sides, scenario.mainFor(sides, target)) };
}

export const OPPONENTS = {
  conceder: concession(3),
  linear: concession(1),
  boulware: concession(0.3),
  'tit-for-tat': titForTat,
  stubborn,
  random,
  prober,
  echo,
} as const satisfies Readonly<Record<string, Opponent>>;

export type Family = keyof typeof OPPONENTS;
export const FAMILIES = Object.keys(OPPONENTS).filter((name): name is Family => Object.hasOwn(OPPONENTS, name));

/** Those who want an agreement and move towards one. */
export const COOPERATIVE: ReadonlySet<Family> = new Set<Family>(['conceder', 'linear', 'boulware', 'tit-for-tat']);
