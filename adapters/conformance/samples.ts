/** Requests for the standard actions on seeded records: for any rig whose CRM has them under these names. */
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Ref } from '../sdk/index.ts';
import type { ExactCase, Sample } from './subject.ts';

export interface Seeded {
  readonly contract: (n: number) => string;
  readonly contact: (n: number) => string;
  readonly account: string;
}

const byId = (type: string, value: string): Ref => ({ type, by: 'id', value });

/** Terms of a renewal that change every field, each time with another price. */
export const terms = (n: number, more: JsonObject = {}): JsonObject => ({
  unit_price: { amount: 110_001 + n, currency: 'EUR' },
  term_months: 18,
  seats: 4_321,
  // Not later than the kit asks on: what begins on a later day is written on it.
  start_date: '2026-11-01',
  notice_days: 45,
  ...more,
});

export function standardSamples({ contract, contact, account }: Seeded): readonly Sample[] {
  return [
    {
      action: 'contract.renew',
      prepare: (n) => ({
        input: { contract: contract(n) },
        terms: terms(n),
        about: { ref: byId('contract', contract(n)), edit: { payment_terms_days: 1 + (n % 300), auto_renew: true } },
      }),
    },
    {
      action: 'data.validate',
      prepare: (n) => ({
        input: {
          contact: contact(n),
          fields: [
            { path: 'contact.phone', value: `+49 40 ${7_000_000 + n}` },
            { path: 'contact.job_title', value: `Head of ${n}` },
          ],
        },
        about: { ref: byId('contact', contact(n)), edit: { 'contact.first_name': `Kit ${n}` } },
      }),
    },
    {
      action: 'human.handoff',
      prepare: (n) => ({
        input: { account, topic: `Invoice ${n}`, message: `Please call about ${n}`, urgency: 'high' },
      }),
    },
    {
      action: 'refund.request',
      prepare: (n) => ({
        input: {
          account,
          invoice: `R-${n}`,
          reason: `Not delivered: ${n}`,
          amount: { amount: 500 + n, currency: 'EUR' },
        },
      }),
    },
    {
      action: 'case.open',
      prepare: (n) => ({
        input: { account, topic: `Login ${n}`, description: `It fails since ${n} o’clock` },
      }),
    },
  ];
}

/** Requests for what a CRM with contracts and tickets can do beyond the standard actions; contracts must be running. */
export function furtherSamples({ contract, contact, account }: Seeded): readonly Sample[] {
  const aboutContract = (n: number) => ({
    ref: byId('contract', contract(n)),
    // Other values than the standard samples give, which are about the same contracts.
    edit: { payment_terms_days: 301 + (n % 60) },
  });
  const changes = (n: number) => [{ path: 'contact.phone', value: `+49 40 ${8_000_000 + n}` }];
  return [
    {
      action: 'contact.update',
      prepare: (n) => ({
        input: { contact: contact(n), changes: changes(n) },
        about: { ref: byId('contact', contact(n)), edit: { 'contact.first_name': `Kit again ${n}` } },
      }),
    },
    {
      action: 'contract.amend',
      prepare: (n) => ({
        input: { contract: contract(n), seats: 3_000 + n },
        terms: { seats: 3_000 + n, unit_price: { amount: 5_000, currency: 'EUR' }, effective_on: '2026-11-02' },
        about: aboutContract(n),
      }),
    },
    {
      action: 'contract.cancel',
      prepare: (n) => ({
        input: { contract: contract(n), when: 'now' },
        terms: { ends_on: '2026-12-24', cooling_off: false, fees: [] },
        about: aboutContract(n),
      }),
    },
    {
      action: 'sla.credit',
      prepare: (n) => ({
        input: {
          contract: contract(n),
          incident: { from: '2026-10-05T08:00:00Z', to: '2026-10-05T11:00:00Z', minutes_down: 180 },
        },
        terms: { amount: { amount: 1 + n, currency: 'EUR' }, form: 'credit' },
      }),
    },
    {
      action: 'data.rights',
      prepare: (n) => ({
        input: { account, contact: contact(0), exercise: 'access', regime: 'gdpr', message: `Please, ${n}` },
      }),
    },
    {
      action: 'provider.switch',
      prepare: (n) => ({
        input: { contract: contract(n), target: `Other Cloud ${n}`, export_scope: ['all'] },
        terms: {
          notice_ends: '2026-11-02',
          transition_ends: '2026-12-02',
          retrieval_until: '2027-01-01',
          charges: { amount: 0, currency: 'EUR' },
        },
        about: aboutContract(n),
      }),
    },
  ];
}

/** Money of every kind of currency, and terms over leap days; all on one contract. */
export function standardExact(contract: string): readonly ExactCase[] {
  const renewal = (title: string, changed: JsonObject, shows: JsonObject): ExactCase => ({
    title,
    action: 'contract.renew',
    prepare: (n) => ({
      input: { contract },
      terms: terms(n, changed),
      about: { ref: byId('contract', contract), edit: { auto_renew: true } },
    }),
    shows,
  });
  const price = (amount: number, currency: string) => ({ unit_price: { amount, currency } });
  return [
    renewal('19.99 EUR', price(1_999, 'EUR'), price(1_999, 'EUR')),
    renewal('1 JPY', price(1, 'JPY'), price(1, 'JPY')),
    renewal('0.035 KWD', price(35, 'KWD'), price(35, 'KWD')),
    renewal('from a leap day', { start_date: '2024-02-29', term_months: 12 }, { end_date: '2025-02-28' }),
    renewal('to a leap day', { start_date: '2023-03-01', term_months: 12 }, { end_date: '2024-02-29' }),
    renewal('a month from the 31st', { start_date: '2026-01-31', term_months: 1 }, { end_date: '2026-02-28' }),
  ];
}

/** All of them, each on a contract that runs: `run` makes it so, past the adapter. */
export function everySample(seeded: Seeded, run: (contract: string) => Promise<void>): readonly Sample[] {
  return [...standardSamples(seeded), ...furtherSamples(seeded)].map(({ action, prepare }) => ({
    action,
    async prepare(n) {
      const prepared = await prepare(n);
      const { contract } = prepared.input;
      if (typeof contract === 'string') await run(contract);
      return prepared;
    },
  }));
}
