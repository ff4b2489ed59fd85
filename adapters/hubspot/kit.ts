/** HubSpot under the conformance kit, against the simulated portal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../protocol/base/json.ts';
import { furtherSamples } from '../conformance/samples.ts';
import type { ExactCase, KitSubject, Rig, Sample } from '../conformance/subject.ts';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import type { Ref } from '../sdk/index.ts';
import { toProperties, toValues } from './codec.ts';
import { makeHubspotAdapter } from './index.ts';
import { linkedObjects, type Portal, readPortal, typeNamed } from './mapping.ts';
import { type Hubspot, spawnHubspot } from './server/spawn.ts';

const TOKEN = 'pat-kit-token-7d2c';
/** The kit asks more of the portal in ten seconds than a portal allows, and does not wait ten seconds after each ordered 429. */
const PATIENCE = { limit: 1_000_000, intervalMs: 100 };

const ref = (type: string, id: number): Ref => ({ type, by: 'id', value: String(id) });
const contract = (n: number): Ref => ref('contract', 33_000_001_001 + (n % 200));

const terms = (n: number, more: JsonObject = {}): JsonObject => ({
  unit_price: { amount: 110_001 + n, currency: 'EUR' },
  term_months: 18,
  seats: 4_321,
  start_date: '2026-11-01',
  notice_days: 45,
  ...more,
});

const samples: readonly Sample[] = [
  {
    action: 'contract.renew',
    prepare: (n) => ({
      input: { contract: contract(n).value },
      terms: terms(n),
      about: { ref: contract(n), edit: { payment_terms_days: 1 + (n % 300), auto_renew: true } },
    }),
  },
  {
    action: 'data.validate',
    prepare: (n) => {
      const contact = ref('contact', 32_000_001_001 + (n % 300));
      const fields = [
        { path: 'contact.phone', value: `+49 40 ${7_000_000 + n}` },
        { path: 'contact.job_title', value: `Head of ${n}` },
      ];
      const edit = { 'contact.first_name': `Kit ${n}` };
      return { input: { contact: contact.value, fields }, about: { ref: contact, edit } };
    },
  },
  {
    action: 'human.handoff',
    prepare: (n) => ({ input: { topic: `Invoice ${n}`, message: `Please call about ${n}`, urgency: 'normal' } }),
  },
  {
    action: 'refund.request',
    prepare: (n) => ({
      input: { invoice: `INV-${n}`, amount: { amount: 1_999 + n, currency: 'EUR' }, reason: `Paid twice: ${n}` },
    }),
  },
  { action: 'case.open', prepare: (n) => ({ input: { topic: `Login ${n}`, description: `It says ${n}` } }) },
];

const renewal = (title: string, changed: JsonObject, shows: JsonObject): ExactCase => ({
  title,
  action: 'contract.renew',
  prepare: (n) => ({
    input: { contract: contract(200).value },
    terms: terms(n, changed),
    about: { ref: contract(200), edit: { auto_renew: true } },
  }),
  shows,
});
const price = (amount: number, currency: string) => ({ unit_price: { amount, currency } });

const exact: readonly ExactCase[] = [
  renewal('19.99 EUR', price(1_999, 'EUR'), price(1_999, 'EUR')),
  renewal('1 JPY', price(1, 'JPY'), price(1, 'JPY')),
  renewal('0.035 KWD', price(35, 'KWD'), price(35, 'KWD')),
  renewal('from a leap day', { start_date: '2024-02-29', term_months: 12 }, { end_date: '2025-02-28' }),
  renewal('to a leap day', { start_date: '2023-03-01', term_months: 12 }, { end_date: '2024-02-29' }),
  renewal('a month from the 31st', { start_date: '2026-01-31', term_months: 1 }, { end_date: '2026-02-28' }),
];

const RUNNING: JsonObject = {
  status: 'active',
  start_date: '2026-01-01',
  end_date: '2027-12-31',
  seats: 4_321,
  unit_price: { amount: 200_000, currency: 'EUR' },
  auto_renew: true,
  payment_terms_days: 0,
};

/** On contracts that are running, put so past the adapter. */
function further(edit: Rig['edit']): Sample[] {
  const contact = (n: number) => ref('contact', 32_000_001_001 + (n % 300)).value;
  const account = ref('account', 31_000_001_001).value;
  return furtherSamples({ contract: (n) => contract(n).value, contact, account }).map(({ action, prepare }): Sample => {
    return {
      action,
      async prepare(n) {
        await edit(contract(n), RUNNING);
        return prepare(n);
      },
    };
  });
}

export const subject: KitSubject = { name: 'hubspot', open };

async function open(): Promise<Rig> {
  const read = readPortal({}, false);
  if (!read.ok) throw new Error(read.error.join('\n'));
  const portal = read.value;
  const directory = mkdtempSync(join(tmpdir(), 'parley-kit-'));
  const db = join(directory, 'portal.db');
  const spawned = { faults: true, token: TOKEN, seedNow: SEED_DAY, ...PATIENCE };
  let crm = await spawnHubspot({ db, ...spawned });
  const port = Number(new URL(crm.origin).port);
  let neighbour: Hubspot | undefined;
  const edit: Rig['edit'] = ({ type, value }, fields) => {
    const mapped = typeNamed(portal, type);
    return crm.edit(mapped.object, value, toProperties(mapped, fields));
  };
  return {
    makeAdapter: ({ dispatcher, timeoutMs, token = TOKEN, tenant }) =>
      makeHubspotAdapter({
        origin: tenant === 'b' && neighbour !== undefined ? neighbour.origin : crm.origin,
        auth: { method: 'token', token },
        dispatcher,
        allowPrivate: true,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    effects: async () => (await crm.ledger()).filter(({ key }) => key !== 'person'),
    record: (about) => recordOf(portal, crm, about),
    edit,
    fault: (fault) => crm.fault(fault),
    clearFaults: () => crm.clearFaults(),
    unsupported: {},
    process: {
      kill: () => crm.kill(),
      restart: async () => {
        crm = await spawnHubspot({ db, ...spawned, port });
      },
    },
    samples: [...samples, ...further(edit)],
    absent: (type) => ref(type, 99_999_999_999),
    secrets: [TOKEN],
    async tenants() {
      neighbour ??= await spawnHubspot({ ...spawned });
      const account = ref('account', 31_000_001_001);
      await crm.edit('companies', account.value, { name: 'Tenant Alpha' });
      await neighbour.edit('companies', account.value, { name: 'Tenant Bravo' });
      return [
        { tenant: 'a', ref: account, marker: 'Tenant Alpha' },
        { tenant: 'b', ref: account, marker: 'Tenant Bravo' },
      ];
    },
    paged: { none: 'it reads single records by id; the journal behind changes() has its own test' },
    exact,
    async stop() {
      await Promise.all([crm.stop(), neighbour?.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A record in the words of the adapter's changes, read past the API. */
async function recordOf(portal: Portal, crm: Hubspot, { type, value }: Ref): Promise<JsonObject> {
  const mapped = typeNamed(portal, type);
  const { properties, links } = await crm.record(mapped.object, value);
  const named = linkedObjects(mapped).map((object) => {
    const ids = links.filter(({ toType }) => toType === object).map(({ toId }) => toId);
    return [object, ids] as const;
  });
  return toValues(mapped, properties, new Map(named));
}
