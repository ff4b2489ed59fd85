/** A REST API known only by its OpenAPI document under the conformance kit: the sandbox CRM, which can fail on order. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { everySample, standardExact } from '../conformance/samples.ts';
import type { AdapterOptions, KitSubject, Rig } from '../conformance/subject.ts';
import { openSandboxRig } from '../sandbox/server/rig.ts';
import type { Adapter, Ref } from '../sdk/index.ts';
import { makeHttpAdapter } from './index.ts';
import { CONTRACT, DESK_MAPPING, DESK_OPENAPI, openDesk } from './rig/desk.ts';
import { MAPPING, OPENAPI } from './rig/documents.ts';

const TOKEN = 'http-kit-token-9e02';
export const subjects: readonly KitSubject[] = [
  {
    name: 'http (keys)',
    open: () =>
      openSandboxRig({
        token: TOKEN,
        makeAdapter: (origin, { tenant: _, sent: _s, ...options }) =>
          adapterOf(`${origin}/v1`, OPENAPI, MAPPING, options),
      }),
  },
  { name: 'http (lookup)', open: openLookup },
];

type Given = Omit<AdapterOptions, 'sent' | 'tenant'>;

function adapterOf(
  baseUrl: string,
  openapi: JsonObject,
  mapping: JsonObject,
  { token = TOKEN, ...options }: Given,
): Adapter {
  const made = makeHttpAdapter({
    baseUrl,
    openapi,
    mapping,
    recipes: [],
    auth: { token },
    allowPrivate: true,
    ...options,
  });
  if (!made.ok) throw new Error(made.error.join('\n'));
  return made.value;
}

/** An API of another kind: nothing repeats safely, and everything can be looked up. */
async function openLookup(): Promise<Rig> {
  const desks = {
    a: await openDesk({ token: TOKEN, marker: 'Tenant Alpha' }),
    b: await openDesk({ token: TOKEN, marker: 'Tenant Bravo' }),
  };
  const desk = desks.a;
  let edits = 0;
  const place = (type: string) => PLACES[type] ?? type;
  return {
    makeAdapter: ({ tenant, sent: _, ...options }) =>
      adapterOf(`${desks[tenant === 'b' ? 'b' : 'a'].origin}/desk`, DESK_OPENAPI, DESK_MAPPING, options),
    effects: async () => desk.writes.map(({ ref, type, id }) => ({ key: ref, type, id })),
    record: async ({ type, value }) => shown(desk.record(place(type), value)),
    async edit({ type, value }) {
      edits += 1;
      desk.edit(place(type), value, type === 'contract' ? { payment: edits } : { given: `Kit ${edits}` });
    },
    fault: async (fault) => void desk.faults.add(fault),
    clearFaults: async () => desk.faults.clear(),
    unsupported: {},
    samples: everySample({ contract: (n) => `${n % 199}`, contact: (n) => `${n % 200}`, account: '1' }, async (id) =>
      desk.edit('contracts', id, { ...CONTRACT, payment: 0 }),
    ),
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
