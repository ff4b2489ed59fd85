/** What each action of the catalogue does on the sandbox CRM. `round` is another number for each binding, so that each has records of its own. */
import type { Sandbox } from '../../adapters/sandbox/server/spawn.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { day } from './days.ts';

type Ask = (action: string, input: JsonObject) => Promise<OperationView>;

export interface Scenario {
  readonly action: string;
  readonly prepare?: (crm: Sandbox, round: number, ask: Ask) => Promise<JsonObject>;
  readonly input: (round: number, made: JsonObject) => JsonObject;
  readonly output: (round: number, made: JsonObject) => JsonObject;
  /** Collections of the CRM that were written, in order. */
  readonly changed: readonly string[];
}

const CONTRACT = 'K-1001';

async function edited(crm: Sandbox, type: string, id: string, fields: object): Promise<JsonObject> {
  await crm.edit(type, id, fields);
  return {};
}

const RUNNING = {
  status: 'active',
  start_date: day(-100),
  end_date: day(265),
  term_months: 12,
  seats: 25,
  notice_days: 30,
  auto_renew: true,
  unit_price: { amount: 4_900, currency: 'EUR' },
};
/** Nothing agreed on before. */
const UNMARKED = {
  cancels_on: null,
  switching_to: null,
  switched_by: null,
  next_start_date: null,
  planned_from: null,
};
const running = (crm: Sandbox) => edited(crm, 'contracts', CONTRACT, { ...RUNNING, ...UNMARKED });
/** One a binding: what of an order was claimed stays claimed, whatever its record says later. */
const ordered = (round: number) => ['O-1001', 'O-1002', 'O-1004'][round] ?? 'O-1001';
const order = (crm: Sandbox, status: string, id = 'O-1001') =>
  edited(crm, 'orders', id, {
    status,
    total: { amount: 10_000, currency: 'EUR' },
    refunded: { amount: 0, currency: 'EUR' },
  });

export const SCENARIOS: readonly Scenario[] = [
  {
    action: 'record.read',
    prepare: running,
    input: () => ({ kind: 'contract', id: CONTRACT, fields: ['seats', 'status'] }),
    output: () => ({ records: [{ kind: 'contract', id: CONTRACT, fields: { seats: 25, status: 'active' } }] }),
    changed: [],
  },
  {
    action: 'data.validate',
    prepare: (crm) => edited(crm, 'contacts', 'C-1001', { job_title: 'Head of IT' }),
    input: () => ({
      account: 'A-1001',
      contact: 'C-1001',
      fields: [
        { path: 'contact.job_title', value: 'head  of IT' },
        { path: 'contact.last_name', value: 'Brandt' },
      ],
    }),
    output: () => ({
      fields: [
        { path: 'contact.job_title', result: 'differs' },
        { path: 'contact.last_name', result: 'confirmed' },
      ],
    }),
    changed: [],
  },
  {
    action: 'contact.update',
    input: (round) => ({ contact: 'C-1001', changes: [{ path: 'contact.job_title', value: `Director ${round}` }] }),
    output: () => ({ changed: ['contact.job_title'] }),
    changed: ['contacts'],
  },
  {
    action: 'contract.amend',
    prepare: running,
    input: (round) => ({ contract: CONTRACT, seats: 30 + round }),
    output: (round) => ({
      terms: { seats: 30 + round, unit_price: { amount: 4_900, currency: 'EUR' } },
      monthly_before: { amount: 4_900 * 25 },
      monthly_after: { amount: 4_900 * (30 + round) },
    }),
    changed: ['contracts'],
  },
  {
    action: 'contract.cancel',
    prepare: running,
    input: () => ({ contract: CONTRACT, when: 'period_end' }),
    output: () => ({ contract: CONTRACT, ends_on: RUNNING.end_date, cooling_off: false, fees: [] }),
    changed: ['contracts'],
  },
  {
    action: 'quote.request',
    input: () => ({ account: 'A-1001', product: 'P-1001', quantity: 3 }),
    output: () => ({ quantity: 3, valid_until: day(30) }),
    changed: ['quotes'],
  },
  {
    action: 'order.place',
    prepare: async (_crm, _round, ask) => {
      const { output } = await ask('quote.request', { account: 'A-1001', product: 'P-1002', quantity: 2 });
      return { ...output };
    },
    input: (_round, { quote = null }) => ({ quote }),
    output: (_round, { quote = null, total = null }) => ({ quote, total, status: 'pending' }),
    changed: ['quotes', 'orders'],
  },
  {
    action: 'order.change',
    prepare: (crm) => order(crm, 'pending'),
    input: (round) =>
      [
        { order: 'O-1001', op: 'cancel' },
        { order: 'O-1001', op: 'reschedule', deliver_on: day(20) },
        {
          order: 'O-1001',
          op: 'address',
          address: { street: 'Weg 1', city: 'Bremen', postal_code: '28195', country: 'DE' },
        },
      ][round] ?? {},
    output: (round) => ({ status: round === 0 ? 'cancelled' : 'pending', fee: { amount: 0 } }),
    changed: ['orders'],
  },
  {
    action: 'refund.request',
    prepare: (crm, round) => order(crm, 'delivered', ordered(round)),
    input: (round) => ({
      order: ordered(round),
      want: 'refund',
      reason: 'It arrived broken.',
      ...(round === 0 ? {} : { amount: { amount: 2_500, currency: 'EUR' } }),
    }),
    output: (round) => ({ decision: 'approved', amount: { amount: round === 0 ? 10_000 : 2_500, currency: 'EUR' } }),
    changed: ['orders', 'credits'],
  },
  {
    action: 'payment.arrange',
    prepare: (crm) => edited(crm, 'invoices', 'I-1001', { status: 'open' }),
    input: (round) =>
      round === 2
        ? { invoice: 'I-1001', want: 'dispute', reason: 'We returned half of it.' }
        : { invoice: 'I-1001', want: 'instalments', instalments: 3 + round, first_on: day(30) },
    output: (round) => (round === 2 ? { status: 'disputed' } : { status: 'arranged', instalments: 3 + round }),
    changed: ['invoices'],
  },
  {
    action: 'case.open',
    input: () => ({ account: 'A-1001', topic: 'Login fails', severity: 'high', description: 'Since this morning.' }),
    output: () => ({ status: 'acknowledged', severity: 'high' }),
    changed: ['tickets'],
  },
  {
    action: 'sla.credit',
    prepare: running,
    input: (round) => ({
      contract: CONTRACT,
      incident: {
        from: `${day(2 * round - 45)}T08:00:00Z`,
        to: `${day(2 * round - 45)}T11:00:00Z`,
        minutes_down: 180,
      },
    }),
    output: () => ({ amount: { amount: (4_900 * 25) / 4, currency: 'EUR' }, form: 'credit' }),
    changed: ['credits'],
  },
  {
    action: 'data.rights',
    input: () => ({ account: 'A-1001', contact: 'C-1001', exercise: 'access', regime: 'gdpr' }),
    output: () => ({ status: 'in_progress', expected_by: day(30) }),
    changed: ['tickets'],
  },
  {
    action: 'provider.switch',
    prepare: running,
    input: (round) => ({ contract: CONTRACT, target: `Other Cloud ${round}`, export_scope: ['data', 'logs'] }),
    output: () => ({ transition_ends: day(30), retrieval_until: day(60), charges: { amount: 0 } }),
    changed: ['contracts', 'tickets'],
  },
  {
    action: 'human.handoff',
    input: () => ({ topic: 'A question', account: 'A-1001' }),
    output: () => ({ channel: 'tel:+49-40-555-0100' }),
    changed: ['tickets'],
  },
];
