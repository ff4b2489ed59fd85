import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { ActionDefinition, Issue } from '../engine/world.ts';
import { type Move, makeCompanySide, parseNegotiationPolicy } from './core.ts';
import { factsOf } from './setting.ts';

const ISSUES: readonly Issue[] = [
  { pointer: '/ends_on', label: 'End of transition', kind: 'date' },
  {
    pointer: '/payment_days',
    label: 'Payment within',
    kind: 'days',
    better_for_customer: 'higher',
    record: '/payment_terms',
  },
];
const DEFINITION: ActionDefinition = {
  name: 'provider.leave',
  version: '1.0.0',
  title: 'Leave',
  kind: 'write',
  risk: 'R2',
  mandate: 'required',
  default_signoff: 'policy',
  negotiable: ISSUES,
  terms: { required: ['ends_on'], properties: { ends_on: {}, payment_days: {}, target: {} } },
} as const;

function company(policy: JsonObject, record: JsonObject, input: JsonObject = {}) {
  const parsed = parseNegotiationPolicy(policy, ISSUES, 'test');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  const side = makeCompanySide(parsed.value, factsOf(DEFINITION, record, input, '2026-10-01'), {
    roundsMax: 6,
  });
  if (!side.ok) throw new Error(side.error.code);
  return side.value;
}

function lastOffer(move: { readonly ok: true; readonly value: Move } | { readonly ok: false }): JsonObject {
  if (!move.ok || move.value.kind !== 'offer') throw new Error('no offer');
  return move.value.offers.at(-1) ?? {};
}

/** Days after the day of the request; the company would rather have it late. */
const LATE = { main: { issue: '/ends_on', unit: 'days', open: 60, concede_to: 30, limit: 10 } };

describe('an action without a price', () => {
  it('is negotiated along a date, whichever way the policy says the company’s wishes run', () => {
    const late = company(LATE, { payment_terms: 30 });
    expect(lastOffer(late.next(null))).toEqual({ ends_on: '2026-11-30', payment_days: 30 });
    const early = company(
      { main: { issue: '/ends_on', unit: 'days', open: 10, concede_to: 30, limit: 60 } },
      { payment_terms: 30 },
    );
    expect(lastOffer(early.next(null))).toMatchObject({ ends_on: '2026-10-11' });
    expect(early.next({ ends_on: '2026-10-05' })).toMatchObject({ value: { matched: true } });
    expect(late.next({ ends_on: '2026-10-05' })).toMatchObject({ value: { matched: false } });
  });
});

describe('a term that may be left out', () => {
  it('is talked about only where the record knows of it', () => {
    const policy = { ...LATE, issues: { '/payment_days': { range: [14, 60], worth: { 14: 5, 30: 0, 60: -5 } } } };
    expect(lastOffer(company(policy, { payment_terms: 30 }).next({ payment_days: 45 }))).toMatchObject({
      payment_days: 45,
    });
    const unknown = company(policy, {});
    expect(unknown.next({ payment_days: 45 })).toMatchObject({ ok: false, error: { code: 'terms-invalid' } });
    expect(lastOffer(unknown.next(null))).toEqual({ ends_on: '2026-11-30' });
  });

  it('and what is no issue at all stays as it was asked for', () => {
    expect(lastOffer(company(LATE, {}, { target: 'elsewhere' }).next(null))).toMatchObject({ target: 'elsewhere' });
  });
});

describe('T13: a price that is finer than the minor unit', () => {
  const PRICED: readonly Issue[] = [
    { pointer: '/unit_price', label: 'Price', kind: 'money', better_for_customer: 'lower', decimals: 6 },
  ];
  const action = {
    ...DEFINITION,
    negotiable: PRICED,
    terms: { required: ['unit_price'], properties: { unit_price: {} } },
  };
  const PERCENT = { main: { issue: '/unit_price', percent_of: '/unit_price', open: 95, concede_to: 92, limit: 90 } };
  const sample = { unit_price: { amount: 500, currency: 'EUR' } };
  const OWN = { main: { issue: '/unit_price', unit: 'minor', sample, open: 480, concede_to: 470, limit: 460 } };
  const talk = (policy: JsonObject, unit_price: JsonObject) => {
    const parsed = parseNegotiationPolicy(policy, PRICED, 'test');
    if (!parsed.ok) throw new Error(parsed.error.join(', '));
    const facts = factsOf(action, { unit_price }, {}, '2026-10-01');
    const side = makeCompanySide(parsed.value, facts, { roundsMax: 6 });
    if (!side.ok) throw new Error(side.error.code);
    return side.value;
  };
  const first = (policy: JsonObject, price: JsonObject) => lastOffer(talk(policy, price).next(null))['unit_price'];

  it('is talked about as fine as it is', () => {
    const fine = { amount: 4_995, currency: 'EUR', scale: 3 };
    expect(first(PERCENT, fine)).toEqual({ amount: 4_746, currency: 'EUR', scale: 3 });
    expect(first(OWN, fine)).toEqual({ amount: 480, currency: 'EUR' });
    const asked = talk(PERCENT, fine).next({ unit_price: { amount: 499, currency: 'EUR' } });
    expect(asked).toMatchObject({ value: { matched: true } });
    // 49.95 it is not.
    const dear = talk(PERCENT, fine).next({ unit_price: { amount: 4_000, currency: 'EUR', scale: 3 } });
    expect(dear).toMatchObject({ value: { matched: false } });
  });

  it('of one or two minor units is not rounded to another whole one', () => {
    expect(first(PERCENT, { amount: 2, currency: 'EUR' })).toEqual({ amount: 19, currency: 'EUR', scale: 3 });
    expect(first(PERCENT, { amount: 1, currency: 'JPY' })).toEqual({ amount: 95, currency: 'JPY', scale: 2 });
    expect(first(PERCENT, { amount: 4_900, currency: 'EUR' })).toEqual({ amount: 4_655, currency: 'EUR' });
  });
});
