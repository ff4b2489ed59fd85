/** Agents that do not bargain but look for something: the company's floor, its patience, its rates, or a gap in its memory. */

import type { Package } from '../negotiation/space.ts';
import { samePackage, withMain } from '../negotiation/table.ts';
import { wandering } from './choices.ts';
import { absolute } from './paces.ts';
import type { Scenario } from './scenario.ts';
import { asking, bestOf, type Heard, lastWord, type Opponent, type Reply, sidesWorthAsking } from './talk.ts';

/** Looks for the floor: halves what lies between the best it could dream of and what it is offered, never beyond what it would sign
 * itself; signs at the very end. */
export const prober: Opponent = (scenario) => {
  const { table, customer } = scenario;
  const { sign } = table.scale;
  let dream = scenario.mainFor(customer.ideal, 2 * customer.aspiration);
  return (heard) => {
    const best = bestOf(scenario, heard.open);
    if (best === undefined || heard.left === 0) return lastWord(scenario, heard);
    const offered = best[table.main] ?? 0;
    const bearable = scenario.mainFor(best, 0);
    const guess = Math.floor((dream + offered) / 2);
    dream = sign === 1 ? Math.min(guess, bearable) : Math.max(guess, bearable);
    return { kind: 'propose', levels: withMain(table, best, dream) };
  };
};

/** A talker that has lost its role: gives the company's own last offer back to it. */
export const echo: Opponent = (scenario) => (heard) => {
  const last = heard.open.at(-1);
  return last === undefined || heard.left === 0 ? lastWord(scenario, heard) : { kind: 'propose', levels: last };
};

/** Asks for the least possible step below what it is offered, every time. */
export const oneCent: Opponent = (scenario) => (heard) => {
  const best = bestOf(scenario, heard.open);
  if (best === undefined || heard.left === 0) return lastWord(scenario, heard);
  const { table } = scenario;
  const main = Math.max(0, (best[table.main] ?? 0) - table.scale.sign);
  return { kind: 'propose', levels: withMain(table, best, main) };
};

/** Copies the package it is offered, and moves on the price as much as the company did. */
export const imitator: Opponent = (scenario, dice) => (heard) => {
  const best = bestOf(scenario, heard.open);
  if (best === undefined || heard.left === 0) return lastWord(scenario, heard);
  const target = absolute(scenario, dice)(heard);
  if (scenario.customerGain(best) >= target) return { kind: 'accept', levels: best };
  return asking(scenario, best, target);
};

/** Stays as far away as keeps people out, and waits for the end of the path. */
export const outwaiter: Opponent = (scenario) => (heard) => {
  const { table, customer } = scenario;
  // What its favourite costs, once it has been told.
  const known = heard.open.find((each) => samePackage(table, each, customer.ideal)) ?? heard.open.at(-1);
  if (known === undefined || heard.left === 0) return lastWord(scenario, heard);
  return { kind: 'propose', levels: withMain(table, customer.ideal, farFrom(scenario, known)) };
};

/** Asks for another package each time, at a price that cannot be had, to learn what each costs; signs the best at the end. */
export const mapper: Opponent = (scenario) => {
  const all = sidesWorthAsking(scenario);
  return (heard) => {
    if (heard.left === 0) return lastWord(scenario, heard);
    const turn = heard.rounds - heard.left;
    const sides = all[Math.floor((turn * all.length) / heard.rounds) % all.length] ?? scenario.customer.ideal;
    const last = heard.open.at(-1);
    if (last === undefined) return lastWord(scenario, heard);
    return { kind: 'propose', levels: withMain(scenario.table, sides, farFrom(scenario, last)) };
  };
};

/** Withdraws when it has heard two answers, asks anew, and again; then behaves. */
export const returning =
  (then: Opponent): Opponent =>
  (scenario, random) => {
    const behaved = then(scenario, random);
    let begun = 0;
    return (heard: Heard): Reply => {
      const talked = heard.rounds - heard.left;
      if (begun < RETURNS && talked >= 2 && heard.left > 0) {
        begun += 1;
        return { kind: 'again' };
      }
      return begun < RETURNS && heard.left > 0 ? hopeless(scenario) : behaved(heard);
    };
  };

/** Says anything, signs nothing that is not good for it. */
export const random: Opponent = (scenario, dice) => (heard) => {
  const good = heard.open.filter((levels) => scenario.customerGain(levels) >= 0);
  const [first, ...rest] = good;
  if (first !== undefined && (heard.left === 0 || dice.next() < 0.2))
    return { kind: 'accept', levels: dice.pick([first, ...rest]) };
  if (heard.left === 0) return { kind: 'leave' };
  const levels = wandering(scenario, dice)(heard, 0);
  return asking(scenario, levels, dice.between(0, 2 * scenario.customer.aspiration));
};

/** Near enough that people would still look at it, and nothing given away. */
const OUTWAITS = 0.2;
const RETURNS = 2;

function farFrom({ table }: Scenario, offer: Package): number {
  return Math.round((offer[table.main] ?? 0) * (1 - table.scale.sign * OUTWAITS));
}

function hopeless(scenario: Scenario): Reply {
  return asking(scenario, scenario.customer.ideal, 2 * scenario.customer.aspiration);
}
