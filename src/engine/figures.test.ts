import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { readDefinitions } from '../actions/files.ts';
import { standardTerms } from '../execution/terms.ts';
import type { Operation } from './operation.ts';
import { meetsRequirements } from './requirements.ts';

const contract = readDefinitions();
const eur = (amount: number) => ({ amount, currency: 'EUR' });

/** What the shipped action says of these figures. */
function judged(action: string, input: JsonObject, records: JsonObject, terms: JsonObject): string {
  const operation = { action, input, records, createdAt: '2026-11-28T12:00:00Z', askedOn: '2026-11-28', zone: 'UTC' };
  const met = meetsRequirements(
    { actions: contract, store: { dealings: () => [] } as never },
    operation as unknown as Operation,
    terms,
  );
  return met.ok ? 'met' : String(met.error.detail);
}

describe('the figures of a payment', () => {
  const arranged = (terms: JsonObject, invoice: JsonObject = {}) =>
    judged(
      'payment.arrange',
      { want: 'instalments' },
      { invoice: { status: 'open', open_amount: eur(10_000), due_on: '2026-12-10', ...invoice } },
      { want: 'instalments', instalments: 3, first_on: '2026-12-01', fee: eur(0), ...terms },
    );

  it('T9: are held against what is open of the invoice, in its currency, and against the clock', () => {
    expect(arranged({})).toBe('met');
    expect(arranged({ first_on: '2026-11-27' })).toContain('not past');
    expect(arranged({ first_on: '2027-02-01' })).toContain('within a month');
    expect(arranged({ fee: { amount: 0, currency: 'USD' } })).toContain('currency of the invoice');
    expect(arranged({ instalments: 3 }, { open_amount: eur(2) })).toContain('name fewer');
    expect(arranged({ instalments: 3 }, { open_amount: eur(3) })).toBe('met');
    expect(arranged({}, { open_amount: eur(0) })).toContain('Nothing is open');
  });
});

describe('the figures of an outage', () => {
  const claimed = (from: string, to: string, contractRecord: JsonObject = {}, zone = 'UTC') => {
    const input = { incident: { from, to, minutes_down: 30 } };
    const records = { contract: { start_date: '2026-03-01', end_date: '2026-10-31', ...contractRecord } };
    const operation = { action: 'sla.credit', input, records, createdAt: '2026-11-28T12:00:00Z', zone };
    const met = meetsRequirements(
      { actions: contract, store: { dealings: () => [] } as never },
      operation as unknown as Operation,
      { amount: eur(1) },
    );
    return met.ok ? 'met' : String(met.error.detail);
  };

  it('T9: are of the contract’s days where the company is', () => {
    const early = ['2026-02-28T23:10:00Z', '2026-02-28T23:50:00Z'] as const;
    expect(claimed(...early)).toContain('present term');
    expect(claimed(...early, {}, 'Europe/Berlin')).toBe('met');
    const late = ['2026-11-01T00:10:00Z', '2026-11-01T00:50:00Z'] as const;
    expect(claimed(...late)).toContain('after the contract');
    expect(claimed(...late, {}, 'America/New_York')).toBe('met');
  });

  it('T9: do not need what a record does not have', () => {
    expect(claimed('2026-10-05T08:00:00Z', '2026-10-05T09:00:00Z', { start_date: null, end_date: null })).toBe('met');
    expect(claimed('2026-11-05T08:00:00Z', '2026-11-05T09:00:00Z', { auto_renew: true })).toBe('met');
    expect(claimed('2026-10-05T08:00:00Z', '2026-10-05T09:00:00Z', { cancels_on: '2026-09-30' })).toContain(
      'after the contract',
    );
  });
});

describe('the standard terms', () => {
  const termsOf = (action: string, input: JsonObject, records: JsonObject) => {
    const operation = { action, input, records, createdAt: '2026-11-28T12:00:00Z' } as unknown as Operation;
    const terms = standardTerms({ actions: contract, store: { dealings: () => [] } as never }, operation);
    return terms.ok ? terms.value?.['amount'] : terms.error.code;
  };

  it('T6: a refund of all that is left needs no record of what was refunded', () => {
    const left = (order: JsonObject) =>
      termsOf(
        'refund.request',
        { order: 'O-1', want: 'refund', reason: 'Broken.' },
        { order: { total: eur(7_300), ...order } },
      );
    expect(left({ refunded: eur(300) })).toEqual(eur(7_000));
    expect(left({ refunded: null })).toEqual(eur(7_300));
    expect(left({})).toEqual(eur(7_300));
  });

  it('T13: a part of a fee is rounded half away from zero', () => {
    const credit = (unit_price: JsonObject, minutes_down: number) =>
      termsOf(
        'sla.credit',
        { incident: { from: '2026-10-05T08:00:00Z', minutes_down } },
        { contract: { unit_price, seats: 1 } },
      );
    expect(credit(eur(4_995), 30)).toEqual(eur(500));
    expect(credit(eur(4_994), 30)).toEqual(eur(499));
    expect(credit({ amount: 5, currency: 'JPY' }, 720)).toEqual({ amount: 3, currency: 'JPY' });
    expect(credit({ amount: 4_995, currency: 'EUR', scale: 3 }, 120)).toEqual(eur(125));
  });
});
