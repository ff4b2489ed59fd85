/** A service credit is what the outage was worth: of the fee of its time, once, and within each month's fee. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 30_000;
const ENDS = ['completed', 'failed', 'needs_human', 'rejected', 'awaiting_signoff'];
const ACTIONS = ['sla.credit', 'contract.amend', 'payment.arrange'];
const FEE = 4_900 * 25;
const RUNNING = {
  status: 'active',
  unit_price: { amount: 4_900, currency: 'EUR' },
  seats: 25,
  start_date: '2026-01-01',
  end_date: '2026-12-31',
  auto_renew: false,
};

let gateway: TestGateway;
let agents: readonly TestAgent[];
let contracts = 1_000;

beforeAll(async () => {
  const signoff = { rules: [], allow: [{ name: 'all', when: 'true' }] };
  gateway = await startTestGateway({ others: ['A-1002', 'A-1003', 'A-1004', 'A-1005'], config: { signoff } });
  agents = [await gateway.newAgent(), await gateway.newAgent()];
}, PATIENCE_MS);
afterAll(() => gateway?.stop());

async function running(): Promise<string> {
  contracts += 1;
  const id = `K-${contracts}`;
  await gateway.crm.edit('contracts', id, RUNNING);
  return id;
}

async function ask(action: string, input: JsonObject, by = 0): Promise<OperationView> {
  const agent = agents[by];
  if (agent === undefined) throw new Error('no such agent');
  const accounts = ['A-1001', 'A-1002', 'A-1003', 'A-1004', 'A-1005'];
  const { id } = await agent.client.submit(
    action,
    input,
    await gateway.mandateFor(agent, { actions: ACTIONS, accounts }),
  );
  return agent.client.waitForTurn(id, ({ state }) => ENDS.includes(state));
}

const credit = (contract: string, [from, to]: readonly [string, string], minutes_down: number, by = 0) =>
  ask('sla.credit', { contract, incident: { from: `${from}Z`, to: `${to}Z`, minutes_down } }, by);

function granted({ state, output }: OperationView): number {
  const amount = output?.['amount'] as unknown as { readonly amount: number } | undefined;
  return state === 'completed' && amount !== undefined ? amount.amount : 0;
}
const refused = (view: OperationView) => String(view.problem?.['type']).split(':').at(-1);

it(
  'T3, T9: a credit and its month’s limit are of the fee of the time of the outage, whatever was agreed since',
  async () => {
    const contract = await running();
    expect((await ask('contract.amend', { contract, seats: 5_000 })).state).toBe('completed');
    expect(granted(await credit(contract, ['2026-10-05T00:00:00', '2026-10-05T12:00:00'], 720, 1))).toBe(FEE / 2);
    expect(granted(await credit(contract, ['2026-10-10T00:00:00', '2026-10-10T12:00:00'], 720))).toBe(FEE / 2);
    expect(refused(await credit(contract, ['2026-10-15T00:00:00', '2026-10-15T12:00:00'], 720))).toBe('claim-exceeded');
    expect((await ask('contract.amend', { contract, seats: 1 })).state).toBe('completed');
    expect(granted(await credit(contract, ['2026-09-05T00:00:00', '2026-09-05T12:00:00'], 720, 1))).toBe(FEE / 2);
  },
  PATIENCE_MS,
);

it(
  'T9: an outage is credited whole, not in slices, and the next day’s is another',
  async () => {
    const contract = await running();
    expect(granted(await credit(contract, ['2026-10-05T00:00:00', '2026-10-05T00:30:00'], 30))).toBe(FEE / 10);
    for (const [from, to] of [
      ['2026-10-05T00:30:00', '2026-10-05T01:00:00'],
      ['2026-10-05T02:00:00', '2026-10-05T02:30:00'],
      ['2026-10-06T00:29:59', '2026-10-06T01:00:00'],
      ['2026-10-04T20:00:00', '2026-10-04T20:30:00'],
    ] as const)
      expect(refused(await credit(contract, [from, to], 30, 1))).toBe('already-claimed');
    expect(granted(await credit(contract, ['2026-10-06T00:30:00', '2026-10-06T01:00:00'], 30))).toBe(FEE / 10);
  },
  PATIENCE_MS,
);

it(
  'T9: an outage over a month’s end is each month’s for its part',
  async () => {
    const contract = await running();
    const over = await credit(contract, ['2026-10-31T23:59:59', '2026-11-01T12:00:00'], 720);
    expect([over.state, over.problem?.['detail']]).toEqual(['rejected', expect.stringContaining('each month')]);
    expect(granted(await credit(contract, ['2026-10-31T22:00:00', '2026-11-01T00:00:00'], 120))).toBe(FEE / 4);
    expect(granted(await credit(contract, ['2026-11-01T00:00:00', '2026-11-01T12:00:00'], 720))).toBe(FEE / 2);
    expect(granted(await credit(contract, ['2026-11-03T00:00:00', '2026-11-03T12:00:00'], 720))).toBe(FEE / 2);
    expect(refused(await credit(contract, ['2026-11-06T00:00:00', '2026-11-06T12:00:00'], 30))).toBe('claim-exceeded');
  },
  PATIENCE_MS,
);
