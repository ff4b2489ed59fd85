import { describe, expect, it } from 'vitest';
import { RENEWAL_FACTS } from '../../test/support/bargain.ts';
import { readDefinitions } from '../actions/files.ts';
import { firstOffer, sampleFor } from './first-offer.ts';
import { parseNegotiationPolicy } from './parse-policy.ts';
import { parsePolicies } from './segments.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const MAIN = { issue: '/unit_price', percent_of: '/unit_price', open: 104, concede_to: 97, limit: 90 };
const { percent_of: _percent, ...OWN } = MAIN;
const FIELDS = ['unit_price', 'list_price', 'term_months', 'seats', 'status'];

function mistakes(policy: object): readonly string[] {
  const read = parseNegotiationPolicy({ main: MAIN, ...policy }, RENEWAL_FACTS.issues, 'test', { fields: FIELDS });
  return read.ok ? [] : read.error;
}

function first(main: object, record = RENEWAL_FACTS.record) {
  const definition = readDefinitions().action('contract.renew')?.definition;
  const policy = parseNegotiationPolicy({ main } as never, RENEWAL_FACTS.issues, 'test');
  if (!policy.ok || definition === undefined) throw new Error('no policy');
  const told = firstOffer(policy.value, { definition, record, today: '2026-10-01' });
  const sample = firstOffer(policy.value, {
    definition,
    record: sampleFor(definition, policy.value, '2026-10-01'),
    today: '2026-10-01',
  });
  if (!told.ok || !sample.ok) throw new Error('no offer');
  return { ...told.value, sample: sample.value };
}

describe('a unit', () => {
  it('T21: is named: percent of a field, or the issue’s own', () => {
    expect(mistakes({ main: OWN })).toEqual([
      '/main needs percent_of (a pointer into the record, as /unit_price: then its numbers are percentages) or "unit": "minor" (minor units: 104 is 1.04 in euros)',
      '/main/sample must name what /unit_price usually is, as {"amount": 4900, "currency": "EUR"}: the first offer is held against it',
    ]);
    expect(mistakes({ main: { ...MAIN, unit: 'minor', sample: { unit_price: eur(4_900) } } })).toEqual([
      '/main has percent_of and unit: numbers are percentages, or in units of their own',
    ]);
    const own = {
      ...OWN,
      unit: 'minor',
      sample: { unit_price: eur(4_900) },
      open: 5_000,
      concede_to: 4_800,
      limit: 4_500,
    };
    expect(mistakes({ main: own })).toEqual([]);
  });

  it('T21: bounds what a side issue may be worth: a price’s worth in percent, as much as the price in its own', () => {
    const issues = { '/term_months': { range: [12, 36], worth: { 12: 0, 36: 400 } } };
    expect(mistakes({ issues })).toEqual(['/issues//term_months/worth/36 must be a number from -100 to 100']);
    const own = {
      ...OWN,
      unit: 'minor',
      sample: { unit_price: eur(4_900) },
      open: 5_000,
      concede_to: 4_800,
      limit: 4_500,
    };
    expect(mistakes({ main: own, issues })).toEqual([]);
  });
});

describe('a first offer', () => {
  it('T21: is told in money, beside what the record says', () => {
    expect(first(MAIN)).toMatchObject({ record: '49.00 EUR', offer: '50.96 EUR', far: false });
    expect(first(MAIN).sample).toMatchObject({ record: '49.00 EUR', offer: '50.96 EUR', far: false });
  });

  it('T21: far from the record is a mistake, unless the policy says how far is far', () => {
    const own = { ...OWN, unit: 'minor', sample: { unit_price: eur(4_900) } };
    expect(first(own).sample).toMatchObject({ record: '49.00 EUR', offer: '1.04 EUR', far: true });
    expect(first({ ...own, far: 98 }).sample.far).toBe(false);
    expect(first({ ...MAIN, open: 160 }).far).toBe(true);
    // A policy that fits its sample, and a record that is none such.
    const right = { ...own, open: 5_000, concede_to: 4_800, limit: 4_500 };
    expect(first(right).sample.far).toBe(false);
    expect(first(right, { ...RENEWAL_FACTS.record, unit_price: eur(50_000) }).far).toBe(true);
  });
});

describe('a mistake', () => {
  it('T23: is told with what was meant', () => {
    expect(mistakes({ main: { ...MAIN, concede: 97 }, hald: 'always', impasse_gap_percent: 25 })).toEqual([
      '/hald is not known: did you mean hold?',
      '/impasse_gap_percent is no more: write people.within_percent: a person decides where they are no further apart than that',
      '/main/concede is not known: did you mean concede_to?',
    ]);
    expect(mistakes({ issues: { '/term_months': { range: [12, 36], wort: {} } } })).toEqual([
      '/issues//term_months/wort is not known: did you mean worth?',
    ]);
  });

  it('T23: a pointer that is not in the record', () => {
    expect(mistakes({ main: { ...MAIN, percent_of: '/list_prise' } })).toEqual([
      '/main/percent_of names list_prise, which the record has not: did you mean list_price?',
    ]);
    expect(mistakes({ main: { ...MAIN, percent_of: 'unit_price' } })).toEqual([
      '/main/percent_of must be a pointer into the record, as /unit_price',
    ]);
  });

  it('N1: a path that everything the customer can give leads past what no package is worth', () => {
    const given = (never: number, main: object = { concede_to: 97, limit: 90 }) =>
      mistakes({
        main: { ...MAIN, ...main, never },
        issues: {
          '/term_months': { range: [12, 36], worth: { 12: 0, 36: 8 } },
          '/seats': { range: [5, 500], worth: { '100%': 0, '140%': 2 } },
          '/notice_days': { range: [30, 90] },
        },
      });
    const words =
      '/main/never is passed by the path to concede_to with everything the customer can give: raise concede_to, or lower worth or never';
    expect(given(87)).toEqual([]);
    expect(given(87.01)).toEqual([words]);
    expect(words).not.toMatch(/\d/);
  });

  it('N1: a path that concedes past its own limit', () => {
    const given = (concede_to: number) => mistakes({ main: { ...MAIN, concede_to } });
    expect(given(MAIN.limit)).toEqual([]);
    expect(given(MAIN.limit - 0.01)).toEqual(['/main must fall: open, concede_to, limit']);
  });

  it('T23: a position that no offer can have is worth nothing', () => {
    expect(mistakes({ issues: { '/term_months': { range: [12, 36], worth: { 6: 0, 24: 4, 48: 9 } } } })).toEqual([
      '/issues//term_months/worth/6 lies outside the range: name its ends, 12 and 36, and what is between',
      '/issues//term_months/worth/48 lies outside the range: name its ends, 12 and 36, and what is between',
    ]);
  });

  it('T23: a condition on a field that the record has not never holds', () => {
    const told = (when: string) => {
      const read = parsePolicies(
        'contract.renew',
        { main: MAIN, segments: [{ name: 'large', when }] },
        RENEWAL_FACTS.issues,
        { fields: FIELDS },
      );
      return read.ok ? [] : read.error;
    };
    expect(told('record.seets >= 200')).toEqual([
      '/segments/0/when names record.seets, which the record has not: did you mean seats?',
    ]);
    expect(told('record.seats >= 200 && record.status == "record.nothing"')).toEqual([]);
    expect(told('has(record.sector) && record.seats > 1')).toEqual([
      '/segments/0/when names record.sector, which the record has not',
    ]);
  });

  it('T23: a misspelt member of a segment is told like any other', () => {
    const read = parsePolicies(
      'contract.renew',
      { main: MAIN, segments: [{ name: 'large', when: 'true', isues: {} }] },
      RENEWAL_FACTS.issues,
    );
    expect(read).toEqual({ ok: false, error: ['/segments/0/isues is not known: did you mean issues?'] });
  });
});

describe('a pace', () => {
  it('is said in minutes, hours or days', () => {
    expect(mistakes({ pace: { between_rounds: '4 hours', offers_stand: '45 minutes' } })).toEqual([]);
    expect(mistakes({ pace: { between_rounds: 'a while', offers_stand: '2 days', betwen: 1 } })).toEqual([
      '/pace/betwen is not known',
      '/pace/between_rounds must be a number of minutes, hours or days (“4 hours”), 168 hours at most',
      '/pace/offers_stand must be a number of minutes, hours or days (“4 hours”), 24 hours at most',
    ]);
  });
});
