/** Gateways in front of CRMs that are only described: the same renewal, once; and where nothing is guaranteed, a person decides. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAPPING as HTTP_MAPPING, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { MAPPING as MCP_MAPPING } from '../../adapters/mcp/rig/mapping.ts';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { MAPPING as SQL_MAPPING } from '../../adapters/sql/rig/mapping.ts';
import { sqliteSchema } from '../../adapters/sql/rig/schema.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { type Config, ConfigError } from '../../src/config/config.ts';
import { openCrm } from '../../src/crm/open.ts';
import { day } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 60_000;
const ENDS = ['completed', 'failed', 'needs_human', 'rejected'];

let directory: string;
const stops: (() => Promise<void>)[] = [];
const file = (name: string, value: object) => {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-generic-'));
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
  rmSync(directory, { recursive: true, force: true });
}, PATIENCE_MS);

async function gatewayOn(
  crm: object,
  token: string,
  account: string,
): Promise<{ gateway: TestGateway; agent: TestAgent }> {
  const config = { crm, signoff: { rules: [] }, allow_private_network: true };
  const gateway = await startTestGateway({ account, config, environment: { PARLEY_CRM_TOKEN: token } });
  stops.push(() => gateway.stop());
  return { gateway, agent: await gateway.newAgent() };
}

/** The company's offer, accepted. */
async function renewal(
  gateway: TestGateway,
  agent: TestAgent,
  contract: string,
  seats: number,
): Promise<OperationView> {
  const input = { contract, proposal: { term_months: 24, seats } };
  const opened = await agent.client.submit('contract.renew', input, await gateway.mandateFor(agent));
  const view = await agent.client.waitForTurn(opened.id);
  const offer: Offer | undefined = view.offers?.findLast(({ by }) => by !== 'agent');
  if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(view)}`);
  return agent.client.accept(view, offer);
}

/** Its term ended yesterday: the next begins at once. */
const LAPSED = { start_date: day(-366), end_date: day(-1) };
const ours = ({ external_id }: { external_id: string }) => !external_id.startsWith('person:');
const ended = (agent: TestAgent, id: string) => agent.client.waitForTurn(id, ({ state }) => ENDS.includes(state));

describe('a gateway on a REST API', () => {
  it(
    'renews a contract by its description alone, over a lost answer, once',
    async () => {
      const api = await spawnSandbox({ faults: true, token: 'rest-token' });
      stops.push(() => api.stop());
      const documents = { mapping: file('http.json', HTTP_MAPPING), openapi: file('openapi.json', OPENAPI) };
      const crm = { adapter: 'http', origin: `${api.origin}/v1`, ...documents };
      const { gateway, agent } = await gatewayOn(crm, api.token, 'A-1001');
      await api.edit('contracts', 'K-1001', LAPSED);
      await api.fault({ op: 'write', kind: 'reset-after' });
      const view = await renewal(gateway, agent, 'K-1001', 44);
      expect((await ended(agent, view.id)).state).toBe('completed');
      expect(await api.record('contracts', 'K-1001')).toMatchObject({ seats: 44, term_months: 24 });
      expect((await api.ledger()).filter(({ external_id }) => external_id.startsWith(view.id))).toHaveLength(1);
    },
    PATIENCE_MS,
  );
});

describe('a gateway on tables', () => {
  it(
    'renews a contract in one transaction with its key',
    async () => {
      const path = join(directory, 'crm.db');
      const db = new DatabaseSync(path);
      db.exec(sqliteSchema('Nordwind'));
      db.exec(`UPDATE contracts SET starts_on = '${day(-366)}', ends_on = '${day(-1)}' WHERE number = 'K-7'`);
      const crm = { adapter: 'sql', origin: `sqlite:${path}`, mapping: file('sql.json', SQL_MAPPING) };
      const { gateway, agent } = await gatewayOn(crm, '', 'A-1');
      const view = await renewal(gateway, agent, 'K-7', 44);
      expect((await ended(agent, view.id)).state).toBe('completed');
      expect(db.prepare("SELECT seats, term_months FROM contracts WHERE number = 'K-7'").get()).toEqual({
        seats: 44,
        term_months: 24,
      });
      expect(db.prepare('SELECT key FROM parley_effects').all()).toEqual([{ key: `${view.id}:contract` }]);
      db.close();
    },
    PATIENCE_MS,
  );
});

describe('a gateway on an MCP server', () => {
  let server: Sandbox;
  let gateway: TestGateway;
  let agent: TestAgent;

  beforeAll(async () => {
    const entry = fileURLToPath(new URL('../../adapters/mcp/server/main.ts', import.meta.url));
    server = await spawnSandbox({ faults: true, token: 'mcp-token', entry });
    stops.push(() => server.stop());
    const mapping = file('mcp.json', { ...MCP_MAPPING, idempotency: 'none' });
    ({ gateway, agent } = await gatewayOn(
      { adapter: 'mcp', origin: `${server.origin}/mcp`, mapping },
      server.token,
      'A-1001',
    ));
  }, PATIENCE_MS);

  it(
    'asks a person for a write that policy would have let through',
    async () => {
      await server.edit('contracts', 'K-1001', LAPSED);
      const view = await renewal(gateway, agent, 'K-1001', 44);
      const asked = await agent.client.waitForTurn(view.id, ({ state }) => state === 'awaiting_signoff');
      expect(asked.state).toBe('awaiting_signoff');
      expect((await server.ledger()).filter(ours)).toEqual([]);
      expect(asked.signoff?.reasons).toEqual(['Every write to this CRM needs a person.']);
      await gateway.approve(`${gateway.origin}/console/signoffs/${asked.signoff?.id}`);
      expect((await ended(agent, view.id)).state).toBe('completed');
      expect(await server.record('contracts', 'K-1001')).toMatchObject({ seats: 44 });
      expect((await server.ledger()).filter(ours)).toHaveLength(1);
    },
    PATIENCE_MS,
  );
});

describe('a configuration of a described CRM', () => {
  const compose = (crm: object) => {
    const base = { adapter: 'sql', origin: 'sqlite:x.db' };
    return openCrm({
      crm: { recipes: [], auth: { method: 'token' }, ...base, ...crm },
      secrets: {},
    } as unknown as Config);
  };
  it('without what it needs is refused', async () => {
    const mapping = file('any.json', SQL_MAPPING);
    await expect(compose({})).rejects.toThrow('/crm/mapping is missing');
    await expect(compose({ mapping, origin: 'mysql://x/y' })).rejects.toThrow('/crm/origin of sql is');
    await expect(compose({ mapping, adapter: 'http' })).rejects.toThrow('/crm/openapi is missing');
    await expect(compose({ mapping, auth: { method: 'jwt_bearer' } })).rejects.toThrow(ConfigError);
    await expect(compose({ mapping: file('bad.json', { types: {}, money: 'x' }) })).rejects.toThrow(
      '/crm: /money must be',
    );
  });
});
