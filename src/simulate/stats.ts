/** How sure a figure is. Everything is seeded: the same talks give the same intervals. */
import { seeded } from './random.ts';

/** A figure and where it lies in 95 of 100 repetitions. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1_000;
const SEED = 0xb007;

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

/** The percentile bootstrap of a mean (Efron 1979). */
export function meanOf(values: readonly number[]): Estimate {
  const value = mean(values);
  if (values.length < 2) return { value, low: value, high: value };
  const dice = seeded(SEED);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let each = 0; each < values.length; each += 1) sum += values[Math.floor(dice.next() * values.length)] ?? 0;
    return sum / values.length;
  }).sort();
  const at = (part: number) => means[Math.min(RESAMPLES - 1, Math.floor(part * RESAMPLES))] ?? value;
  return { value, low: at(0.025), high: at(0.975) };
}

/** A share of so many, by Wilson's score (1927): it says that all of few is not all of many. */
export function shareOf(hits: number, of: number): Estimate {
  if (of === 0) return { value: 0, low: 0, high: 1 };
  const value = hits / of;
  const z2 = Z * Z;
  const centre = (value + z2 / (2 * of)) / (1 + z2 / of);
  const spread = (Z * Math.sqrt((value * (1 - value)) / of + z2 / (4 * of * of))) / (1 + z2 / of);
  return { value, low: Math.max(0, centre - spread), high: Math.min(1, centre + spread) };
}

const Z = 1.959964;

/** What two of the same things differ by, taken pair by pair. `too_few`: nothing follows from so few, whatever they say. */
export interface Difference extends Estimate {
  readonly verdict: 'more' | 'less' | 'no_difference_seen' | 'too_few';
  readonly pairs: number;
}

/** Below this a bootstrap promises more than it keeps. */
export const PAIRS_MIN = 30;

export function differenceOf(pairs: readonly (readonly [before: number, after: number])[]): Difference {
  const estimate = meanOf(pairs.map(([before, after]) => after - before));
  const sure = estimate.low > 0 ? 'more' : estimate.high < 0 ? 'less' : 'no_difference_seen';
  return { ...estimate, pairs: pairs.length, verdict: pairs.length < PAIRS_MIN ? 'too_few' : sure };
}
