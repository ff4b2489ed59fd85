/** A gateway in front of a Salesforce org: the same actions, the same once and only once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recordId } from '../../adapters/salesforce/server/ids.ts';
import { type Salesforce, spawnSalesforce } from '../../adapters/salesforce/server/spawn.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { type Config, ConfigError } from '../../src/config/config.ts';
import { openCrm } from '../../src/crm/open.ts';
import { day } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const ACCOUNT = recordId('001', 1);
const PATIENCE_MS = 60_000;

let org: Salesforce;
let gateway: TestGateway;
let agent: TestAgent;
let contract: string;

const settings = ({ origin, clientId }: Salesforce) => ({
  crm: { adapter: 'salesforce', origin, auth: { method: 'client_credentials', client_id: clientId } },
  signoff: { rules: [] },
});

beforeAll(async () => {
  org = await spawnSalesforce({ faults: true, without: ['CaseComment'] });
  gateway = await startTestGateway({
    account: ACCOUNT,
    config: settings(org),
    environment: { PARLEY_CRM_TOKEN: org.clientSecret },
  });
  agent = await gateway.newAgent();
  contract = await contractOf(ACCOUNT);
}, PATIENCE_MS);

afterEach(() => org.clearFaults());
afterAll(async () => {
  await gateway?.stop();
  await org?.stop();
});

/** A running contract of the account. */
async function contractOf(account: string): Promise<string> {
  for (let n = 1; n <= 200; n += 1) {
    const id = recordId('800', n);
    const { AccountId, Status } = await org.record('Contract', id);
    if (AccountId === account && Status === 'Activated') return id;
  }
  throw new Error('the account has no contract');
}

async function renewed(seats: number): Promise<OperationView> {
  // Its term ended yesterday: the next begins at once.
  await org.edit('Contract', contract, { StartDate: day(-366), EndDate: day(-1) });
  const input = { contract, proposal: { term_months: 24, seats } };
  const opened = await agent.client.submit('contract.renew', input, await gateway.mandateFor(agent));
  const view = await agent.client.waitForTurn(opened.id);
  const offer = view.offers?.findLast(({ by }) => by !== 'agent');
  if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(view)}`);
  await agent.client.accept(view, offer);
  return agent.client.waitForTurn(view.id, ({ state }) => ['completed', 'failed', 'conflicted'].includes(state));
}

const writesOf = async (id: string) =>
  (await org.ledger()).filter(({ action }) => action.startsWith(id)).map(({ type, kind }) => `${kind} ${type}`);

describe('a gateway on Salesforce', () => {
  it('says at the start which of its actions the org cannot do', async () => {
    await expect.poll(() => gateway.log.map(({ event }) => event), { timeout: PATIENCE_MS }).toContain('crm.ready');
    expect(gateway.log.find(({ event }) => event === 'crm.ready')?.fields).toMatchObject({ adapter: 'salesforce' });
    expect(gateway.log.find(({ event }) => event === 'salesforce.lacks')?.fields).toEqual({
      action: 'refund.request',
      lacks: ['CaseComment is not there'],
    });
  });

  it('renews a contract as agreed, once', async () => {
    const done = await renewed(31);
    expect(done.state).toBe('completed');
    expect(await org.record('Contract', contract)).toMatchObject({ Seats__c: 31, ContractTerm: 24 });
    expect(await writesOf(done.id)).toEqual(['create Opportunity', 'update Contract']);
  });

  for (const [n, kind] of ['500-after', 'reset-after', '500-before', 'lock-row', '401'].entries())
    it(
      `renews once where the org answers a write with ${kind}`,
      async () => {
        await org.fault({ op: 'write', kind });
        const done = await renewed(32 + n);
        expect(done.state).toBe('completed');
        expect(await writesOf(done.id)).toEqual(['create Opportunity', 'update Contract']);
      },
      PATIENCE_MS,
    );

  it('brings a customer to a person: an escalated case', async () => {
    const opened = await agent.client.submit('human.handoff', { topic: 'Please call', account: ACCOUNT });
    const ended = await agent.client.waitForTurn(opened.id, ({ state }) => state === 'completed');
    await expect.poll(() => writesOf(opened.id), { timeout: PATIENCE_MS }).toEqual(['create Case']);
    const made = (await org.ledger()).findLast(({ type }) => type === 'Case');
    expect(await org.record('Case', made?.id ?? '')).toMatchObject({
      IsEscalated: true,
      Subject: `${ended.handoff?.case_ref}: Please call`,
    });
  });

  it('does not start with settings that cannot work', async () => {
    const problems = (crm: Partial<Config['crm']>) =>
      openCrm({ ...gateway.config, crm: { ...gateway.config.crm, ...crm } }).then(
        () => 'none',
        (error: unknown) => (error instanceof ConfigError ? error.problems.join('\n') : String(error)),
      );
    expect(await problems({})).toBe('none');
    expect(await problems({ auth: { method: 'client_credentials' } })).toBe('/crm/auth/client_id is missing');
    expect(await problems({ auth: { method: 'jwt_bearer', client_id: 'x' } })).toBe('/crm/auth/username is missing');
    expect(await problems({ origin: `${org.origin}/services` })).toContain('/crm/origin must be an origin');
    expect(await problems({ mapping: 'nowhere.json' })).toContain('nowhere.json: ENOENT');
    expect(await problems({ adapter: 'sandbox' })).toContain('/crm/auth/method of the sandbox');
  });
});
