import type { JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';

/** Hundredths of a percent: all price arithmetic is in integers. */
export type BasisPoints = number;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** What the company is ready to do in a renewal, from configuration. Prices are in percent of the current unit price. */
export interface PolicyNumbers {
  readonly term_months: Range & { readonly preferred: number };
  readonly seats: Range;
  /** Days after the day that follows the current end. */
  readonly start_delay_days: Range;
  readonly notice_days: Range;
  /** The first ask. */
  readonly open: BasisPoints;
  /** Where concessions end by themselves: the last ask before the floor would say otherwise. */
  readonly concede_to: BasisPoints;
  /** Off the ask and off the floor, for each whole year beyond the first. */
  readonly per_extra_year: BasisPoints;
  /** Off both, when seats grow by at least a quarter. */
  readonly for_growth: BasisPoints;
  /** 1: even steps; below 1: gives late (Boulware); above 1: gives early (Faratin, Sierra and Jennings 1998). */
  readonly beta: number;
}

/** A negotiation policy. The floor is held where nothing can print it: it is only ever compared with, in this folder. */
export class NegotiationPolicy {
  readonly numbers: PolicyNumbers;
  readonly #floor: BasisPoints;

  constructor(numbers: PolicyNumbers, floor: BasisPoints) {
    this.numbers = numbers;
    this.#floor = floor;
  }

  /** The lowest unit price, in minor units, for a package whose rebates are these: rounded up, in the company's favour. */
  lowest(current: number, rebate: BasisPoints): number {
    return scaleUp(current, this.#floor - rebate);
  }

  toJSON(): string {
    return '[negotiation policy]';
  }
}

const PARTS = 10_000n;

/** `amount × bp / 10000`, rounded up, exact. */
export function scaleUp(amount: number, bp: BasisPoints): number {
  const product = BigInt(amount) * BigInt(Math.max(0, bp));
  return Number((product + PARTS - 1n) / PARTS);
}

/** Reads a policy of the configuration. Every mistake at once; none of the messages repeats a value. */
export function parseNegotiationPolicy(json: JsonObject): Result<NegotiationPolicy, readonly string[]> {
  const problems: string[] = [];
  const known = new Set([
    'term_months',
    'preferred_term_months',
    'seats',
    'start_delay_days',
    'notice_days',
    'price_percent',
    'rebate_percent',
    'beta',
  ]);
  for (const name of Object.keys(json)) if (!known.has(name)) problems.push(`/${name} is not known`);
  const number = (path: string, value: unknown, min: number, max: number): number => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    problems.push(`${path} must be a number from ${min} to ${max}`);
    return min;
  };
  const range = (name: string, min: number, max: number): Range => {
    const value = member(json, name);
    const found = {
      min: number(`/${name}/min`, value['min'], min, max),
      max: number(`/${name}/max`, value['max'], min, max),
    };
    if (found.min > found.max) problems.push(`/${name} is empty`);
    return found;
  };
  const percent = (path: string, value: unknown, max: number): BasisPoints =>
    Math.round(number(path, value, 0, max) * 100);
  const price = member(json, 'price_percent');
  const rebate = member(json, 'rebate_percent');
  const term = range('term_months', 1, 60);
  const numbers: PolicyNumbers = {
    term_months: {
      ...term,
      preferred: number('/preferred_term_months', json['preferred_term_months'] ?? term.min, term.min, term.max),
    },
    seats: range('seats', 1, 100_000),
    start_delay_days: range('start_delay_days', 0, 365),
    notice_days: range('notice_days', 0, 365),
    open: percent('/price_percent/open', price['open'], 500),
    concede_to: percent('/price_percent/concede_to', price['concede_to'], 500),
    per_extra_year: percent('/rebate_percent/per_extra_year', rebate['per_extra_year'] ?? 0, 50),
    for_growth: percent('/rebate_percent/for_growth', rebate['for_growth'] ?? 0, 50),
    beta: number('/beta', json['beta'] ?? 1, 0.05, 20),
  };
  const floor = percent('/price_percent/floor', price['floor'], 500);
  if (numbers.open < numbers.concede_to || numbers.concede_to < floor)
    problems.push('/price_percent must fall: open, concede_to, floor');
  return problems.length > 0 ? err(problems) : ok(new NegotiationPolicy(numbers, floor));
}

function member(json: JsonObject, name: string): JsonObject {
  const value = json[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
