/** What is offered is what the CRM can do: by action, by field, at the start and later. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeHttpAdapter } from '../../adapters/http/index.ts';
import { MAPPING, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { makeSandboxAdapter } from '../../adapters/sandbox/index.ts';
import { spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { type Adapter, AdapterError, type Capability } from '../../adapters/sdk/index.ts';
import { extendMapping } from '../../adapters/sdk/mapping.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { DefinitionFile } from '../../src/actions/contract.ts';
import { readDefinitions } from '../../src/actions/files.ts';
import { fitTo } from '../../src/actions/offering.ts';
import { nativeDriver } from '../support/drivers.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 60_000;
const ROOT = join(import.meta.dirname, '../..');

/** What the CRM says of itself, as the tests have it. */
type Say = (adapter: Adapter) => Promise<readonly Capability[]>;
declare global {
  var parleyDiscover: Say | undefined;
}
/** An adapter of the operator's own whose CRM changes its mind. */
const MODULE = `
  import { makeSandboxAdapter } from '${ROOT}/adapters/sandbox/index.ts';
  export function makeAdapter({ origin, secret }) {
    const adapter = makeSandboxAdapter({ origin, token: secret });
    return { ...adapter, discover: () => globalThis.parleyDiscover(adapter) };
  }`;
const without =
  (...actions: readonly string[]): Say =>
  async ({ manifest }) =>
    manifest.capabilities.filter(({ action }) => !actions.includes(action));
const down: Say = () => Promise.reject(new AdapterError('retryable', 'The CRM cannot be reached.'));

let directory: string;
const stops: (() => Promise<void>)[] = [];
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-able-'));
  writeFileSync(join(directory, 'own.ts'), MODULE);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function opened(say: Say): Promise<TestGateway> {
  globalThis.parleyDiscover = say;
  const server = await spawnSandbox({ faults: true, token: 'able-token' });
  const crm = { adapter: 'own', module: join(directory, 'own.ts'), origin: server.origin };
  const gateway = await startTestGateway({
    config: { crm, signoff: { rules: [] } },
    environment: { PARLEY_CRM_TOKEN: server.token },
  });
  stops.push(gateway.stop, server.stop);
  return gateway;
}

async function listed({
  origin,
}: TestGateway): Promise<{ actions: string[]; tools: string; card: string; page: string }> {
  const text = async (path: string) => (await fetch(`${origin}${path}`)).text();
  const profile = JSON.parse(await text('/.well-known/parley')) as { actions: { name: string }[] };
  return {
    actions: profile.actions.map(({ name }) => name),
    tools: await text('/openapi.json'),
    card: await text('/.well-known/agent-card.json'),
    page: await text('/llms.txt'),
  };
}

const asked = async (gateway: TestGateway, agent: TestAgent, action: string, input: JsonObject): Promise<string> => {
  const mandate =
    action === 'human.handoff'
      ? undefined
      : await gateway.mandateFor(agent, { actions: [action], accounts: ['A-1001'] });
  try {
    return (await agent.client.submit(action, input, mandate)).state;
  } catch (error) {
    return error instanceof Error && 'status' in error ? String(error.status) : String(error);
  }
};
const ORDER = { order: 'O-1001', op: 'cancel' };

describe('T7: what the CRM says that it cannot do', () => {
  it(
    'is listed nowhere and not taken; a person is reached all the same',
    async () => {
      const gateway = await opened(without('order.change', 'contract.renew', 'human.handoff'));
      const agent = await gateway.newAgent();
      const { actions, ...others } = await listed(gateway);
      expect(actions).toContain('refund.request');
      expect(actions).toContain('human.handoff');
      expect(actions).toContain('record.read');
      expect(actions).not.toContain('order.change');
      expect(actions).not.toContain('contract.renew');
      for (const each of Object.values(others)) expect(each.includes('order.change')).toBe(false);
      expect((await fetch(`${gateway.origin}/actions/order.change`)).status).toBe(404);
      expect(await asked(gateway, agent, 'order.change', ORDER)).toBe('404');
      expect(await asked(gateway, agent, 'human.handoff', { topic: 'Help' })).toBe('received');
    },
    PATIENCE_MS,
  );

  it(
    'is not known while the CRM is down: nothing is taken that it may not do, and all of it when it says so',
    async () => {
      const gateway = await opened(down);
      const agent = await gateway.newAgent();
      expect((await listed(gateway)).actions).toContain('order.change');
      // Without a client that waits and asks again.
      const driver = await nativeDriver(gateway.origin, agent.key);
      await expect(driver.submit(randomUUID(), 'order.change', { input: ORDER })).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(await asked(gateway, agent, 'human.handoff', { topic: 'Help' })).toBe('received');
      expect(await asked(gateway, agent, 'record.read', { kind: 'contract', id: 'K-1001' })).toBe('received');
      // A right that nothing may delay: its day is the day it was asked for.
      expect(await asked(gateway, agent, 'contract.cancel', { contract: 'K-1001', when: 'now' })).toBe('received');
      const rights = { account: 'A-1001', contact: 'C-1001', exercise: 'access', regime: 'gdpr' };
      expect(await asked(gateway, agent, 'data.rights', rights)).toBe('received');
      globalThis.parleyDiscover = without('contract.cancel');
      await expect
        .poll(async () => (await listed(gateway)).actions, { timeout: 20_000, interval: 500 })
        .not.toContain('contract.cancel');
      expect(await asked(gateway, agent, 'order.change', ORDER)).toBe('received');
      expect((await listed(gateway)).card).not.toContain('contract.cancel');
    },
    PATIENCE_MS,
  );
});

const definitions = new Map(readDefinitions().all.map((each) => [each.name, each]));
const fitOf = (action: string, adapter: Adapter) => {
  const definition = definitions.get(action);
  if (definition === undefined) throw new Error(`no ${action}`);
  return fitTo(definition, adapter.manifest);
};
function described(fields: JsonObject): Adapter {
  const mapping = extendMapping(MAPPING, { types: { contract: { fields } } });
  const options = { baseUrl: 'https://crm.invalid', openapi: OPENAPI, mapping, recipes: [], auth: { token: 'x' } };
  const made = makeHttpAdapter(options);
  if (!made.ok) throw new Error(made.error.join('\n'));
  return made.value;
}

describe('C4: what an action needs of a record', () => {
  it('is said by every one of them', () => {
    const silent = [...definitions.values()].filter(
      ({ kind, needs }) => kind !== 'read' && kind !== 'handoff' && needs === undefined,
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('and is missing in a mapping is told by name', () => {
    expect(fitOf('contract.amend', described({}))).toMatchObject({ kind: 'fits' });
    expect(fitOf('contract.amend', described({ term_months: null }))).toEqual({
      kind: 'lacks',
      lacks: ['contract.term_months'],
    });
    expect(fitOf('refund.request', described({}))).toEqual({
      kind: 'lacks',
      lacks: [expect.stringContaining('recipe')],
    });
  });

  it('cannot be judged where an adapter does not say what it reads, and is then not offered', () => {
    const { fields: _fields, ...silent } = described({}).manifest;
    expect(fitTo(definitions.get('contract.amend') as DefinitionFile, silent)).toMatchObject({ kind: 'lacks' });
  });
});

describe('T7: an agreed term', () => {
  it('that the CRM has no field for is not put to talk, and not taken', () => {
    const lacking = fitOf('contract.renew', described({ payment_terms_days: null }));
    expect(lacking.kind).toBe('fits');
    const { negotiable = [], terms = {} } = lacking.kind === 'fits' ? lacking.definition : {};
    expect(negotiable.map(({ pointer }) => pointer)).not.toContain('/payment_days');
    expect(Object.keys((terms['properties'] ?? {}) as JsonObject)).not.toContain('payment_days');
    const whole = fitOf('contract.renew', described({}));
    expect(whole.kind === 'fits' && whole.definition.negotiable.map(({ pointer }) => pointer)).toContain(
      '/payment_days',
    );
  });

  it('that no step writes is a mistake, unless the recipe says why', () => {
    const set = { seats: 'terms.seats', unit_price: 'terms.unit_price' };
    const recipe = (more: JsonObject): Json => ({
      action: 'contract.amend',
      records: { contract: { type: 'contract', id: 'input.contract' } },
      steps: [
        {
          id: 'contract',
          summary: "'From ' + terms.effective_on",
          update: { record: 'contract', set },
        },
      ],
      ...more,
    });
    const adapterWith = (more: JsonObject) =>
      makeSandboxAdapter({ origin: 'https://crm.invalid', token: 'x', recipes: [recipe(more)] });
    expect(fitOf('contract.amend', adapterWith({}))).toMatchObject({
      kind: 'mistaken',
      problems: [expect.stringContaining('nothing writes the term effective_on')],
    });
    expect(fitOf('contract.amend', adapterWith({ unwritten: { effective_on: 'A person does.' } })).kind).toBe('fits');
  });
});
