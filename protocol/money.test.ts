import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromDecimal, toDecimal } from './money.ts';

describe('decimal text', () => {
  it('is exact in both directions, whatever the currency’s digits', () => {
    const money = fc.record({
      amount: fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }),
      currency: fc.constantFrom('EUR', 'JPY', 'KWD'),
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
