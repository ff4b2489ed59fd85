/** What waits for its day, through the public face: shown, not waited for, taken back, and there after a restart. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { cancelAs } from '../support/person.ts';

const ACTION = 'loyalty.redeem';
const MARIA = { id: 'maria', password: 'correct horse battery' };

let gateway: TestGateway;
let agent: TestAgent;

/** The example's own action, all of it a month from now. */
function ownActions(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-later-'));
  cpSync(join(import.meta.dirname, '../../examples/actions'), folder, { recursive: true });
  const file = join(folder, `${ACTION}.sandbox.json`);
  const recipe = JSON.parse(readFileSync(file, 'utf8'));
  for (const step of recipe.steps) step.on = 'add_days(asked_on, 30)';
  writeFileSync(file, JSON.stringify(recipe));
  return folder;
}

beforeAll(async () => {
  gateway = await startTestGateway({ faults: true, config: { actions_dir: ownActions(), signoff: { rules: [] } } });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(() => gateway?.stop());

async function redeem() {
  const mandate = await gateway.mandateFor(agent, { actions: [ACTION], accounts: ['A-1001'] });
  const { id } = await agent.client.submit(ACTION, { account: 'A-1001', points: 500 }, mandate);
  return agent.client.waitForTurn(id);
}

describe('what waits for its day', () => {
  it('T4: is told with its day, and nobody waits for it', async () => {
    const begun = performance.now();
    const view = await redeem();
    expect(performance.now() - begun).toBeLessThan(10_000);
    const day = new Date(Date.parse(view.created_at) + 30 * 86_400_000).toISOString().slice(0, 10);
    expect(view).toMatchObject({ state: 'scheduled', scheduled: { on: day, time_zone: 'UTC' } });
    expect(view.next.map(({ rel }) => rel)).toEqual(['withdraw', 'read', 'handoff']);
    expect(await gateway.crm.ledger()).toEqual([]);
    expect(await agent.client.withdraw(view.id)).toMatchObject({ state: 'withdrawn' });
  });

  it('T4: is there after a restart, and a person takes it back with a reason that the customer is told', async () => {
    const { id } = await redeem();
    await gateway.restart();
    expect(await agent.client.read(id)).toMatchObject({ state: 'scheduled' });
    expect(await cancelAs(gateway.origin, MARIA, id, '')).toBe(409);
    expect(await cancelAs(gateway.origin, MARIA, id, 'The programme ends.')).toBe(303);
    const after = await agent.client.read(id);
    expect(after.state).toBe('rejected');
    expect(JSON.stringify(after.problem)).toContain('The programme ends.');
    expect(await gateway.crm.ledger()).toEqual([]);
  }, 60_000);
});

describe('a stop', () => {
  it('E7: ends within its limit with a wait open and a CRM call under way', async () => {
    await gateway.crm.fault({ op: 'read', kind: 'hang' });
    const mandate = await gateway.mandateFor(agent, { actions: [ACTION], accounts: ['A-1001'] });
    const { id } = await agent.client.submit(ACTION, { account: 'A-1001', points: 600 }, mandate);
    const waiting = agent.client.waitForTurn(id).catch(() => undefined);
    const begun = performance.now();
    await gateway.restart();
    expect(performance.now() - begun).toBeLessThan(20_000);
    await waiting;
    expect(await agent.client.waitForTurn(id)).toMatchObject({ state: 'scheduled' });
  }, 90_000);
});
