import { describe, expect, it } from 'vitest';
import type { Offer, OperationView, Schedule } from '../operation.ts';
import vectors from '../vectors/schedule.json' with { type: 'json' };
import { schedulesInWords, scheduleTable } from './schedule-words.ts';

const { schedule, terms } = vectors.base as unknown as { schedule: Schedule; terms: Offer['terms'] };
const seen = (open: readonly string[], ...offers: object[]) =>
  schedulesInWords({ offers, open_offers: open } as unknown as OperationView);

describe('N1: a schedule in words', () => {
  it('is a table with a way to take a package of it', () => {
    expect(
      seen(['of_1'], { id: 'of_1', terms, schedule }),
    ).toBe(`Every package has its price: unit_price in EUR, by term_months, seats; *: indicative, the others are binding; –: not offered.
term_months | seats 25 | 40
12 | 50.00 | 49.00
24 | 48.50 | 48.00
36 | 47.00* | –
To take one, accept offer of_1 with its \`choice\`, e.g. {"/term_months":12,"/seats":25}. All else is as in that offer’s terms.`);
  });

  it('is said of what may be accepted only', () => {
    expect(seen([], { id: 'of_1', terms, schedule })).toBe('');
    expect(seen(['of_2'], { id: 'of_1', terms, schedule }, { id: 'of_2', terms })).toBe('');
  });

  it('has as many rows as there are packages of all issues but the last', () => {
    for (const each of vectors.chosen) {
      const { issues } = each.schedule;
      const rows = issues.slice(0, -1).reduce((product, { values }) => product * values.length, 1);
      expect(scheduleTable(each.schedule as unknown as Schedule).split('\n')).toHaveLength(rows + 1);
    }
  });
});
