/** A gateway in front of a HubSpot portal: what no condition on a write means for the customer, and the ways a change is heard of. */
import { Signature } from '@hubspot/api-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Hubspot, spawnHubspot } from '../../adapters/hubspot/server/spawn.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { type Config, ConfigError } from '../../src/config/config.ts';
import { openCrm } from '../../src/crm/open.ts';
import { day } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const ACCOUNT = '31000001001';
const APP_SECRET = 'app-secret-of-the-flow';
const PORTAL = 4711;
const PATIENCE_MS = 60_000;

let crm: Hubspot;
let gateway: TestGateway;
let agent: TestAgent;
let deals: readonly string[];

const settings = (hubspot: object = {}, more: object = {}) => ({
  crm: { adapter: 'hubspot', origin: crm.origin, hubspot, ...more },
  signoff: { rules: [] },
});
const environment = () => ({ PARLEY_CRM_TOKEN: crm.token, PARLEY_CRM_APP_SECRET: APP_SECRET });

beforeAll(async () => {
  crm = await spawnHubspot({ faults: true, limit: 1_000_000, intervalMs: 100, clientSecret: APP_SECRET });
  const journal = { client_id: 'simulated-client', portal_id: PORTAL };
  gateway = await startTestGateway({
    account: ACCOUNT,
    config: { ...settings({ journal }), watch: { poll_seconds: 1 } },
    environment: environment(),
  });
  agent = await gateway.newAgent();
  deals = await recordsOf('deals', 33_000_001_000);
}, PATIENCE_MS);

afterEach(() => crm.clearFaults());
afterAll(async () => {
  await gateway?.stop();
  await crm?.stop();
});

/** The account's running contracts. */
async function recordsOf(object: string, first: number): Promise<string[]> {
  const found: string[] = [];
  for (let n = 1; n <= 200; n += 1) {
    const { id, properties, links } = await crm.record(object, String(first + n));
    if (properties['contract_status'] === 'active' && links.some(({ toId }) => toId === ACCOUNT)) found.push(id);
  }
  return found;
}

async function renewed(of: TestGateway, by: TestAgent, contract: string, seats: number): Promise<OperationView> {
  // Its term ended yesterday: the next begins at once.
  await crm.edit(contract.startsWith('33') ? 'deals' : 'contracts', contract, {
    start_date: day(-366),
    end_date: day(-1),
  });
  const input = { contract, proposal: { term_months: 24, seats } };
  const opened = await by.client.submit('contract.renew', input, await of.mandateFor(by));
  const view = await by.client.waitForTurn(opened.id);
  const offer = view.offers?.findLast((each) => each.by !== 'agent');
  if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(view)}`);
  await by.client.accept(view, offer);
  return by.client.waitForTurn(view.id, ({ state }) => ['completed', 'failed', 'needs_human'].includes(state));
}

const writesOf = async (id: string) =>
  (await crm.ledger()).filter(({ key }) => key.startsWith(id)).map(({ type }) => type);

describe('a gateway on HubSpot', () => {
  it('says at the start that the portal has all it needs', async () => {
    await expect.poll(() => gateway.log.map(({ event }) => event), { timeout: PATIENCE_MS }).toContain('crm.ready');
    expect(gateway.log.map(({ event }) => event)).not.toContain('hubspot.lacks');
  });

  it.each(['none', '500-after', 'reset-after', '500-before', '423'])(
    'renews once where the portal fails with %s',
    async (kind) => {
      const deal = deals[0] ?? '';
      if (kind !== 'none') await crm.fault({ op: 'write', kind });
      const done = await renewed(gateway, agent, deal, 40 + kind.length);
      expect(done.state).toBe('completed');
      expect(await writesOf(done.id)).toEqual(['deals', 'line_items', 'quotes']);
      expect((await crm.record('deals', deal)).properties).toMatchObject({ seats: String(40 + kind.length) });
    },
    PATIENCE_MS,
  );

  it('calls a person where somebody’s change was written over', async () => {
    await crm.fault({ op: 'write', kind: 'foreign' });
    const done = await renewed(gateway, agent, deals[1] ?? '', 61);
    expect(done.state).toBe('needs_human');
    expect(await writesOf(done.id)).toEqual(['deals']);
  });

  it('brings a customer to a person: a ticket', async () => {
    const opened = await agent.client.submit('human.handoff', { topic: 'Please call', account: ACCOUNT });
    await agent.client.waitForTurn(opened.id, ({ state }) => state === 'completed');
    await expect.poll(() => writesOf(opened.id), { timeout: PATIENCE_MS }).toEqual(['tickets']);
  });

  it('takes a notice that HubSpot signed, and no other', async () => {
    const url = `${gateway.origin}/crm/events`;
    const body = JSON.stringify([{ subscriptionType: 'deal.propertyChange', objectId: Number(deals[0]) }]);
    const timestamp = Date.now();
    const options = { clientSecret: APP_SECRET, requestBody: body, url, timestamp, signature: '' };
    const send = (signature: string) =>
      fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-hubspot-signature-v3': signature,
          'x-hubspot-request-timestamp': String(timestamp),
        },
        body,
      });
    const taken = await send(Signature.getSignature('POST', 'v3', options));
    expect([taken.status, await taken.json()]).toEqual([202, { noticed: 1 }]);
    expect((await send('AAAA')).status).toBe(401);
  });
});

describe('a gateway on HubSpot’s contracts API', () => {
  it('renews through a draft and its acceptance', { timeout: PATIENCE_MS }, async () => {
    const other = await startTestGateway({
      account: ACCOUNT,
      config: settings({ contracts_api: true }),
      environment: environment(),
    });
    const by = await other.newAgent();
    const [contract = ''] = await recordsOf('contracts', 37_000_001_000);
    const done = await renewed(other, by, contract, 77);
    expect(done.state).toBe('completed');
    const changes = (await crm.changes()).filter(({ name }) => String(name).startsWith(done.id));
    expect(changes.map(({ status }) => status)).toEqual(['ACCEPTED']);
    expect((await crm.record('contracts', contract)).properties).toMatchObject({ seats: '77' });
    await other.stop();
  });
});

describe('settings that cannot work', () => {
  it('are told', async () => {
    const problems = (crm: Partial<Config['crm']>, secrets: Partial<Config['secrets']> = {}) =>
      openCrm({
        ...gateway.config,
        crm: { ...gateway.config.crm, ...crm },
        secrets: { ...gateway.config.secrets, ...secrets },
      }).then(
        () => 'none',
        (error: unknown) => (error instanceof ConfigError ? error.problems.join('\n') : String(error)),
      );
    const app = { method: 'refresh_token', client_id: 'x' } as const;
    expect(await problems({})).toBe('none');
    expect(await problems({ auth: { method: 'jwt_bearer' } })).toContain('token or refresh_token');
    expect(await problems({ auth: { method: 'refresh_token' } })).toContain('/crm/auth/client_id');
    expect(await problems({ auth: app })).toContain('PARLEY_CRM_REFRESH_TOKEN');
    expect(await problems({ auth: app }, { crmRefreshToken: 'r' })).toBe('none');
    expect(await problems({}, { crmAppSecret: undefined })).toContain('PARLEY_CRM_APP_SECRET');
  });
});
