/** How published agents give way: by time, by what they are given, by steps. All end at their reservation and never pass it. */
import type { Points } from '../negotiation/policy.ts';
import { type Pace, timeOf } from './talk.ts';

/** By time: below 1 late (Boulware), above 1 early (Conceder); Faratin, Sierra and Jennings 1998. */
export const byTime =
  (e: number): Pace =>
  ({ customer }) =>
  (heard) =>
    customer.aspiration * (1 - timeOf(heard) ** (1 / e));

/** Gives as many points as it was given (Faratin: absolute tit-for-tat, without the dice). */
export const absolute: Pace = (scenario) => (heard) => scenario.customer.aspiration - givenUntil(heard.best);

/** Gives the same part of what is left to its end as the company gave of what it asked (Faratin: relative tit-for-tat). */
export const relative: Pace = (scenario) => {
  const { customer } = scenario;
  return (heard) => {
    const asked = paid(customer.reservation, heard.best);
    const parts = asked.slice(1).map((now, turn) => (asked[turn] ?? now) / now);
    const spent = Math.max(1, Math.abs(customer.reservation) + BEYOND - customer.aspiration);
    const spends = parts.reduce((sum, part) => sum * Math.max(1, part), spent);
    return customer.aspiration - (spends - spent);
  };
};

/** As much as the company gave on average over its last turns (Faratin: averaged tit-for-tat). */
export const averaged: Pace = (scenario) => {
  let target = scenario.customer.aspiration;
  return (heard) => {
    const given = heard.best;
    const over = given.slice(-WINDOW - 1);
    if (over.length > 1) target -= Math.max(0, givenUntil(over) / (over.length - 1));
    return target;
  };
};

/** One of its own bids for each new one of the other side (de Jonge 2022: MiCRO), in steps of one and a half percent. */
export const micro: Pace = ({ customer }) => {
  let [heardOf, given] = ['', 0];
  return ({ company }) => {
    const now = JSON.stringify(company.at(-1) ?? []);
    if (heardOf !== '' && now !== heardOf) given += MICRO_STEP;
    heardOf = now;
    return customer.aspiration - given;
  };
};

/** Goes as far towards what would be fair as the other side has come (Baarslag, Hindriks and Jonker 2013: Nice tit-for-tat). What is
 * fair it takes to be half of its wish. */
export const nice: Pace = (scenario) => (heard) => {
  const { aspiration } = scenario.customer;
  const fair = aspiration / 2;
  const given = heard.best;
  const [first = 0] = given;
  const came = fair <= first ? 1 : Math.min(1, givenUntil(given) / (fair - first));
  return aspiration - (aspiration - fair) * came;
};

/** Hardly anything to the last but one turn, then everything. */
export const late: Pace =
  ({ customer }) =>
  ({ left }) =>
    left > 1 ? customer.aspiration : 0;

/** Nearly all of its wish, always. */
export const never: Pace =
  ({ customer }) =>
  () =>
    0.8 * customer.aspiration;

/** Anything. */
export const erratic: Pace =
  ({ customer }, dice) =>
  () =>
    dice.between(0, 2 * customer.aspiration);

const WINDOW = 2;
const MICRO_STEP: Points = 150;
/** Points above anybody's reservation: a price of nothing has no parts. */
const BEYOND: Points = 1_000;

/** What has been given since the first turn. */
function givenUntil(given: readonly Points[]): Points {
  return Math.max(0, (given.at(-1) ?? 0) - (given[0] ?? 0));
}

function paid(reservation: Points, given: readonly Points[]): readonly Points[] {
  return given.map((gain) => Math.max(1, Math.abs(reservation) + BEYOND - gain));
}
