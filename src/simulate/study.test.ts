/** What an operator is told: two policies before the same customers, and what to change. */
import { describe, expect, it } from 'vitest';
import records from '../../examples/contracts.json' with { type: 'json' };
import policies from '../../examples/parley.json' with { type: 'json' };
import renewal from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { readDefinitions } from '../actions/files.ts';
import { parsePolicies } from '../negotiation/segments.ts';
import { factsOf } from '../negotiation/setting.ts';
import { changesOf } from './advice.ts';
import { page } from './page.ts';
import { comparisonWords } from './report.ts';
import { type StudySettings, study } from './study.ts';

const definition = readDefinitions().action(renewal.name)?.definition;
if (definition === undefined) throw new Error('no contract.renew');
const { negotiable } = definition;
const facts = (records as readonly JsonObject[]).map((record) => factsOf(definition, record, {}, '2026-11-01'));
const policy: JsonObject = policies.negotiation['contract.renew'];
const withMain = (main: JsonObject): JsonObject => ({
  ...policy,
  main: { ...(policy['main'] as JsonObject), ...main },
});

function studied(other: JsonObject | undefined, settings: Partial<StudySettings> = {}) {
  return study({
    policy,
    other,
    read: (json) => {
      const book = parsePolicies('contract.renew', json, negotiable);
      return book.ok ? ok(({ record }) => book.value.policyFor({ record, tier: 'principal' })) : book;
    },
    facts,
    runs: 32,
    seed: 5,
    families: ['linear', 'micro', 'outwaiter', 'one cent'],
    changes: [],
    ...settings,
  });
}

function done(...args: Parameters<typeof studied>) {
  const result = studied(...args);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** One whose path ends far from its limit, and beside it one that gives away more. */
const far = withMain({ concede_to: 99, limit: 85 });
const whole = done(withMain({ open: 86, concede_to: 85.5, limit: 85 }), {
  policy: far,
  changes: changesOf(far).slice(0, 2),
});

describe('two policies', () => {
  it('that are one differ in nothing, to the last digit', () => {
    const { comparison } = done(policy);
    expect(comparison?.company).toEqual({ value: 0, low: 0, high: 0, pairs: 32, verdict: 'no_difference_seen' });
    expect(comparison?.agreed.value).toBe(0);
  });

  it('of which one gives away more are told apart, with how sure that is', () => {
    const { comparison } = whole;
    if (comparison === undefined) throw new Error('nothing compared');
    expect(comparison.company.verdict).toBe('less');
    expect(comparison.customer.verdict).toBe('more');
    expect(comparisonWords(comparison)[0]).toMatch(/^No, not for the company/);
    expect(comparisonWords(comparison).join('\n')).toMatch(
      /gain: \d+\.\d % of the record a talk less with the other policy \(−\d+\.\d to −\d+\.\d\)/,
    );
  });

  it('are not judged by few talks', () => {
    const { comparison, advice } = done(withMain({ open: 95 }), { runs: 12, changes: changesOf(policy).slice(0, 1) });
    if (comparison === undefined) throw new Error('nothing compared');
    expect(comparison.company.verdict).toBe('too_few');
    expect(comparisonWords(comparison)).toEqual([expect.stringContaining('12 talks are too few')]);
    expect(advice.join('\n')).toContain('Too few talks to say');
  });

  it('that measure in different things are not compared, and mistakes are told in words', () => {
    const other = {
      ...policy,
      main: { issue: '/term_months', unit: 'months', open: 36, concede_to: 24, limit: 12 },
      issues: {},
      budget: undefined,
    };
    const { budget: _, ...unbudgeted } = other;
    expect(studied(unbudgeted as JsonObject)).toEqual(
      err(expect.stringContaining('main.issue and main.percent_of must be the same')),
    );
    expect(studied(withMain({ open: 'much' }))).toEqual(err(expect.stringContaining('/main/open must be a number')));
  });
});

describe('what to change', () => {
  it('says what a path that ends far from the limit costs', () => {
    const { advice } = whole;
    expect(advice.join('\n')).toMatch(
      /\d+ % of the talks in which both could gain ended without an agreement|go to a person/,
    );
    expect(advice.join('\n')).toMatch(/With concede_to [\d.]+ instead of 99, the company gains .* agreements more/);
  });
});

describe('the page', () => {
  it('stands alone, quotes what it is given, and has a bar for every family', () => {
    const html = page({
      ...whole,
      openings: [{ record: 'K-1', today: '49.00 EUR', first: '50.00 EUR', besides: [] }],
      company: '<script>x</script>',
      action: 'contract.renew',
      seed: 1,
    });
    expect(html).not.toMatch(/<script|https?:|NaN|undefined/);
    expect(html).toContain('micro');
    expect(html.match(/<circle/g)?.length).toBeGreaterThan(25);
    expect(html.match(/class="sure"/g)?.length).toBe(7);
  });
});
