import { describe, expect, it } from 'vitest';
import type { Json } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { nearest } from '../engine/nearest.ts';
import { makeAjv } from './ajv.ts';
import { checker } from './checker.ts';
import { readDefinitions } from './files.ts';

const contract = readDefinitions();
const faultsOf = (action: string, input: Json) => {
  const checked = contract.action(action)?.checkInput(input);
  return checked?.ok === false ? checked.error.extra?.['errors'] : [];
};

describe('what is wrong with an input', () => {
  it('D16: is told whole, and what was meant by a name that is not known', () => {
    const input = { contrat: 'K-1001', proposal: { unitPrice: {}, seats: 'x', term_month: 12 }, message: 7 };
    expect(faultsOf('contract.renew', input)).toEqual(
      expect.arrayContaining([
        { pointer: '/contract', message: 'is missing' },
        { pointer: '/contrat', message: 'is not known here: did you mean contract?' },
        { pointer: '/proposal/unitPrice', message: 'is not known here: did you mean unit_price?' },
        { pointer: '/proposal/term_month', message: 'is not known here: did you mean term_months?' },
        expect.objectContaining({ pointer: '/proposal/seats', message: 'must be integer' }),
        { pointer: '/message', message: 'must be string' },
      ]),
    );
  });

  it('D16: names the values that may stand there', () => {
    const check = checker(makeAjv(), { type: 'object', properties: { a: { enum: ['x', 'y'] } } }, '/schemas/a');
    expect(check({ a: 'z' })).toMatchObject({ error: { detail: '/a must be "x" or "y".' } });
  });

  it('D16: is bounded, whatever was sent', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`no${at}`, at]));
    expect(faultsOf('contract.renew', many)).toHaveLength(LIMITS.faultsTold);
    const long = { contract: 'K-1001', message: 'x'.repeat(LIMITS.faultsSearchedChars), ...many };
    expect(faultsOf('contract.renew', long)).toHaveLength(1);
  });

  it('has no faults where there are none, and says only yes or no where nobody reads them', () => {
    const check = checker(makeAjv(), { type: 'object', required: ['a'] }, '/schemas/a');
    expect([check({ a: 1 }).ok, check.accepts({ a: 1 }), check.accepts({}), check.accepts([])]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('N9: a value that is refused', () => {
  const helpFor = (proposal: Record<string, Json>) => faultsOf('contract.renew', { contract: 'K-1001', proposal });

  it.each([
    [{ unit_price: '38.00 EUR' }, '/proposal/unit_price', '38.00 EUR', { amount: 3_800, currency: 'EUR' }],
    [{ unit_price: '38,00 €' }, '/proposal/unit_price', '38.00 EUR', { amount: 3_800, currency: 'EUR' }],
    [{ unit_price: 3_800 }, '/proposal/unit_price', '45.00 EUR', undefined],
    [
      { unit_price: { amount: 38.5, currency: 'EUR' } },
      '/proposal/unit_price/amount',
      '38.50 EUR',
      { amount: 3_850, currency: 'EUR' },
    ],
    [
      { unit_price: { amount: '38.5', currency: 'JPY' } },
      '/proposal/unit_price/amount',
      '38.5 JPY',
      { amount: 385, currency: 'JPY', scale: 1 },
    ],
    [
      { unit_price: { amount: 3_800, currency: 'eur' } },
      '/proposal/unit_price/currency',
      '38.00 EUR',
      { amount: 3_800, currency: 'EUR' },
    ],
    [{ term_months: 600 }, '/proposal/term_months', 'from 1 to 60', 60],
    [{ seats: '30' }, '/proposal/seats', 'from 1 to 100000', 30],
    [{ start_date: '1.2.2027' }, '/proposal/start_date', 'YYYY-MM-DD', '2027-02-01'],
    [{ start_date: 'soon' }, '/proposal/start_date', 'YYYY-MM-DD', undefined],
  ] as const)('is told its unit, its range and a corrected example: %j', (proposal, pointer, words, example) => {
    const faults = helpFor(proposal as Record<string, Json>) as {
      pointer: string;
      expected?: string;
      example?: Json;
    }[];
    const fault = faults.find((each) => each.pointer === pointer);
    expect(fault?.expected).toContain(words);
    expect(fault?.example).toEqual(example);
    if (fault?.example !== undefined) {
      const member = pointer.split('/')[2] ?? '';
      const checked = contract.action('contract.renew')?.checkInput({
        contract: 'K-1001',
        proposal: { [member]: fault.example },
      });
      expect(checked?.ok).toBe(true);
    }
  });
});

it.each([
  ['unitPrice', 'unit_price'],
  ['unit-price', 'unit_price'],
  ['pirce', 'price'],
  ['seat', 'seats'],
  ['wholly_other', undefined],
  ['x', undefined],
  ['', undefined],
])('the name nearest to %s is %s', (name, meant) => {
  expect(nearest(name, ['price', 'unit_price', 'seats', 'term_months'])).toBe(meant);
});
