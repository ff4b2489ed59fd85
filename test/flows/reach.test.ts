/** A person is reached whatever the CRM has, does or says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { hashPassword } from '../../src/serve/console/session.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { readAs } from '../support/person.ts';

const ROOT = join(import.meta.dirname, '../..');
const MARIA = { id: 'maria', password: 'correct horse battery' };
/** An operator's own adapter that knows nothing of cases, and one that is told no whenever it is to open one. */
const NO_RECIPE = `
  import { makeSandboxAdapter } from '${ROOT}/adapters/sandbox/index.ts';
  const isOther = ({ action }) => action !== 'human.handoff';
  export function makeAdapter({ origin, secret }) {
    const adapter = makeSandboxAdapter({ origin, token: secret });
    const manifest = { ...adapter.manifest, capabilities: adapter.manifest.capabilities.filter(isOther) };
    return { ...adapter, manifest, discover: async (ctx) => (await adapter.discover(ctx)).filter(isOther) };
  }`;
const REFUSED = `
  import { makeSandboxAdapter } from '${ROOT}/adapters/sandbox/index.ts';
  import { AdapterError } from '${ROOT}/adapters/sdk/index.ts';
  export function makeAdapter({ origin, secret }) {
    const adapter = makeSandboxAdapter({ origin, token: secret });
    const plan = async (ctx, asked) => {
      if (asked.action === 'human.handoff') throw new AdapterError('forbidden', 'The integration user may not create tickets.');
      return adapter.plan(ctx, asked);
    };
    return { ...adapter, plan };
  }`;

let directory: string;
let server: Sandbox;
let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-reach-'));
  server = await spawnSandbox({ db: join(directory, 'crm.db'), faults: true, token: 'reach-token' });
});
afterEach(async () => gateway?.stop());
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function opened(name: string, adapter: string): Promise<void> {
  const module = join(directory, `${name}.ts`);
  writeFileSync(module, adapter);
  gateway = await startTestGateway({
    config: {
      crm: { adapter: 'own', module, origin: server.origin },
      approvers: [
        { id: MARIA.id, name: 'Maria', roles: ['approver'], password_scrypt: await hashPassword(MARIA.password) },
      ],
      signoff: { rules: [{ name: 'all', when: 'true', role: 'approver', reason: 'Everything.' }] },
    },
    environment: { PARLEY_CRM_TOKEN: server.token },
  });
  agent = await gateway.newAgent();
}

const inHands = ({ state }: OperationView) => state === 'handed_off' || state === 'needs_human';
const inbox = () => readAs(gateway.origin, MARIA, '/console/');

async function standalone(topic: string): Promise<OperationView> {
  const { id, handoff } = await agent.client.submit('human.handoff', { topic });
  expect(handoff).toMatchObject({ case_ref: expect.stringMatching(/^H-/), respond_by: expect.any(String) });
  const ended = await agent.client.waitForTurn(id, inHands);
  expect(inHands(ended)).toBe(true);
  expect(ended.handoff).toMatchObject({ ...handoff, case_ref: handoff?.case_ref });
  return ended;
}

const talk = async () => {
  const mandate = await gateway.mandateFor(agent);
  const { id } = await agent.client.submit('contract.renew', { contract: 'K-1001' }, mandate);
  return agent.client.waitForTurn(id);
};

describe.each([
  ['without any recipe for it', NO_RECIPE],
  ['in a CRM that refuses the ticket', REFUSED],
])('a person, %s', (name, adapter) => {
  it('N2: is reached by the action and by the verb, in every state, and is in the inbox', async () => {
    await opened(name.replaceAll(' ', '-'), adapter);
    expect((await (await fetch(`${gateway.origin}/actions/human.handoff`)).json()) as object).toMatchObject({
      name: 'human.handoff',
    });
    await standalone('On its own');

    const negotiating = await talk();
    const { state, handoff } = await agent.client.handoff(negotiating.id, 'While we talk');
    expect(state).toBe('handed_off');
    // Of what has ended, too: in the case that is open.
    expect((await agent.client.handoff(negotiating.id, 'And afterwards')).handoff).toEqual(handoff);

    const again = await talk();
    const offer = again.offers?.at(-1);
    if (offer === undefined) throw new Error('no offer');
    await agent.client.accept(again, offer);
    await agent.client.waitForTurn(again.id, ({ state }) => state === 'awaiting_signoff');
    expect(await agent.client.handoff(again.id, 'While it waits')).toMatchObject({ state: 'handed_off' });

    await expect.poll(inbox).toContain('On its own');
    const page = await inbox();
    for (const topic of ['While we talk', 'While it waits']) expect(page).toContain(topic);
    expect(gateway.log.filter(({ event }) => event === 'bug')).toEqual([]);
  });
});

describe('a person, with the CRM down', () => {
  it('N2: is reached by the action and by the verb at once', async () => {
    await opened('down', NO_RECIPE);
    const negotiating = await talk();
    await server.fault({ op: 'read', kind: '500-before', count: 1_000 });
    await server.fault({ op: 'write', kind: '500-before', count: 1_000 });
    expect((await standalone('Nothing works')).state).toBe('handed_off');
    expect(await agent.client.handoff(negotiating.id, 'Nor here')).toMatchObject({ state: 'handed_off' });
    await server.clearFaults();
  });
});
