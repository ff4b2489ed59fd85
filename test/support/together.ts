/** Two actions on one record, one after the other, on a CRM of each kind: through a whole gateway, with a person's yes to all. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { ProblemError } from '../../src/client/index.ts';
import { APPROVER } from './config.ts';
import { day } from './days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from './gateway.ts';
import { approveSigned } from './person.ts';
import { EUR, GROUNDS } from './together-crms.ts';

const none = (): never => {
  throw new Error('no such CRM');
};

export const GROUND_NAMES = Object.keys(GROUNDS);

/** What came of one request: carried out, or a part of it waiting for its day, or refused and why. */
export type Outcome = { readonly refused: string } | { readonly waits: boolean };

export interface Together {
  /** The actions this CRM's gateway offers. */
  readonly actions: ReadonlySet<string>;
  /** The two, one after the other: on one record where both are about the same type, else each on its own. */
  pair(first: string, second: string): Promise<readonly [Outcome, Outcome]>;
  /** A contract of its own, running and with nothing agreed on. */
  contract(): Promise<string>;
  /** One request about it. */
  about(contract: string, action: string, more?: JsonObject): Promise<Outcome>;
  /** What the customer is shown of it. */
  shown(contract: string, fields: readonly string[]): Promise<Json>;
  stop(): Promise<void>;
}

const ABOUT: Readonly<Record<string, string>> = {
  ...{ 'contract.renew': 'contract', 'contract.amend': 'contract', 'contract.cancel': 'contract' },
  ...{ 'provider.switch': 'contract', 'sla.credit': 'contract', 'record.read': 'contract' },
  ...{ 'order.change': 'order', 'refund.request': 'order', 'payment.arrange': 'invoice', 'order.place': 'quote' },
};

interface Asked {
  readonly id: string;
  readonly account: string;
  readonly contact: string;
  /** 0 or 1. */
  readonly turn: number;
  readonly cancels: boolean;
}

const FIELDS = [{ path: 'contact.job_title', value: 'Head of Tests' }];
const INPUTS: Readonly<Record<string, (asked: Asked) => JsonObject>> = {
  'contract.renew': ({ id }) => ({ contract: id }),
  'contract.amend': ({ id }) => ({ contract: id, seats: 30, effective_on: day(90) }),
  'contract.cancel': ({ id }) => ({ contract: id, when: 'now' }),
  'provider.switch': ({ id }) => ({ contract: id, target: 'Other Cloud', export_scope: ['all'] }),
  'sla.credit': ({ id, turn }) => ({
    contract: id,
    // What is less than a day apart is one outage.
    incident: { from: `${day(-3 - 4 * turn)}T08:00:00Z`, to: `${day(-3 - 4 * turn)}T11:00:00Z`, minutes_down: 180 },
  }),
  'order.change': ({ id, cancels }) =>
    cancels ? { order: id, op: 'cancel' } : { order: id, op: 'reschedule', deliver_on: day(20) },
  'refund.request': ({ id }) => ({ order: id, want: 'refund', reason: 'Broken.', amount: EUR(100) }),
  'payment.arrange': ({ id }) => ({ invoice: id, want: 'instalments', instalments: 3, first_on: day(30) }),
  'order.place': ({ id }) => ({ quote: id }),
  'contact.update': ({ contact, turn }) => ({
    contact,
    changes: [{ path: 'contact.job_title', value: `Director ${randomBytes(4).toString('hex')} ${turn}` }],
  }),
  'data.validate': ({ account, contact }) => ({ account, contact, fields: FIELDS }),
  'data.rights': ({ account, contact }) => ({ account, contact, exercise: 'access', regime: 'gdpr' }),
  'case.open': ({ account, turn }) => ({ account, topic: `Login ${turn}`, description: 'Since this morning.' }),
  'human.handoff': ({ account }) => ({ account, topic: 'A question' }),
  'quote.request': ({ account }) => ({ account, product: 'P-1001', quantity: 3 }),
  'record.read': ({ id }) => ({ kind: 'contract', id, fields: ['seats'] }),
};

const RECORDS = 190;
const ENDS = ['completed', 'rejected', 'declined', 'failed', 'needs_human', 'handed_off', 'scheduled', 'reversed'];
const EVERYTHING = { name: 'all', when: 'true', role: 'approver', reason: 'Everything is shown to a person.' };

/** One gateway on this CRM, where a person approves every plan. */
export async function openTogether(name: string): Promise<Together> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-together-'));
  const crm = await (GROUNDS[name] ?? none)(folder);
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const gateway = await startTestGateway({
    account: crm.account(0),
    others: [...new Set(Array.from({ length: RECORDS }, (_, n) => crm.account(n)))].slice(1),
    config: {
      crm: crm.config,
      webhooks: [{ name: 'desk', url: 'http://127.0.0.1:9/' }],
      signoff: { rules: [EVERYTHING], answers_by: ['desk'] },
    },
    environment: { ...crm.secrets, PARLEY_WEBHOOK_SECRET_DESK: secret },
  });
  const agent = await gateway.newAgent();
  const profile = await agent.client.discover();
  const offered: unknown = profile['actions'];
  const actions = new Set((Array.isArray(offered) ? offered : []).map((each: { name: string }) => each.name));
  const used = new Map<string, number>();
  const common = { account: crm.account(0), contact: crm.contact };

  async function fresh(type: string | undefined, isSent: boolean): Promise<string> {
    const n = used.get(type ?? '') ?? 0;
    used.set(type ?? '', n + 1);
    if (type === 'order') return (crm.order ?? none)(n, isSent ? 'delivered' : 'pending');
    if (type === 'invoice') return (crm.invoice ?? none)(n);
    if (type === 'quote') return (crm.quote ?? none)(n);
    return type === 'contract' ? crm.contract(n) : '';
  }

  return {
    actions,
    async pair(first, second) {
      const id = await fresh(ABOUT[first], first === 'refund.request');
      const isOne = ABOUT[first] === ABOUT[second];
      const cancels = first === 'order.change' && second === 'order.change';
      const before = await ask(first, { ...common, cancels, id, turn: 0 });
      const other = isOne ? id : await fresh(ABOUT[second], second === 'refund.request');
      return [before, await ask(second, { ...common, cancels: false, id: other, turn: 1 })];
    },
    contract: () => fresh('contract', false),
    about: (id, action, more = {}) => ask(action, { ...common, id, cancels: false, turn: 0 }, more),
    async shown(id, fields) {
      const { output } = await done('record.read', { kind: 'contract', id, fields: [...fields] });
      const { records = [] } = output ?? {};
      const [first = null] = Array.isArray(records) ? records : [];
      return typeof first === 'object' && first !== null && 'fields' in first ? (first['fields'] ?? null) : null;
    },
    async stop() {
      await gateway.stop();
      await crm.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function done(action: string, input: JsonObject): Promise<OperationView> {
    const accounts = [...new Set(Array.from({ length: RECORDS }, (_, n) => crm.account(n)))];
    const mandate = await gateway.mandateFor(agent, { actions: [action], accounts });
    const { id } = await agent.client.submit(action, input, mandate);
    return settled(gateway, agent, id, secret);
  }

  async function ask(action: string, asked: Asked, more: JsonObject = {}): Promise<Outcome> {
    try {
      return outcomeOf(action, await done(action, { ...(INPUTS[action] ?? none)(asked), ...more }));
    } catch (error) {
      if (error instanceof ProblemError) return { refused: `${error.type}: ${error.message}` };
      throw error;
    }
  }
}

/** Takes the company's offer, lets a person approve, and waits for the end or the day. */
async function settled(gateway: TestGateway, agent: TestAgent, id: string, secret: string): Promise<OperationView> {
  const { client } = agent;
  const isOver = ({ state }: OperationView) => ENDS.includes(state);
  let view = await client.waitForTurn(id, (each) => isOver(each) || each.state === 'awaiting_signoff');
  const offer = view.offers?.findLast(({ by }) => by !== 'agent');
  if (view.state === 'negotiating' && offer !== undefined) {
    await client.accept(view, offer);
    view = await client.waitForTurn(id, (each) => isOver(each) || each.state === 'awaiting_signoff');
  }
  if (view.state !== 'awaiting_signoff') return view;
  const plan = { id: String(view.signoff?.id), plan_digest: String(view.signoff?.plan_digest), approver: APPROVER.id };
  const status = await approveSigned(gateway.origin, secret, plan);
  if (status !== 200) throw new Error(`the approval was refused: ${status}`);
  return client.waitForTurn(id, isOver);
}

function outcomeOf(action: string, { state, problem }: OperationView): Outcome {
  if (state === 'completed' || state === 'scheduled' || (state === 'handed_off' && action === 'human.handoff'))
    return { waits: state === 'scheduled' };
  // What the CRM's own recipe requires is known when it is planned, and has written nothing.
  const isUnusable = state === 'failed' && problem?.['type'] === 'urn:parley:problem:record-unusable';
  if (state === 'rejected' || state === 'declined' || isUnusable)
    return { refused: String(problem?.['detail'] ?? state) };
  throw new Error(`${action} ended ${state}: ${JSON.stringify(problem)}`);
}
