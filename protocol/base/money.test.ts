import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  amountAt,
  digitsOf,
  excess,
  fromDecimal,
  fromMinor,
  moneyAt,
  plus,
  times,
  toDecimal,
  toMinor,
  total,
} from './money.ts';

describe('decimal text', () => {
  it('is exact in both directions, whatever the currency’s digits', () => {
    const money = fc.record({
      amount: fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }),
      currency: fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF'),
    });
    fc.assert(
      fc.property(money, (each) => {
        expect(fromDecimal(toDecimal(each), each.currency)).toEqual({ ...each });
      }),
    );
  });

  it('may have zeros too many, and nothing else', () => {
    expect(fromDecimal('49.000', 'EUR')).toEqual({ amount: 4_900, currency: 'EUR' });
    expect(fromDecimal('49', 'EUR')).toEqual({ amount: 4_900, currency: 'EUR' });
    expect(fromDecimal('-0.00', 'EUR')).toEqual({ amount: 0, currency: 'EUR' });
    for (const text of ['19.999', '1e3', '0x10', ' 1', '1,00', '', '.5', '9999999999999999'])
      expect(fromDecimal(text, 'EUR')).toBeUndefined();
    expect(fromDecimal('1.5', 'JPY')).toBeUndefined();
  });
});

describe('T13: the minor unit', () => {
  it('has the digits of ISO 4217, in every currency that the platform knows', () => {
    // ICU follows ISO 4217 but for these, whose minor unit is not used in cash or has gone out of use there.
    const cash = new Set([
      'AFN',
      'ALL',
      'COP',
      'HUF',
      'IDR',
      'IQD',
      'IRR',
      'KPW',
      'LAK',
      'LBP',
      'MGA',
      'MMK',
      'MRO',
      'PKR',
      'RSD',
      'SOS',
      'SYP',
      'TZS',
      'YER',
      'SLL',
      'UYI',
      'UYW',
      'STD',
      'ISK',
      'UGX',
      'AMD',
      'CRC',
      'CZK',
      'DKK',
      'GYD',
      'MNT',
      'MUR',
      'NOK',
      'SEK',
      'TWD',
      'UZS',
      'VEF',
      'ZMK',
      'ITL',
      'BYR',
      'LUF',
      'ESP',
      'ADP',
      'MGF',
      'TRL',
      'TMM',
      'ZWD',
      'ZWL',
      'ROL',
      'RUR',
    ]);
    const wrong = Intl.supportedValuesOf('currency').filter((code) => {
      const { maximumFractionDigits } = new Intl.NumberFormat('en', {
        style: 'currency',
        currency: code,
      }).resolvedOptions();
      return !cash.has(code) && maximumFractionDigits !== digitsOf(code);
    });
    expect(wrong).toEqual([]);
    expect(['CLF', 'UYW', 'UYI', 'IQD', 'ISK', 'UGX', 'HUF', 'RSD'].map(digitsOf)).toEqual([4, 4, 0, 3, 0, 0, 2, 2]);
  });
});

describe('T13: a unit price', () => {
  it.each([
    ['4.995', 'EUR', { amount: 4_995, currency: 'EUR', scale: 3 }],
    ['0.000125', 'USD', { amount: 125, currency: 'USD', scale: 6 }],
    ['4.9900', 'EUR', { amount: 499, currency: 'EUR' }],
    ['0.5', 'JPY', { amount: 5, currency: 'JPY', scale: 1 }],
    ['0.00015', 'CLF', { amount: 15, currency: 'CLF', scale: 5 }],
  ])('of %s %s is read whole and written as it was', (text, currency, price) => {
    const read = fromDecimal(text, currency, 6);
    expect(read).toEqual(price);
    expect(Number(toDecimal(read ?? price))).toBe(Number(text));
    expect(fromMinor(String(toMinor(price)), currency, 6)).toEqual(price);
    if ('scale' in price) expect(fromDecimal(text, currency)).toBeUndefined();
  });

  it('is never finer than six decimals', () => {
    expect(fromDecimal('0.0000125', 'USD', 6)).toBeUndefined();
  });

  // By hand: price, scale, times, and the total in cents, half a cent away from zero.
  it.each([
    [4_995, 3, 1, 500],
    [4_995, 3, 3, 1_499],
    [4_994, 3, 1, 499],
    [-4_995, 3, 1, -500],
    [125, 6, 100, 1],
    [125, 6, 39, 0],
    [125, 6, 40, 1],
    [3_333, 5, 12, 40],
    [1, 6, 4_999, 0],
    [1, 6, 5_000, 1],
    [499, 2, 7, 3_493],
  ])('%i of scale %i, %i times, is %i cents in all, rounded once', (amount, scale, by, cents) => {
    const price = { amount, currency: 'EUR', scale };
    expect(total(times(price, BigInt(by)))).toEqual({ amount: cents, currency: 'EUR' });
    // In two steps it is the same: nothing is rounded on the way.
    expect(total(times(times(price, BigInt(by)), 1n))).toEqual({ amount: cents, currency: 'EUR' });
  });

  it('may be coarser than the minor unit, and is the same price in it', () => {
    const whole = (amount: number) => ({ amount, currency: 'EUR', scale: 0 });
    expect(excess(whole(50), whole(49), 1n)).toBe(100);
    expect(plus(whole(49), whole(0))).toEqual({ amount: 4_900, currency: 'EUR' });
    expect(moneyAt(whole(49))).toEqual({ amount: 4_900, currency: 'EUR' });
  });

  it('is added and compared exactly', () => {
    const fine = { amount: 4_995, currency: 'EUR', scale: 3 };
    expect(plus(fine, { amount: 1, currency: 'EUR' })).toEqual({ amount: 5_005, currency: 'EUR', scale: 3 });
    expect(plus(fine, fine)).toEqual({ amount: 999, currency: 'EUR' });
    expect(excess(fine, { amount: 499, currency: 'EUR' }, 10n)).toBe(5);
    expect(excess(fine, { amount: 499, currency: 'EUR' }, 1n)).toBe(1);
    expect(excess({ amount: 499, currency: 'EUR' }, fine, 1n)).toBe(0);
    expect(amountAt(fine, 6)).toBe(4_995_000);
    expect(amountAt(fine, 2)).toBeUndefined();
    expect(moneyAt({ amount: 4_995_000, currency: 'EUR', scale: 6 })).toEqual(fine);
  });
});
