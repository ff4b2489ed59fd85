import { describe, expect, it } from 'vitest';
import { seeded } from './random.ts';
import { differenceOf, meanOf, shareOf } from './stats.ts';

describe('an interval', () => {
  it('of a share is that of Wilson: all of few is not all of many', () => {
    // Newcombe 1998, table I: 81 of 263, and 0 of 20.
    const [some, none] = [shareOf(81, 263), shareOf(0, 20)];
    expect([some.low, some.high].map((each) => each.toFixed(4))).toEqual(['0.2553', '0.3662']);
    expect([none.low, none.high].map((each) => each.toFixed(4))).toEqual(['0.0000', '0.1611']);
    expect(shareOf(0, 0)).toEqual({ value: 0, low: 0, high: 1 });
  });

  it('of a mean holds the true one about 95 times in 100', () => {
    const dice = seeded(3);
    let held = 0;
    for (let each = 0; each < 200; each += 1) {
      const { low, high } = meanOf(Array.from({ length: 60 }, () => dice.next()));
      if (low <= 0.5 && 0.5 <= high) held += 1;
    }
    expect(held).toBeGreaterThan(180);
    expect(held).toBeLessThan(200);
  });

  it('is the same for the same values', () => {
    const values = [1, 5, 2, 8, 3];
    expect(meanOf(values)).toEqual(meanOf(values));
  });
});

describe('a difference', () => {
  const pairs = (count: number, by: number) =>
    Array.from({ length: count }, (_, index): [number, number] => [index * 100, index * 100 + by + (index % 3)]);

  it('is seen pair by pair where the things themselves differ a hundred times as much', () => {
    expect(differenceOf(pairs(40, 1)).verdict).toBe('more');
    expect(differenceOf(pairs(40, -5)).verdict).toBe('less');
    expect(differenceOf(pairs(40, -1)).verdict).toBe('no_difference_seen');
  });

  it('is not said of too few', () => {
    expect(differenceOf(pairs(29, 1)).verdict).toBe('too_few');
  });
});
