/** A notice or a switch that found its day in the record already counts as one that wrote it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { MAPPING, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 30_000;
const CONTRACT = 'K-1001';
const day = (after: number) => new Date(Date.now() + after * 86_400_000).toISOString().slice(0, 10);
const RUNNING = {
  ...{ status: 'active', start_date: day(-332), end_date: day(33), term_months: 12, seats: 25, notice_days: 30 },
  ...{ unit_price: { amount: 4_900, currency: 'EUR' }, auto_renew: false, payment_terms_days: 30 },
};
const ENDS = ['completed', 'rejected', 'needs_human', 'failed', 'scheduled'];
const SWITCH = { target: 'Other Cloud', export_scope: ['all'] };

let directory: string;
let api: Sandbox;
/** On a CRM without a place for a notice's day. */
let plain: { gateway: TestGateway; agent: TestAgent };
let own: { gateway: TestGateway; agent: TestAgent };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-marks-'));
  const file = (name: string, value: object) => {
    const path = join(directory, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  api = await spawnSandbox({ faults: true, token: 'rest-token' });
  const documents = { mapping: file('http.json', MAPPING), openapi: file('openapi.json', OPENAPI) };
  const crm = { adapter: 'http', origin: `${api.origin}/v1`, ...documents };
  const over = async (config: object, environment = {}) => {
    const signoff = { rules: [], allow: [{ name: 'all', when: 'true' }] };
    const gateway = await startTestGateway({ config: { signoff, ...config }, environment });
    return { gateway, agent: await gateway.newAgent() };
  };
  plain = await over({ crm, allow_private_network: true }, { PARLEY_CRM_TOKEN: api.token });
  own = await over({});
}, PATIENCE_MS);
afterAll(async () => {
  await plain?.gateway.stop();
  await own?.gateway.stop();
  await api?.stop();
  rmSync(directory, { recursive: true, force: true });
}, PATIENCE_MS);

afterEach(() => void vi.useRealTimers());

async function asked({ gateway, agent }: typeof plain, action: string, more: JsonObject = {}): Promise<OperationView> {
  const mandate = await gateway.mandateFor(agent, { actions: [action], accounts: ['A-1001'] });
  const { id } = await agent.client.submit(action, { contract: CONTRACT, ...more }, mandate);
  const view = await agent.client.waitForTurn(id);
  const offer = view.offers?.findLast(({ by }) => by !== 'agent');
  if (view.state !== 'negotiating' || offer === undefined) return view;
  await agent.client.accept(view, offer);
  return agent.client.waitForTurn(id, ({ state }) => ENDS.includes(state));
}

it('T5: a notice to the end that the record has already is the last, and ends renewals', async () => {
  await api.edit('contracts', CONTRACT, RUNNING);
  const notice = { when: 'period_end' };
  expect(await asked(plain, 'contract.cancel', notice)).toMatchObject({
    ...{ state: 'completed', output: { ends_on: RUNNING.end_date } },
  });
  // People see it too.
  expect((await api.ledger()).filter(({ type }) => type === 'tickets')).toHaveLength(1);
  expect((await asked(plain, 'contract.cancel', notice)).state).toBe('rejected');
  const renewal = await asked(plain, 'contract.renew');
  expect(renewal.problem).toMatchObject({ detail: expect.stringContaining('under notice') });
  // What a person at the company took back is back.
  await api.edit('contracts', CONTRACT, { end_date: day(300) });
  expect((await asked(plain, 'contract.cancel', notice)).state).toBe('completed');
}, 30_000);

it('T5: a renewal that waits for its day ends with such a notice, which is the last', async () => {
  const kept = day(34);
  await api.edit('contracts', CONTRACT, { ...RUNNING, end_date: kept });
  const renewal = await asked(plain, 'contract.renew');
  expect(renewal.state).toBe('scheduled');
  expect((await asked(plain, 'contract.cancel', { when: 'period_end' })).state).toBe('completed');
  expect((await asked(plain, 'contract.cancel', { when: 'period_end' })).state).toBe('rejected');
  const ended = await plain.agent.client.waitForTurn(renewal.id, ({ state }) => state === 'rejected');
  expect(ended.problem).toMatchObject({ detail: expect.stringContaining('under notice') });
  expect(ended.handoff).toBeUndefined();
  expect(await api.record('contracts', CONTRACT)).toMatchObject({ end_date: kept });
}, 30_000);

it('T5: a binding offer that such a notice overtook is refused, and calls nobody', async () => {
  await api.edit('contracts', CONTRACT, { ...RUNNING, end_date: day(35) });
  const { gateway, agent } = plain;
  const mandate = await gateway.mandateFor(agent, { actions: ['contract.renew'], accounts: ['A-1001'] });
  const { id } = await agent.client.submit('contract.renew', { contract: CONTRACT }, mandate);
  const view = await agent.client.waitForTurn(id);
  const offer = view.offers?.findLast(({ by }) => by !== 'agent') ?? expect.fail('no offer');
  expect(offer.firmness).toBe('binding');
  expect((await asked(plain, 'contract.cancel', { when: 'period_end' })).state).toBe('completed');
  await expect(agent.client.accept(view, offer)).rejects.toThrow('under notice');
  expect((await agent.client.read(id)).state).toBe('negotiating');
}, 30_000);

it('T5: a switch of a contract that ends within its transition is the last, and ends renewals', async () => {
  await api.edit('contracts', CONTRACT, { ...RUNNING, end_date: day(12) });
  expect((await asked(plain, 'provider.switch', SWITCH)).state).toBe('completed');
  expect((await asked(plain, 'provider.switch', SWITCH)).state).toBe('rejected');
  expect((await asked(plain, 'contract.renew')).state).toBe('rejected');
}, 30_000);

it('T5: what had ended and has been renewed from a later day can be given notice of', async () => {
  const ended = { status: 'expired', start_date: day(-372), end_date: day(-7) };
  await own.gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, ...ended });
  const renewal = await asked(own, 'contract.renew', { proposal: { start_date: day(10) } });
  expect(renewal.state).toBe('completed');
  expect(await asked(own, 'contract.cancel', { when: 'period_end' })).toMatchObject({ state: 'completed' });
}, 30_000);

it('T5: while a renewal waits for its day the running term can be changed, and the next begins as it was agreed on', async () => {
  await api.edit('contracts', CONTRACT, { ...RUNNING, end_date: day(36) });
  const renewal = await asked(plain, 'contract.renew');
  expect(renewal.state).toBe('scheduled');
  // Seen by those that write the record's terms.
  const again = await asked(plain, 'contract.renew');
  expect(again.problem).toMatchObject({ detail: expect.stringContaining('agreed on already') });
  const late = await asked(plain, 'contract.amend', { seats: 30, effective_on: day(37) });
  expect(late.state).toBe('rejected');
  expect((await asked(plain, 'contract.amend', { seats: 30, effective_on: day(20) })).state).toBe('scheduled');
  const second = await asked(plain, 'contract.amend', { seats: 31 });
  expect(second.problem).toMatchObject({ detail: expect.stringContaining('Another change') });
  const days = async (after: number) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + after * 86_400_000 });
    await plain.gateway.restart();
  };
  await days(20.5);
  const seats = async () => (await api.record('contracts', CONTRACT))['seats'];
  await expect.poll(seats, { timeout: 20_000, interval: 500 }).toBe(30);
  await days(17);
  const ended = () => plain.gateway.operation(renewal.id)?.state;
  await expect.poll(ended, { timeout: 20_000, interval: 500 }).toBe('completed');
  expect(plain.gateway.operation(renewal.id)?.signoffs).toEqual([]);
  const terms = renewal.offers?.findLast(({ by }) => by !== 'agent')?.terms;
  expect(await api.record('contracts', CONTRACT)).toMatchObject({ seats: 25, unit_price: terms?.['unit_price'] });
}, 60_000);
