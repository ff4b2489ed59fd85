/** The adapter under the conformance kit: `npx parley adapter check .` */
import { type KitSubject, type Rig, standardExact, standardSamples } from '../conformance/public.ts';
import type { Json, JsonObject } from '../sdk/public.ts';
import { makeAdapter } from './index.ts';
import { type Crm, startCrm } from './simulator/crm.ts';

const TOKEN = 'template-kit-token-0f3a';

/** Your CRM’s fields and what Parley calls them, once more: so that the kit sees a mistake in mapping.json. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  accounts: { name: 'account.name', street: 'billing.street', city: 'billing.city', vat_id: 'tax.vat_id' },
  contacts: {
    ...{ email: 'contact.email', phone: 'contact.phone', first: 'contact.first_name' },
    ...{ last: 'contact.last_name', title: 'contact.job_title' },
  },
  contracts: {
    ...{ price: 'unit_price', months: 'term_months', seats: 'seats', starts_on: 'start_date', ends_on: 'end_date' },
    ...{ notice_days: 'notice_days', payment_days: 'payment_terms_days', auto_renew: 'auto_renew', state: 'status' },
  },
  tickets: {
    ...{ subject: 'subject', body: 'body', priority: 'priority', operation: 'operation' },
    ...{ answer_to: 'contact_back', amount: 'amount' },
  },
};
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  state: { A: 'active', X: 'expired', C: 'cancelled' },
  priority: { 1: 'high', 2: 'normal', 3: 'low' },
};

export const subject: KitSubject = { name: 'template', open };

async function open(): Promise<Rig> {
  const crm = await startCrm(TOKEN);
  let neighbour: Crm | undefined;
  return {
    makeAdapter: ({ dispatcher, timeoutMs, token = TOKEN, tenant }) =>
      makeAdapter({
        origin: tenant === 'b' && neighbour !== undefined ? neighbour.origin : crm.origin,
        secret: token,
        dispatcher,
        allowPrivate: true,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    effects: async () => crm.effects().map(({ key, collection, id }) => ({ key, type: collection, id })),
    record: async ({ type, value }) => inOurNames(`${type}s`, crm.record(`${type}s`, value)),
    edit: async ({ type, value }, fields) => crm.edit(`${type}s`, value, inTheirNames(`${type}s`, fields)),
    fault: async (fault) => crm.fault(fault),
    clearFaults: async () => crm.clearFaults(),
    // What your simulator or sandbox cannot do goes here, each with the reason: the rule is then “not applicable”, not passed.
    unsupported: {},
    samples: standardSamples({
      contract: (n) => `K${2 + (n % 199)}`,
      contact: (n) => `C${1 + (n % 200)}`,
      account: 'A1',
    }),
    absent: (type) => ({ type, by: 'id', value: 'X999999' }),
    secrets: [TOKEN],
    async tenants() {
      neighbour ??= await startCrm(TOKEN);
      crm.edit('accounts', 'A1', { name: 'Tenant Alpha' });
      neighbour.edit('accounts', 'A1', { name: 'Tenant Bravo' });
      const ref = { type: 'account', by: 'id', value: 'A1' } as const;
      return [
        { tenant: 'a', ref, marker: 'Tenant Alpha' },
        { tenant: 'b', ref, marker: 'Tenant Bravo' },
      ];
    },
    paged: { none: 'it reads single records by id and never a list' },
    exact: standardExact('K1'),
    async stop() {
      await Promise.all([crm.stop(), neighbour?.stop()]);
    },
  };
}

function inTheirNames(collection: string, fields: JsonObject): JsonObject {
  const names = new Map(Object.entries(FIELDS[collection] ?? {}).map(([theirs, ours]) => [ours, theirs]));
  return Object.fromEntries(Object.entries(fields).map(([ours, value]) => [names.get(ours) ?? ours, value]));
}

function inOurNames(collection: string, record: JsonObject): JsonObject {
  const names = FIELDS[collection] ?? {};
  const named = Object.entries(record).flatMap(([theirs, value]) => {
    const ours = names[theirs];
    return ours === undefined ? [] : [[ours, wordOf(theirs, value, record['currency'])] as const];
  });
  return Object.fromEntries(named);
}

function wordOf(theirs: string, value: Json, currency: Json | undefined): Json {
  if (theirs === 'price' || theirs === 'amount') return moneyOf(value, currency);
  return WORDS[theirs]?.[String(value)] ?? value;
}

/** "19.99" in minor units; only for the currencies of the kit’s cases. */
function moneyOf(value: Json, currency: Json | undefined): Json {
  if (typeof value !== 'string') return null;
  const digits = currency === 'JPY' ? 0 : currency === 'KWD' ? 3 : 2;
  return { amount: Math.round(Number(value) * 10 ** digits), currency: String(currency) };
}
