/** What a customer allows in all, an agent cannot pass by asking often, handing on, or in parallel. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { MandateConstraints } from '../../protocol/mandate/mandate.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 30_000;
const RESTING = ['completed', 'failed', 'rejected', 'awaiting_signoff'];
const INVOICES = ['I-1001', 'I-1002', 'I-1003', 'I-1004'];
const eur = (amount: number) => ({ amount, currency: 'EUR' });

let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  gateway = await startTestGateway({ config: { signoff: { rules: [] } } });
  agent = await gateway.newAgent();
}, PATIENCE_MS);
afterAll(() => gateway.stop());

/** What is open of an invoice. */
async function openOf(invoice: string): Promise<number> {
  const { open_amount: open } = await gateway.crm.record('invoices', invoice);
  return (open as { readonly amount: number }).amount;
}

/** An invoice to pay in parts, up to the moment a person is asked. */
async function arrange(invoice: string, mandate: string): Promise<OperationView> {
  await gateway.crm.edit('invoices', invoice, { status: 'open' });
  const input: JsonObject = { invoice, want: 'instalments', instalments: 3 };
  const opened = await agent.client.submit('payment.arrange', input, mandate);
  return agent.client.waitForTurn(opened.id, ({ state }) => RESTING.includes(state));
}

const mandateOf = (limits: Partial<MandateConstraints>) =>
  gateway.mandateFor(agent, { actions: ['payment.arrange', 'human.handoff'], accounts: ['A-1001'], ...limits });

describe('what a mandate allows in all', () => {
  it.each<[string, (sum: number) => Partial<MandateConstraints>]>([
    ['max_total', (sum) => ({ max_total: eur(sum) })],
    ['max_total_per_period', (sum) => ({ max_total_per_period: { ...eur(sum), period: 'year' } })],
    ['max_uses', () => ({ max_uses: 1 })],
  ])('%s holds over all operations, and again when nothing came of one', async (name, limits) => {
    const mandate = await mandateOf(limits((await openOf('I-1001')) + (await openOf('I-1002')) - 1));
    const first = await arrange('I-1001', mandate);
    expect(first.state).toBe('awaiting_signoff');
    const second = await arrange('I-1002', mandate);
    expect(second.state).toBe('rejected');
    expect(second.problem).toMatchObject({
      type: 'urn:parley:problem:mandate-exceeded',
      detail: expect.stringContaining(`Of its \`${name}\``),
    });
    // A person is always reached.
    const call = await agent.client.submit('human.handoff', { topic: 'Help' }, mandate);
    expect((await agent.client.waitForTurn(call.id, ({ state }) => RESTING.includes(state))).state).toBe('completed');
    await agent.client.withdraw(first.id);
    const third = await arrange('I-1002', mandate);
    expect(third.state).toBe('awaiting_signoff');
    await agent.client.withdraw(third.id);
  });

  it('T17: takes nothing for a dispute, whose answer names no instalment', async () => {
    const mandate = await mandateOf({ max_total: eur(1) });
    await gateway.crm.edit('invoices', 'I-1001', { status: 'open' });
    const input: JsonObject = { invoice: 'I-1001', want: 'dispute', reason: 'We returned half of it.' };
    const { id } = await agent.client.submit('payment.arrange', input, mandate);
    const asked = await agent.client.waitForTurn(id, ({ state }) => RESTING.includes(state));
    expect(asked.state).toBe('awaiting_signoff');
    await gateway.approve(`${gateway.origin}/console/signoffs/${asked.signoff?.id}`);
    const done = await agent.client.waitForTurn(id, ({ state }) => state === 'completed');
    expect(done.output).toEqual({ invoice: 'I-1001', status: 'disputed' });
  });

  it('holds for operations that arrive together, after a restart too', async () => {
    const amounts = await Promise.all(INVOICES.map(openOf));
    const mandate = await mandateOf({ max_total: eur(amounts.reduce((sum, each) => sum + each, -1)) });
    const all = await Promise.all(INVOICES.map((invoice) => arrange(invoice, mandate)));
    expect(all.map(({ state }) => state).toSorted()).toEqual([...Array(3).fill('awaiting_signoff'), 'rejected']);
    await gateway.restart();
    const refused = all.findIndex(({ state }) => state === 'rejected');
    expect((await arrange(INVOICES[refused] ?? '', mandate)).state).toBe('rejected');
  });
});
