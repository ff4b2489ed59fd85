/** The adapter under the conformance kit: `npx parley adapter check .` */
import type { KitSubject, Rig, Sample } from '../conformance/public.ts';
import type { Ref } from '../sdk/public.ts';
import { makeAdapter } from './index.ts';
import { type Crm, startCrm } from './simulator/crm.ts';

const TOKEN = 'template-kit-token-0f3a';
const contact = (n: number): Ref => ({ type: 'contact', by: 'id', value: `C${1 + (n % 200)}` });

/** One valid request for every action in the manifest, each on another record and with other values. */
const samples: readonly Sample[] = [
  {
    action: 'data.validate',
    prepare: (n) => {
      const ref = contact(n);
      const fields = [
        { path: 'contact.phone', value: `+49 40 ${7_000_000 + n}` },
        { path: 'contact.first_name', value: `Kim ${n}` },
      ];
      return { input: { contact: ref.value, fields }, about: { ref, edit: { last_name: `Edited ${n}` } } };
    },
  },
  {
    action: 'human.handoff',
    prepare: (n) => ({ input: { topic: `Invoice ${n}`, message: `Please call about ${n}` } }),
  },
];

export const subject: KitSubject = { name: 'template', open };

async function open(): Promise<Rig> {
  const crm = await startCrm(TOKEN);
  let neighbour: Crm | undefined;
  return {
    makeAdapter: ({ dispatcher, timeoutMs, token = TOKEN, tenant }) =>
      makeAdapter({
        origin: tenant === 'b' && neighbour !== undefined ? neighbour.origin : crm.origin,
        token,
        dispatcher,
        allowPrivate: true,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    effects: async () => crm.effects(),
    record: async ({ type, value }) => crm.record(type, value),
    edit: async ({ type, value }, fields) => crm.edit(type, value, fields),
    fault: async (fault) => crm.fault(fault),
    clearFaults: async () => crm.clearFaults(),
    // What your simulator or sandbox cannot do goes here, each with the reason: the rule is then “not applicable”, not passed.
    unsupported: {},
    samples,
    absent: (type) => ({ type, by: 'id', value: 'C999999' }),
    secrets: [TOKEN],
    async tenants() {
      neighbour ??= await startCrm(TOKEN);
      const ref = contact(0);
      crm.edit('contact', ref.value, { last_name: 'Tenant Alpha' });
      neighbour.edit('contact', ref.value, { last_name: 'Tenant Bravo' });
      return [
        { tenant: 'a', ref, marker: 'Tenant Alpha' },
        { tenant: 'b', ref, marker: 'Tenant Bravo' },
      ];
    },
    paged: { none: 'it reads single records by id and never a list' },
    exact: { none: 'it writes no money and no dates' },
    async stop() {
      await Promise.all([crm.stop(), neighbour?.stop()]);
    },
  };
}
