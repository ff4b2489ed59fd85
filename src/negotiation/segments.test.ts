import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { RENEWAL_FACTS } from '../../test/support/bargain.ts';
import { parsePolicies } from './segments.ts';

const main = { issue: '/unit_price', percent_of: '/unit_price', open: 104, concede_to: 97, limit: 90 };
const budget = { per: 'month', amount: 1_000, currency: 'EUR' };
const BASE: JsonObject = {
  main,
  issues: { '/term_months': { range: [12, 36] }, '/seats': { range: [5, 500] } },
  budget,
};

function book(segments: JsonObject['segments']) {
  const parsed = parsePolicies(
    'contract.renew',
    { ...BASE, ...(segments === undefined ? {} : { segments }) },
    RENEWAL_FACTS.issues,
  );
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  return parsed.value;
}

const SEGMENTS = [
  { name: 'large', when: 'record.seats >= 200', main: { ...main, open: 100 }, budget: { ...budget, amount: 9_000 } },
  { name: 'proven', when: 'tier == "principal" && record.seats > 20', issues: { '/seats': { range: [20, 50] } } },
];

describe('segments', () => {
  const policyFor = (seats: number, tier = 'company') => book(SEGMENTS).policyFor({ record: { seats }, tier })?.numbers;

  it('are tried in order: the first that holds counts, and everyone else has the policy itself', () => {
    expect(policyFor(200, 'principal')).toMatchObject({ open: 10_000, concedeTo: 9_700 });
    expect(policyFor(199)).toMatchObject({ open: 10_400 });
    expect(policyFor(25, 'principal')?.sides.get('/seats')).toMatchObject({ min: 20, max: 50 });
    expect(policyFor(25, 'principal')?.sides.get('/term_months')).toMatchObject({ min: 12, max: 36 });
    expect(policyFor(20, 'principal')?.sides.get('/seats')).toMatchObject({ min: 5, max: 500 });
  });

  it('share the policy’s budget, unless they have one of their own', () => {
    expect(policyFor(200)?.budget).toMatchObject({ name: 'contract.renew/large', limit: 9_000 });
    expect(policyFor(25, 'principal')?.budget).toMatchObject({ name: 'contract.renew', limit: 1_000 });
  });

  it.each([
    ['cannot be evaluated', 'record.missing.deeper == 1'],
    ['says neither yes nor no', 'record.seats'],
  ])('leave it to a person when a condition %s', (_name, when) => {
    const policies = book([{ name: 'odd', when }, ...SEGMENTS]);
    expect(policies.policyFor({ record: { seats: 200 }, tier: 'company' })).toBe(undefined);
  });

  it('say all their mistakes at once, and repeat none of what was written', () => {
    const parsed = parsePolicies(
      'contract.renew',
      {
        ...BASE,
        main: { ...main, limit: 99 },
        segments: [
          { name: 'Not a name!', when: 'record.seats +', beta: 77 },
          { when: '"text"', surprise: 1 },
          'nothing',
        ],
      },
      RENEWAL_FACTS.issues,
    );
    if (parsed.ok) throw new Error('it was accepted');
    const said = parsed.error.map((each) => each.replace(/(does not compile): .*/s, '$1'));
    expect(said).toEqual(
      expect.arrayContaining([
        '/main must fall: open, concede_to, limit',
        '/segments/0/name must be a short name',
        '/segments/0/when does not compile',
        '/segments/0/beta must be a number from 0.05 to 20',
        '/segments/1/name must be a short name',
        '/segments/1/when must be true or false, not string',
        '/segments/1/surprise is not known',
        '/segments/2 must be an object',
      ]),
    );
    expect(parsed.error.join(' ')).not.toMatch(/\b(?:77|99)\b/);
  });

  it('show nothing of a limit when printed', () => {
    const policies = book([{ name: 'large', when: 'record.seats > 1', main: { ...main, limit: 87.65 } }]);
    const seen = inspect([policies, policies.policyFor({ record: { seats: 2 }, tier: 'none' })], {
      depth: 9,
      showHidden: true,
    });
    expect(seen + JSON.stringify(policies)).not.toMatch(/87[.]?65/);
  });
});
