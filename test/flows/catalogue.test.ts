/** Every action of the catalogue, end to end on the sandbox CRM, through native HTTP, MCP and A2A with real clients. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { readDefinitions } from '../../src/actions/files.ts';
import { presentMandate } from '../../src/client/index.ts';
import { day } from '../support/days.ts';
import { type Driver, modernMcpDriver, nativeDriver, rpcDriver } from '../support/drivers.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { SCENARIOS } from '../support/scenarios.ts';

const OPENERS = { native: nativeDriver, MCP: modernMcpDriver, A2A: rpcDriver };
const BINDINGS = Object.keys(OPENERS) as (keyof typeof OPENERS)[];
const NEGOTIATED = 'contract.renew';
const ENDED = ['completed', 'rejected', 'failed', 'handed_off', 'needs_human', 'reversed', 'expired'];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    faults: true,
    config: { signoff: { rules: [], allow: [{ name: 'everything', when: 'true' }] } },
  });
}, 60_000);
afterAll(() => gateway.stop());

async function asked(driver: Driver, agent: TestAgent, action: string, input: JsonObject): Promise<OperationView> {
  const key = randomUUID();
  const mandate = await presentMandate(
    await gateway.mandateFor(agent, { actions: [action], accounts: ['A-1001', 'A-1002', 'A-1003'].slice(0, 1) }),
    { key: agent.key, audience: gateway.origin, nonce: key, now: new Date() },
  );
  let view = await driver.submit(key, action, { mandate, input });
  for (let tries = 0; tries < 200 && !ENDED.includes(view.state); tries += 1) {
    await sleep(50);
    view = await driver.read(view.id);
  }
  return view;
}

describe.each(BINDINGS)('through %s', (binding) => {
  const round = BINDINGS.indexOf(binding);
  it.each(SCENARIOS.map((scenario) => [scenario.action, scenario] as const))(
    '%s',
    async (action, { input, output, changed, prepare }) => {
      const agent = await gateway.newAgent();
      const driver = await OPENERS[binding](gateway.origin, agent.key);
      const ask = (name: string, given: JsonObject) => asked(driver, agent, name, given);
      const made = (await prepare?.(gateway.crm, round, ask)) ?? {};
      const before = (await gateway.crm.ledger()).length;
      const view = await ask(action, input(round, made));
      expect(view.problem, JSON.stringify(view.problem)).toBeUndefined();
      expect(view.state).toBe('completed');
      expect(view.output).toMatchObject(output(round, made));
      const changes = (await gateway.crm.ledger()).slice(before).map(({ type }) => type);
      expect(changes).toEqual(changed);
      await driver.close();
    },
    60_000,
  );
});

describe('one claim, by several ways in', () => {
  it('T2: is granted to one of them, each with a key of its own', async () => {
    const scenario = SCENARIOS.find(({ action }) => action === 'sla.credit');
    await scenario?.prepare?.(gateway.crm, 0, async () => Promise.reject(new Error('asks for nothing')));
    const incident = { from: `${day(-30)}T08:00:00Z`, to: `${day(-30)}T09:00:00Z`, minutes_down: 60 };
    const views = await Promise.all(
      BINDINGS.map(async (binding) => {
        const agent = await gateway.newAgent();
        const driver = await OPENERS[binding](gateway.origin, agent.key);
        const view = await asked(driver, agent, 'sla.credit', { contract: 'K-1001', incident });
        await driver.close();
        return view;
      }),
    );
    expect(views.map(({ state }) => state).toSorted()).toEqual(['completed', 'rejected', 'rejected']);
  }, 60_000);
});

describe('the catalogue', () => {
  it('is covered by these scenarios, all of it', () => {
    const covered = new Set([...SCENARIOS.map(({ action }) => action), NEGOTIATED]);
    expect([...covered].sort()).toEqual(
      readDefinitions()
        .definitions.map(({ name }) => name)
        .sort(),
    );
  });
});
