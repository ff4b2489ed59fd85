/** What waits for its day and is overtaken by the customer's own notice or switch ends with it, and the record is free again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { CRMS, type TestCrm } from '../support/crms.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 60_000;
const ENDS = ['completed', 'rejected', 'reversed', 'needs_human', 'handed_off', 'failed'];

describe.each(['salesforce', 'hubspot', 'sql'])('on %s', (name) => {
  let folder: string;
  let crm: TestCrm;
  let gateway: TestGateway;
  let agent: TestAgent;
  const accounts: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-overtaken-'));
    crm = (await CRMS[name]?.(join(folder, 'crm.db'))) ?? expect.fail('no such CRM');
    accounts.push(...new Set([0, 1, 2, 3].map((n) => crm.account(n))));
    const signoff = { rules: [], allow: [{ name: 'all', when: 'true' }] };
    gateway = await startTestGateway({
      ...{ account: crm.account(0), others: accounts.slice(1), environment: crm.secrets },
      config: { crm: crm.config, signoff, allow_private_network: true },
    });
    agent = await gateway.newAgent();
  }, PATIENCE_MS);
  afterAll(async () => {
    await gateway?.stop();
    await crm?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, PATIENCE_MS);

  async function asked(action: string, input: JsonObject): Promise<OperationView> {
    const mandate = await gateway.mandateFor(agent, { actions: [action], accounts });
    const { id } = await agent.client.submit(action, input, mandate);
    let view = await agent.client.waitForTurn(id);
    const offer = view.offers?.findLast(({ by }) => by !== 'agent');
    if (view.state === 'negotiating' && offer !== undefined) {
      await agent.client.accept(view, offer);
      view = await agent.client.waitForTurn(id, ({ state }) => state !== 'negotiating' && state !== 'agreed');
    }
    if (view.state === 'awaiting_signoff')
      await gateway.approve(`${gateway.origin}/console/signoffs/${view.signoff?.id}`);
    return agent.client.waitForTurn(id, ({ state }) => [...ENDS, 'scheduled'].includes(state));
  }

  it.each([
    ['contract.cancel', 0, { when: 'period_end' }],
    ['provider.switch', 2, { target: 'Other Cloud', export_scope: ['all'] }],
  ] as const)(
    'T5: a signed renewal by %s',
    async (action, n, input) => {
      const contract = crm.contract(n);
      const renewal = await asked('contract.renew', { contract });
      expect(renewal.state).toBe('scheduled');
      expect(renewal.agreement).toBeDefined();
      expect((await asked(action, { contract, ...input })).state).toBe('completed');
      const ended = await agent.client.waitForTurn(renewal.id, ({ state }) => ENDS.includes(state));
      // What of it was written is taken back, and nobody is called.
      const parts = (await crm.ledger()).filter(({ key }) => key.startsWith(renewal.id));
      expect(ended.state).toBe(parts.length === 0 ? 'rejected' : 'reversed');
      expect(ended.handoff).toBeUndefined();
      expect(String(ended.problem?.['detail'])).toMatch(/under notice|switched to another/);
      expect((await agent.client.receipt(ended.id)).receipt).toBeDefined();
      // The record is free: what is asked of it is answered by its own law.
      const again = await asked('contract.renew', { contract });
      expect(String(again.problem?.['detail'])).toMatch(/under notice|switched to another/);
    },
    PATIENCE_MS,
  );
});
