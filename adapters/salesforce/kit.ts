/** Salesforce under the conformance kit, against the simulated org. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../protocol/base/json.ts';
import { furtherSamples } from '../conformance/samples.ts';
import type { ExactCase, KitSubject, Rig, Sample } from '../conformance/subject.ts';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import type { Ref } from '../sdk/index.ts';
import { fromOrg } from './codec.ts';
import { makeSalesforceAdapter } from './index.ts';
import { type Org, readOrg, typeNamed } from './org.ts';
import { recordId } from './server/ids.ts';
import { type Salesforce, spawnSalesforce } from './server/spawn.ts';

const ORG = standardOrg();
const SECRET = 'salesforce-kit-secret-9e20';
const ref = (type: string, prefix: string, n: number): Ref => ({ type, by: 'id', value: recordId(prefix, n) });
const contract = (n: number): Ref => ref('contract', '800', 1 + (n % 200));

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
      about: { ref: contract(n), edit: { Payment_Terms_Days__c: 1 + (n % 300), Auto_Renew__c: true } },
    }),
  },
  {
    action: 'data.validate',
    prepare: (n) => {
      const contact = ref('contact', '003', 1 + (n % 300));
      const fields = [
        { path: 'contact.phone', value: `+49 40 ${7_000_000 + n}` },
        { path: 'contact.job_title', value: `Head of ${n}` },
      ];
      return { input: { contact: contact.value, fields }, about: { ref: contact, edit: { FirstName: `Kit ${n}` } } };
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
    about: { ref: contract(200), edit: { Auto_Renew__c: true } },
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

const RUNNING = {
  Status: 'Activated',
  StartDate: '2026-01-01',
  EndDate: '2027-12-31',
  Seats__c: 4_321,
  Unit_Price__c: 2_000,
  CurrencyIsoCode: 'EUR',
  Auto_Renew__c: true,
  Payment_Terms_Days__c: 0,
};

/** Contracts of their own for the further samples, so that none is about one that was written within the second: 30 to 199. */
const runningOf = (action: string, n: number): Ref =>
  contract(FIRST_OF[action] === undefined ? 30 + (n % 50) : FIRST_OF[action] + (n % 60));

async function makeRunning(org: Salesforce): Promise<void> {
  for (let n = 30; n < 200; n += 1) await org.edit('Contract', contract(n).value, RUNNING);
}

function further(): Sample[] {
  const contact = (n: number) => ref('contact', '003', 1 + (n % 300)).value;
  const account = ref('account', '001', 1).value;
  const samplesOf = (action: string) =>
    furtherSamples({ contract: (n) => runningOf(action, n).value, contact, account }).filter(
      (sample) => sample.action === action,
    );
  return furtherSamples({ contract: String, contact, account })
    .flatMap(({ action }) => samplesOf(action))
    .map(({ action, prepare }): Sample => {
      return {
        action,
        async prepare(n) {
          const { about, ...asked } = await prepare(n);
          if (about === undefined) return asked;
          const isContract = about.ref.type === 'contract';
          const edit: JsonObject = isContract ? { Payment_Terms_Days__c: 301 + (n % 60) } : { FirstName: `Again ${n}` };
          return { ...asked, about: { ref: about.ref, edit } };
        },
      };
    });
}

/** What leaves a mark on a contract has contracts of its own. */
const FIRST_OF: Readonly<Record<string, number>> = { 'contract.cancel': 80, 'provider.switch': 140 };

export const subject: KitSubject = { name: 'salesforce', open };

async function open(): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-kit-'));
  const db = join(directory, 'org.db');
  let org = await spawnSalesforce({ db, faults: true, clientSecret: SECRET, seedNow: SEED_DAY });
  await makeRunning(org);
  const port = Number(new URL(org.origin).port);
  let neighbour: Salesforce | undefined;
  return {
    makeAdapter: ({ dispatcher, timeoutMs, token: clientSecret = SECRET, tenant }) =>
      makeSalesforceAdapter({
        origin: tenant === 'b' && neighbour !== undefined ? neighbour.origin : org.origin,
        auth: { method: 'client_credentials', clientId: org.clientId, clientSecret },
        dispatcher,
        allowPrivate: true,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    async effects() {
      const made = (await org.ledger()).filter(({ action }) => action !== '');
      return made.map(({ action, type, id }) => ({ key: action, type, id }));
    },
    record: (about) => recordOf(org, about),
    edit: ({ type, value }, fields) => org.edit(typeNamed(ORG, type).object, value, fields),
    fault: (fault) => org.fault(fault),
    clearFaults: () => org.clearFaults(),
    unsupported: {
      '429': 'Salesforce answers 403 REQUEST_LIMIT_EXCEEDED, without Retry-After',
      'stale-read': 'Salesforce reads a record by id from the database that took the write',
    },
    process: {
      kill: () => org.kill(),
      restart: async () => {
        org = await spawnSalesforce({ db, faults: true, clientSecret: SECRET, port });
      },
    },
    samples: [...samples, ...further()],
    absent: (type) => ref(type, type === 'contract' ? '800' : type === 'contact' ? '003' : '001', 999_999),
    secrets: [SECRET],
    // A sign-in is a POST that changes nothing.
    writes: (method, path) => method !== 'GET' && !path.startsWith('/services/oauth2/'),
    async tenants() {
      neighbour ??= await spawnSalesforce({ faults: true, clientSecret: SECRET, seedNow: SEED_DAY });
      const account = ref('account', '001', 1);
      await org.edit('Account', account.value, { Name: 'Tenant Alpha' });
      await neighbour.edit('Account', account.value, { Name: 'Tenant Bravo' });
      return [
        { tenant: 'a', ref: account, marker: 'Tenant Alpha' },
        { tenant: 'b', ref: account, marker: 'Tenant Bravo' },
      ];
    },
    paged: { none: 'it reads single records by id; the pages of changes() have their own test' },
    exact,
    async stop() {
      await Promise.all([org.stop(), neighbour?.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A record in the words of the adapter's changes; a contract together with the opportunity of its last renewal that stands. */
async function recordOf(org: Salesforce, { type, value }: Ref): Promise<JsonObject> {
  const own = await named(org, type, value);
  if (type !== 'contract') return own;
  const made = (await org.ledger()).filter((each) => each.type === 'Opportunity' && each.kind === 'create');
  for (const { id } of made.toReversed()) {
    const opportunity = await named(org, 'opportunity', id);
    if (opportunity['contract'] === value && opportunity['stage'] === 'won') return { ...opportunity, ...own };
  }
  return own;
}

async function named(org: Salesforce, type: string, id: string): Promise<JsonObject> {
  const mapped = typeNamed(ORG, type);
  const record: JsonObject = JSON.parse(JSON.stringify(await org.record(mapped.object, id)));
  return Object.fromEntries([...mapped.fields.values()].map((each) => [each.name, fromOrg(ORG, each, record)]));
}

function standardOrg(): Org {
  const read = readOrg({});
  if (!read.ok) throw new Error(read.error.join('\n'));
  return read.value;
}
