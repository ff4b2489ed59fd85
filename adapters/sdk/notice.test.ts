import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { endingOf, type Notice } from './notice.ts';

const CONTRACT: JsonObject = {
  start_date: '2026-01-01',
  end_date: '2026-12-31',
  term_months: 12,
  auto_renew: true,
  seats: 10,
  unit_price: { amount: 4_900, currency: 'EUR' },
};
const notice = (more: Partial<Notice> = {}): Notice => ({
  when: 'now',
  on: undefined,
  earlyExit: false,
  given: '2026-05-10',
  givenThere: more.given ?? '2026-05-10',
  coolingOffDays: 14,
  ...more,
});
const ending = (law: JsonObject, more: Partial<Notice> = {}) => {
  const contract = { ...CONTRACT, ...law };
  return endingOf((field) => contract[field] ?? null, notice(more));
};

describe('T8: a contract ends by its own law', () => {
  it.each([
    ['in days', { notice_days: 30 }, {}, '2026-06-09'],
    ['in months', { notice_months: 3 }, {}, '2026-08-10'],
    ['in months, from the 31st', { notice_months: 1 }, { given: '2026-08-31' }, '2026-09-30'],
    ['to the end of a month', { notice_days: 30, notice_to: 'month' }, {}, '2026-06-30'],
    ['to the end of a quarter', { notice_months: 1, notice_to: 'quarter' }, {}, '2026-06-30'],
    [
      'to the end of a quarter, just missed',
      { notice_months: 1, notice_to: 'quarter' },
      { given: '2026-06-01' },
      '2026-09-30',
    ],
    ['to the end of the term', { notice_months: 3, notice_to: 'term' }, {}, '2026-12-31'],
    [
      'to the end of the term, too late for this one',
      { notice_months: 3, notice_to: 'term' },
      { given: '2026-10-02' },
      '2027-12-31',
    ],
    ['not before a day', { notice_days: 30, no_notice_before: '2026-09-01' }, {}, '2026-10-01'],
    ['not before the minimum term is over', { notice_days: 30, minimum_until: '2027-06-30' }, {}, '2027-06-30'],
    ['not before a minimum in months', { notice_days: 30, minimum_months: 24 }, {}, '2027-12-31'],
    ['with none', {}, {}, '2026-05-10'],
    ['without an end', { notice_days: 30, end_date: null, notice_to: 'term' }, {}, '2026-06-09'],
    ['on a later day that is wished for', { notice_days: 30 }, { when: 'date', on: '2026-09-15' }, '2026-09-15'],
    ['not on a day that is too soon', { notice_days: 30 }, { when: 'date', on: '2026-05-20' }, '2026-06-09'],
    ['at the end of its period', { notice_days: 30 }, { when: 'period_end' }, '2026-12-31'],
    ['not later than it ends anyway', { notice_days: 90, auto_renew: false }, { given: '2026-11-10' }, '2026-12-31'],
    [
      'within a next term that is agreed on',
      { notice_days: 90, auto_renew: false, next_end_date: '2027-12-31' },
      { given: '2026-11-10' },
      '2027-02-08',
    ],
  ] as const)('%s', (_what, law, more, expected) => {
    expect(ending(law, more)).toEqual({ endsOn: expected, coolingOff: false, fee: undefined });
  });

  const MINIMUM = { notice_days: 30, minimum_until: '2028-12-31' };
  it.each([
    ['an amount', { early_exit_fee: { amount: 50_000, currency: 'EUR' } }, { amount: 50_000, currency: 'EUR' }],
    ['months', { early_exit_months: 3 }, { amount: 147_000, currency: 'EUR' }],
  ])('early for a fee in %s, where the customer says so', (_what, exit, fee) => {
    expect(ending({ ...MINIMUM, ...exit }, { earlyExit: true })).toMatchObject({ endsOn: '2026-06-09', fee });
    expect(ending({ ...MINIMUM, ...exit })).toEqual({ endsOn: '2028-12-31', coolingOff: false, fee: undefined });
    const late = ending({ ...MINIMUM, ...exit }, { earlyExit: true, when: 'date', on: '2029-01-31' });
    expect(late).toEqual({ endsOn: '2029-01-31', coolingOff: false, fee: undefined });
  });

  it('T3: early for no less than when its term began, nor than now', () => {
    const months = { ...MINIMUM, early_exit_months: 3 };
    const feeOf = (now: number, then: number) =>
      ending(
        { ...months, seats: now },
        { earlyExit: true, before: (field) => ({ ...CONTRACT, ...months, seats: then })[field] ?? null },
      ).fee?.amount;
    expect(feeOf(1, 10)).toBe(147_000);
    expect(feeOf(20, 10)).toBe(294_000);
  });

  it('early for nothing where it ends by itself before', () => {
    const bound = { ...MINIMUM, early_exit_months: 3, auto_renew: false };
    const free = { endsOn: '2026-12-31', coolingOff: false, fee: undefined };
    expect(ending(bound, { earlyExit: true, given: '2026-12-10' })).toEqual(free);
    expect(ending(bound, { earlyExit: true, when: 'period_end' })).toEqual(free);
    expect(ending(bound, { earlyExit: true })).toMatchObject({ endsOn: '2026-06-09', fee: { amount: 147_000 } });
  });

  it('early only where it has such a clause', () => {
    expect(ending(MINIMUM, { earlyExit: true })).toMatchObject({ endsOn: '2028-12-31', fee: undefined });
  });

  it('at once and for nothing within the cooling-off days, whatever its minimum term', () => {
    const bought = { ...MINIMUM, early_exit_months: 3, concluded_on: '2026-05-01', start_date: '2026-06-01' };
    expect(ending(bought)).toEqual({ endsOn: '2026-05-10', coolingOff: true, fee: undefined });
    expect(ending({ ...bought, cooling_off_days: 7 }).coolingOff).toBe(false);
  });
});

describe('T11: the cooling-off days', () => {
  it.each([
    [
      'count from the conclusion, not from the start',
      { concluded_on: '2026-04-01', start_date: '2026-05-05' },
      {},
      false,
    ],
    ['end with the fourteenth day after it', { concluded_on: '2026-04-26' }, {}, true],
    ['and not later', { concluded_on: '2026-04-25' }, {}, false],
    [
      'are the customer’s days: still the 10th in the west',
      { concluded_on: '2026-04-26' },
      { given: '2026-05-11', givenThere: '2026-05-10' },
      true,
    ],
    [
      'are the customer’s days: the 11th already in the east',
      { concluded_on: '2026-04-26' },
      { given: '2026-05-10', givenThere: '2026-05-11' },
      false,
    ],
    ['go by the start where the conclusion is not known', { start_date: '2026-05-01' }, {}, true],
  ] as const)('%s', (_what, law, more, expected) => {
    expect(ending(law, more).coolingOff).toBe(expected);
  });
});

it('T6: asks for nothing that does not decide', () => {
  const asked: string[] = [];
  endingOf(
    (field) => {
      asked.push(field);
      return CONTRACT[field] ?? null;
    },
    notice({ given: '2026-05-10' }),
  );
  expect(asked).not.toContain('unit_price');
  expect(asked).not.toContain('seats');
});
