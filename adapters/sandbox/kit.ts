/** The sandbox CRM under the conformance kit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../protocol/json.ts';
import { standardExact, terms } from '../conformance/samples.ts';
import type { KitSubject, Rig, Sample } from '../conformance/subject.ts';
import type { Ref } from '../sdk/index.ts';
import { makeSandboxAdapter } from './index.ts';
import mapping from './mapping.json' with { type: 'json' };
import { type Sandbox, spawnSandbox } from './server/spawn.ts';

const TOKEN = 'sandbox-kit-token-b41f';
const TYPES: Readonly<
  Record<string, { readonly object: string; readonly fields: Readonly<Record<string, { readonly field: string }>> }>
> = mapping.types;
function typeOf(type: string) {
  const found = TYPES[type];
  if (found === undefined) throw new Error(`no type ${type}`);
  return found;
}

const contract = (n: number): Ref => ({ type: 'contract', by: 'id', value: `K-${1001 + (n % 200)}` });

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
      const ref: Ref = { type: 'contact', by: 'id', value: `C-${1001 + (n % 300)}` };
      const fields = [
        { path: 'contact.phone', value: `+49 40 ${7_000_000 + n}` },
        { path: 'contact.job_title', value: `Head of ${n}` },
      ];
      return { input: { contact: ref.value, fields }, about: { ref, edit: { first_name: `Kit ${n}` } } };
    },
  },
  {
    action: 'human.handoff',
    prepare: (n) => ({ input: { topic: `Invoice ${n}`, message: `Please call about ${n}`, urgency: 'normal' } }),
  },
  {
    action: 'case.open',
    prepare: (n) => ({ input: { account: 'A-1001', topic: `Login ${n}`, description: `It fails ${n}` } }),
  },
  {
    action: 'refund.request',
    prepare: (n) => ({
      input: { account: 'A-1001', order: `O-${1001 + n}`, reason: `Broken ${n}` },
      terms: { amount: { amount: 1_990 + n, currency: 'EUR' } },
    }),
  },
];

export const subject: KitSubject = { name: 'sandbox', open };

async function open(): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-kit-'));
  const db = join(directory, 'crm.db');
  let crm = await spawnSandbox({ db, faults: true, token: TOKEN });
  const port = Number(new URL(crm.origin).port);
  let neighbour: Sandbox | undefined;
  return {
    makeAdapter: ({ dispatcher, timeoutMs, token = TOKEN, tenant }) =>
      makeSandboxAdapter({
        origin: tenant === 'b' && neighbour !== undefined ? neighbour.origin : crm.origin,
        token,
        dispatcher,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    async effects() {
      const made = (await crm.ledger()).filter(({ external_id }) => !external_id.startsWith('person:'));
      return made.map(({ external_id, type, id }) => ({ key: external_id, type, id }));
    },
    async record(ref) {
      const held: JsonObject = JSON.parse(JSON.stringify(await crm.record(typeOf(ref.type).object, ref.value)));
      const named = Object.entries(typeOf(ref.type).fields).map(([name, { field }]) => [name, held[field] ?? null]);
      return Object.fromEntries(named);
    },
    edit: (ref, fields) => crm.edit(typeOf(ref.type).object, ref.value, fields),
    fault: (fault) => crm.fault(fault),
    clearFaults: () => crm.clearFaults(),
    unsupported: {},
    process: {
      kill: () => crm.kill(),
      restart: async () => {
        crm = await spawnSandbox({ db, faults: true, token: TOKEN, port });
      },
    },
    samples,
    absent: (type) => ({ type, by: 'id', value: 'X-999999' }),
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
    exact: standardExact(contract(200).value),
    async stop() {
      await Promise.all([crm.stop(), neighbour?.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
