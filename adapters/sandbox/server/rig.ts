/** The sandbox CRM as a rig of the conformance kit, for adapters that reach it in another way than its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { everySample, standardExact } from '../../conformance/samples.ts';
import type { AdapterOptions, Rig } from '../../conformance/subject.ts';
import type { Adapter, Ref } from '../../sdk/index.ts';
import { SEED_DAY } from './seed-day.ts';
import { type Sandbox, spawnSandbox } from './spawn.ts';

export interface SandboxRigOptions {
  readonly token: string;
  /** Another program over the same CRM. */
  readonly entry?: string;
  makeAdapter(origin: string, options: AdapterOptions & { readonly token: string }): Adapter;
  readonly writes?: Rig['writes'];
  readonly unsupported?: Rig['unsupported'];
}

const seeded = {
  contract: (n: number) => `K-${1001 + (n % 200)}`,
  contact: (n: number) => `C-${1001 + (n % 300)}`,
  account: 'A-1001',
};
/** The sandbox’s own names are the standard mapping’s, but for these. */
const THEIRS: ReadonlyMap<string, string> = new Map([
  ['contact.email', 'email'],
  ['contact.phone', 'phone'],
  ['contact.first_name', 'first_name'],
  ['contact.job_title', 'job_title'],
]);
/** A contract that runs on the day the kit asks on, whatever was done to it before. */
export const RUNNING = {
  status: 'active',
  start_date: '2026-01-01',
  end_date: '2027-12-31',
  seats: 25,
  unit_price: { amount: 99_900, currency: 'EUR' },
  payment_terms_days: 0,
  notice_days: 30,
  auto_renew: true,
  cancels_on: null,
  next_start_date: null,
  planned_from: null,
};
const collection = (type: string) => `${type}s`;

export async function openSandboxRig(options: SandboxRigOptions): Promise<Rig> {
  const { token, entry, makeAdapter, writes, unsupported = {} } = options;
  const directory = mkdtempSync(join(tmpdir(), 'parley-kit-'));
  const start = {
    db: join(directory, 'crm.db'),
    faults: true,
    token,
    seedNow: SEED_DAY,
    ...(entry === undefined ? {} : { entry }),
  };
  let crm = await spawnSandbox(start);
  const port = Number(new URL(crm.origin).port);
  let neighbour: Sandbox | undefined;
  return {
    makeAdapter: (given) =>
      makeAdapter(given.tenant === 'b' && neighbour !== undefined ? neighbour.origin : crm.origin, {
        ...given,
        token: given.token ?? token,
      }),
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
    unsupported,
    process: {
      kill: () => crm.kill(),
      restart: async () => {
        crm = await spawnSandbox({ ...start, port });
      },
    },
    samples: everySample(seeded, (id) => crm.edit('contracts', id, RUNNING)),
    absent: (type): Ref => ({ type, by: 'id', value: 'X-999999' }),
    secrets: [token],
    ...(writes === undefined ? {} : { writes }),
    async tenants() {
      neighbour ??= await spawnSandbox({ ...start, db: join(directory, 'neighbour.db') });
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

function renamed(record: Record<string, unknown>): JsonObject {
  const ours = new Map([...THEIRS].map(([name, theirs]) => [theirs, name]));
  const { revision: _r, updated_at: _u, ...fields } = record;
  return JSON.parse(
    JSON.stringify(Object.fromEntries(Object.entries(fields).map(([name, value]) => [ours.get(name) ?? name, value]))),
  );
}
