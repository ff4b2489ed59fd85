/** A REST API known only by its OpenAPI document under the conformance kit: the sandbox CRM, which can fail on order. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../protocol/json.ts';
import { standardExact, standardSamples } from '../conformance/samples.ts';
import type { AdapterOptions, KitSubject, Rig } from '../conformance/subject.ts';
import { type Sandbox, spawnSandbox } from '../sandbox/server/spawn.ts';
import { STANDARD_RECIPES } from '../sdk/actions/standard.ts';
import type { Adapter, Ref } from '../sdk/index.ts';
import { makeHttpAdapter } from './index.ts';
import { DESK_MAPPING, DESK_OPENAPI, openDesk } from './rig/desk.ts';
import { MAPPING, OPENAPI } from './rig/documents.ts';

const TOKEN = 'http-kit-token-9e02';
const seeded = {
  contract: (n: number) => `K-${1001 + (n % 200)}`,
  contact: (n: number) => `C-${1001 + (n % 300)}`,
  account: 'A-1001',
};
/** The sandbox’s names for what the samples edit, and what it calls what the mapping calls otherwise. */
const THEIRS: ReadonlyMap<string, string> = new Map([
  ['contact.email', 'email'],
  ['contact.phone', 'phone'],
  ['contact.first_name', 'first_name'],
  ['contact.job_title', 'job_title'],
]);
const collection = (type: string) => `${type}s`;

export const subjects: readonly KitSubject[] = [
  { name: 'http (keys)', open: openSandbox },
  { name: 'http (lookup)', open: openLookup },
];

async function openSandbox(): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-http-'));
  const db = join(directory, 'crm.db');
  let crm = await spawnSandbox({ db, faults: true, token: TOKEN });
  const port = Number(new URL(crm.origin).port);
  let neighbour: Sandbox | undefined;
  return {
    makeAdapter({ tenant, ...options }) {
      const { origin } = tenant === 'b' && neighbour !== undefined ? neighbour : crm;
      return adapterOf(`${origin}/v1`, OPENAPI, MAPPING, options);
    },
    async effects() {
      const made = (await crm.ledger()).filter(({ external_id }) => !external_id.startsWith('person:'));
      return made.map(({ external_id, type, id }) => ({ key: external_id, type, id }));
    },
    record: async ({ type, value }) => renamed(await crm.record(collection(type), value)),
    edit: ({ type, value }, fields) =>
      crm.edit(
        collection(type),
        value,
        Object.fromEntries(Object.entries(fields).map(([name, to]) => [THEIRS.get(name) ?? name, to])),
      ),
    fault: (fault) => crm.fault(fault),
    clearFaults: () => crm.clearFaults(),
    unsupported: {},
    process: {
      kill: () => crm.kill(),
      restart: async () => {
        crm = await spawnSandbox({ db, faults: true, token: TOKEN, port });
      },
    },
    samples: standardSamples(seeded),
    absent: (type): Ref => ({ type, by: 'id', value: 'X-999999' }),
    secrets: [TOKEN],
    async tenants() {
      neighbour ??= await spawnSandbox({ faults: true, token: TOKEN });
      const ref: Ref = { type: 'account', by: 'id', value: 'A-1001' };
      await crm.edit('accounts', ref.value, { name: 'Tenant Alpha' });
      await neighbour.edit('accounts', ref.value, { name: 'Tenant Bravo' });
      return [
        { tenant: 'a', ref, marker: 'Tenant Alpha' },
        { tenant: 'b', ref, marker: 'Tenant Bravo' },
      ];
    },
    paged: { none: 'it reads single records by id and never a list' },
    exact: standardExact(seeded.contract(200)),
    async stop() {
      await Promise.all([crm.stop(), neighbour?.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

type Given = Omit<AdapterOptions, 'sent' | 'tenant'>;

function adapterOf(
  baseUrl: string,
  openapi: JsonObject,
  mapping: JsonObject,
  { token = TOKEN, ...options }: Given,
): Adapter {
  const recipes = STANDARD_RECIPES;
  const made = makeHttpAdapter({ baseUrl, openapi, mapping, recipes, auth: { token }, allowPrivate: true, ...options });
  if (!made.ok) throw new Error(made.error.join('\n'));
  return made.value;
}

/** An API of another kind: nothing repeats safely, and everything can be looked up. */
async function openLookup(): Promise<Rig> {
  const desks = { a: await openDesk(TOKEN, 'Tenant Alpha'), b: await openDesk(TOKEN, 'Tenant Bravo') };
  const desk = desks.a;
  const place = (type: string) => PLACES[type] ?? type;
  return {
    makeAdapter: ({ tenant, ...options }) =>
      adapterOf(`${desks[tenant === 'b' ? 'b' : 'a'].origin}/desk`, DESK_OPENAPI, DESK_MAPPING, options),
    effects: async () => desk.writes.map(({ ref, type, id }) => ({ key: ref, type, id })),
    record: async ({ type, value }) => shown(desk.record(place(type), value)),
    async edit({ type, value }) {
      desk.edit(place(type), value, type === 'contract' ? { payment: 99 } : { given: `Kit ${value}` });
    },
    fault: async (fault) => void desk.faults.add(fault),
    clearFaults: async () => desk.faults.clear(),
    unsupported: {},
    samples: standardSamples({ contract: (n) => `${n % 199}`, contact: (n) => `${n % 200}`, account: '1' }),
    absent: (type): Ref => ({ type, by: 'id', value: '999999' }),
    secrets: [TOKEN],
    async tenants() {
      const ref: Ref = { type: 'contact', by: 'id', value: '7' };
      desk.edit('people', '7', { role: 'Tenant Alpha' });
      return [
        { tenant: 'a', ref, marker: 'Tenant Alpha' },
        { tenant: 'b', ref, marker: 'Tenant Bravo' },
      ];
    },
    paged: { none: 'it reads single records by id and never a list' },
    exact: standardExact('199'),
    stop: async () => void (await Promise.all([desks.a.stop(), desks.b.stop()])),
  };
}

const PLACES: Readonly<Record<string, string>> = { contract: 'contracts', contact: 'people', ticket: 'tickets' };
/** The desk’s attributes in the mapping’s names, written by hand. */
const OURS: Readonly<Record<string, string>> = {
  mail: 'contact.email',
  tel: 'contact.phone',
  role: 'contact.job_title',
  given: 'contact.first_name',
  months: 'term_months',
  seats: 'seats',
  from: 'start_date',
  to: 'end_date',
  notice: 'notice_days',
  payment: 'payment_terms_days',
  subject: 'subject',
  body: 'body',
  operation: 'operation',
};
const WORDS: Readonly<Record<string, string>> = { A: 'active', C: 'cancelled', L: 'low', N: 'normal', H: 'high' };

function shown({ price, currency, state, priority, ...attributes }: Record<string, unknown>): JsonObject {
  const fields = Object.entries(attributes).flatMap(([name, value]) => {
    const ours = OURS[name];
    return ours === undefined ? [] : [[ours, value] as const];
  });
  const digits = currency === 'JPY' ? 0 : currency === 'KWD' ? 3 : 2;
  const amount = Math.round(Number(price) * 10 ** digits);
  return JSON.parse(
    JSON.stringify({
      ...Object.fromEntries(fields),
      ...(price === undefined ? {} : { unit_price: { amount, currency } }),
      ...(state === undefined ? {} : { status: WORDS[String(state)] }),
      ...(priority === undefined ? {} : { priority: WORDS[String(priority)] }),
    }),
  );
}

function renamed(record: Record<string, unknown>): JsonObject {
  const ours = new Map([...THEIRS].map(([name, theirs]) => [theirs, name]));
  const { revision: _r, updated_at: _u, ...fields } = record;
  return JSON.parse(
    JSON.stringify(Object.fromEntries(Object.entries(fields).map(([name, value]) => [ours.get(name) ?? name, value]))),
  );
}
