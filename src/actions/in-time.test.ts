/** The shipped definitions' rules about time, over records as a CRM would give them. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Operation } from '../engine/operation.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { standardTerms } from '../execution/terms.ts';
import { readDefinitions } from './files.ts';

const contract = readDefinitions();
const TODAY = '2026-11-28';

interface Asked {
  readonly action: string;
  readonly input?: JsonObject;
  readonly records: JsonObject;
  readonly terms?: JsonObject;
  readonly dealings?: readonly JsonObject[];
}

/** What is said of the request, or `met`. */
function judged({ action, input = {}, records, terms, dealings = [] }: Asked): unknown {
  const operation = { id: 'op_1', action, input, records, createdAt: `${TODAY}T12:00:00Z` } as unknown as Operation;
  const world = { actions: contract, store: { dealings: () => dealings } } as never;
  const possible = meetsRequirements(world, operation, null);
  if (!possible.ok) return possible.error.detail;
  const whole = terms === undefined ? standardTerms(world, operation) : { ok: true as const, value: terms };
  if (!whole.ok) return whole.error.detail;
  const sensible = meetsRequirements(world, operation, whole.value);
  return sensible.ok ? 'met' : sensible.error.detail;
}

const CONTRACT = { id: 'K-1', status: 'active', start_date: '2026-01-01', end_date: '2026-12-31', term_months: 12 };
const renewal = (
  record: JsonObject,
  start_date: string,
  input: JsonObject = {},
  dealings: readonly JsonObject[] = [],
) =>
  judged({
    ...{ action: 'contract.renew', input, dealings },
    ...{ records: { contract: { ...CONTRACT, ...record } }, terms: { start_date } },
  });

describe('T10: a renewal lies in a time that makes sense of the contract', () => {
  it.each([
    ['the day after the present term', {}, '2027-01-01', 'met'],
    ['later, after a gap', {}, '2027-03-01', 'met'],
    ['within the present term', {}, '2026-12-31', 'after the present term'],
    ['today, into the running term', {}, TODAY, 'after the present term'],
    ['years away', {}, '2029-01-01', 'within a year'],
    ['of a contract that ended in 2020', { end_date: '2020-12-31' }, '2021-01-01', 'too long ago'],
    ['of a contract that ended last month', { end_date: '2026-10-31', status: 'expired' }, '2026-11-01', 'met'],
    ['of a contract without an end', { end_date: null }, TODAY, 'has no end'],
    ['of a cancelled contract', { status: 'cancelled' }, '2027-01-01', 'cancelled'],
    ['under notice', { cancels_on: '2026-12-31' }, '2027-01-01', 'under notice'],
    ['after a notice', { cancels_on: '2026-11-01' }, '2027-01-01', 'ended by notice'],
    ['beside a mark of a notice that a later term has overtaken', { cancels_on: '2025-12-31' }, '2027-01-01', 'met'],
    ['of a contract that is switched', { switching_to: 'Other Cloud' }, '2027-01-01', 'switched'],
    ['with a change planned before it', { planned_from: '2026-12-15' }, '2027-01-01', 'met'],
    ['with a change planned within it', { planned_from: '2027-06-01' }, '2027-01-01', 'planned for after'],
    ['when the next term is agreed on', { next_start_date: '2027-01-01' }, '2027-01-01', 'agreed on already'],
  ])('%s', (_what, record, start, expected) => {
    expect(renewal(record, start)).toContain(expected);
  });

  it('under notice, which it takes back', () => {
    const notice = { action: 'contract.cancel', changes: [{ field: 'cancels_on', from: null, to: '2026-12-31' }] };
    const taken = { withdraw_notice: true };
    expect(renewal({ cancels_on: '2026-12-31' }, '2027-01-01', taken, [notice])).toBe('met');
    // What somebody at the company wrote may be the company's own notice.
    expect(renewal({ cancels_on: '2026-12-31' }, '2027-01-01', taken)).toContain('not given here');
    expect(renewal({ cancels_on: '2026-11-30' }, '2027-01-01', taken, [notice])).toContain('not given here');
  });
});

describe('T10: a change begins while the contract runs', () => {
  it.each([
    [{}, '2026-12-31', 'met'],
    [{}, '2027-01-01', 'after the contract’s end'],
    [{ auto_renew: true }, '2027-01-01', 'met'],
    [{ end_date: null }, '2030-01-01', 'met'],
    [{}, '2026-11-27', 'today or later'],
    [{ cancels_on: '2026-12-15' }, '2026-12-16', 'under notice'],
    [{ switched_by: '2026-12-15' }, '2026-12-16', 'switched'],
    [{ planned_from: '2026-12-01' }, '2026-12-16', 'Another change'],
  ])('%j from %s', (record, effective_on, expected) => {
    const records = { contract: { ...CONTRACT, ...record } };
    const said = judged({ action: 'contract.amend', records, terms: { seats: 5, effective_on } });
    expect(String(said).replaceAll("'", '’')).toContain(expected);
  });
});

describe('a notice', () => {
  const notice = (record: JsonObject, input: JsonObject = { when: 'now' }) =>
    judged({ action: 'contract.cancel', input, records: { contract: { ...CONTRACT, ...record } } });

  it.each([
    [{ cancels_on: '2025-06-30' }, 'met'],
    [{ cancels_on: '2026-12-31' }, 'met'],
    [{ cancels_on: TODAY }, 'already been given'],
    [{ end_date: '2026-10-31' }, 'has ended'],
    [{ end_date: null }, 'met'],
    [{ status: null }, 'met'],
    [{ notice_days: null, unit_price: { unreadable: 'Not an amount.', held: '4.99555555' } }, 'met'],
  ])('T5, T6: on %j is %s', (record, expected) => {
    expect(notice(record)).toContain(expected);
  });
});

describe('T10: a switch', () => {
  it.each([
    [{}, 'met'],
    [{ end_date: null, start_date: null }, 'met'],
    [{ end_date: '2026-10-31', auto_renew: true }, 'met'],
    [{ end_date: '2026-10-31', next_end_date: '2027-10-31' }, 'met'],
    [{ end_date: '2026-10-31' }, 'has ended'],
    [{ cancels_on: '2026-12-31' }, 'met'],
    [{ cancels_on: '2026-10-31', auto_renew: true }, 'ended by notice'],
    [{ cancels_on: '2026-12-31', start_date: null }, 'met'],
  ])('of a contract on %j is %s', (record, expected) => {
    const price = { unit_price: { amount: 4_900, currency: 'EUR' } };
    const asked = { action: 'provider.switch', input: { target: 'Other' } };
    expect(judged({ ...asked, records: { contract: { ...CONTRACT, ...price, ...record } } })).toContain(expected);
  });
});

describe('T15: instalments', () => {
  const invoice = { id: 'I-1', status: 'overdue', due_on: '2026-10-01', open_amount: { amount: 900, currency: 'EUR' } };
  const arranged = (input: JsonObject, record: JsonObject = {}) =>
    judged({
      action: 'payment.arrange',
      input: { invoice: 'I-1', ...input },
      records: { invoice: { ...invoice, ...record } },
    });

  it('of an overdue invoice need no first date, and no number', () => {
    expect(arranged({ want: 'instalments', instalments: 3 })).toBe('met');
    expect(arranged({ want: 'instalments' })).toBe('met');
    expect(arranged({ want: 'instalments', instalments: 3 }, { due_on: '2026-12-20', status: 'open' })).toBe('met');
  });

  it.each([
    ['2026-11-27', 'not past'],
    ['2027-06-01', 'earlier first_on'],
    ['2026-12-20', 'met'],
  ])('T10: begin on %s: %s', (first_on, expected) => {
    expect(arranged({ want: 'instalments', instalments: 3, first_on })).toContain(expected);
  });
});
