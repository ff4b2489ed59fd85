/** The sandbox CRM under the conformance kit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../protocol/base/json.ts';
import { everySample, standardExact } from '../conformance/samples.ts';
import type { KitSubject, Rig, Sample } from '../conformance/subject.ts';
import type { Ref } from '../sdk/index.ts';
import { makeSandboxAdapter } from './index.ts';
import mapping from './mapping.json' with { type: 'json' };
import { RUNNING } from './server/rig.ts';
import { SEED_DAY } from './server/seed-day.ts';
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
const contact = (n: number) => `C-${1001 + (n % 300)}`;
const euros = (amount: number) => ({ amount, currency: 'EUR' });

/** Every request on a record that can take it, put so past the adapter. */
function samplesOn(crm: () => Sandbox): Sample[] {
  const seeded = { contract: (n: number) => contract(n).value, contact, account: 'A-1001' };
  const given = everySample(seeded, (id) => crm().edit('contracts', id, RUNNING)).filter(
    ({ action }) => action !== 'refund.request',
  );
  const shop: Sample[] = [
    {
      action: 'quote.request',
      prepare: (n) => ({
        input: { account: 'A-1001', product: `P-${1001 + (n % 40)}`, quantity: 1 + n },
        terms: { unit_price: euros(100 + n), quantity: 1 + n, deliver_on: '2026-12-01' },
      }),
    },
    {
      action: 'order.place',
      async prepare(n) {
        const id = await crm().make('quotes', {
          account: 'A-1001',
          product: 'P-1001',
          quantity: 1 + n,
          unit_price: euros(1_000),
          total: euros(1_000 * (1 + n)),
          valid_until: '2027-01-31',
        });
        return {
          input: { quote: id },
          about: { ref: { type: 'quote', by: 'id', value: id }, edit: { quantity: 2 + n } },
        };
      },
    },
    ...['order.change', 'refund.request'].map(
      (action): Sample => ({
        action,
        async prepare(n) {
          const ref: Ref = { type: 'order', by: 'id', value: `O-${1001 + (n % 900)}` };
          const status = action === 'order.change' ? 'pending' : 'delivered';
          await crm().edit('orders', ref.value, { status, quantity: 1, total: euros(10_000), refunded: euros(0) });
          const about = { ref, edit: { quantity: 7 + n } };
          if (action === 'refund.request')
            return {
              input: { order: ref.value, want: 'refund', reason: `Broken ${n}` },
              terms: { amount: euros(1 + n), form: 'refund', return_shipping: 'company' },
              about,
            };
          return {
            input: { order: ref.value, op: 'reschedule', deliver_on: '2027-02-01' },
            terms: { deliver_on: `2027-02-${10 + (n % 18)}`, fee: euros(0) },
            about,
          };
        },
      }),
    ),
    {
      action: 'payment.arrange',
      async prepare(n) {
        const ref: Ref = { type: 'invoice', by: 'id', value: `I-${1001 + (n % 300)}` };
        await crm().edit('invoices', ref.value, { status: 'open', disputed_because: null });
        return {
          input: { invoice: ref.value, want: 'instalments', instalments: 3 },
          terms: { want: 'instalments', instalments: 3, first_on: '2026-12-01', fee: euros(0), hardship: false },
          about: { ref, edit: { disputed_because: `Kit ${n}` } },
        };
      },
    },
  ];
  return [...given, ...shop];
}

export const subject: KitSubject = { name: 'sandbox', open };

async function open(): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-kit-'));
  const db = join(directory, 'crm.db');
  let crm = await spawnSandbox({ db, faults: true, token: TOKEN, seedNow: SEED_DAY });
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
    edit(ref, fields) {
      const { object, fields: named } = typeOf(ref.type);
      const theirs = Object.entries(fields).map(([name, value]) => [named[name]?.field ?? name, value]);
      return crm.edit(object, ref.value, Object.fromEntries(theirs));
    },
    fault: (fault) => crm.fault(fault),
    clearFaults: () => crm.clearFaults(),
    unsupported: {},
    process: {
      kill: () => crm.kill(),
      restart: async () => {
        crm = await spawnSandbox({ db, faults: true, token: TOKEN, port });
      },
    },
    samples: samplesOn(() => crm),
    absent: (type) => ({ type, by: 'id', value: 'X-999999' }),
    secrets: [TOKEN],
    async tenants() {
      neighbour ??= await spawnSandbox({ faults: true, token: TOKEN, seedNow: SEED_DAY });
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
