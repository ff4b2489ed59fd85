/** The contracts API (beta), switched on: preview while planning, then a draft and its acceptance, and a way back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import type { Adapter, AdapterError, Ctx, PlanStep } from '../sdk/index.ts';
import { makeHubspotAdapter } from './index.ts';
import { type Hubspot, spawnHubspot } from './server/spawn.ts';

const HANG_MS = 500;
const TERMS = {
  unit_price: { amount: 123_456, currency: 'EUR' },
  term_months: 18,
  seats: 4_321,
  start_date: '2027-01-01',
  notice_days: 45,
};

let directory: string;
let crm: Hubspot;
let adapter: Adapter;
let used = 0;
const sent: { readonly method: string; readonly path: string; readonly body: string }[] = [];

const spawnPortal = () =>
  spawnHubspot({
    db: join(directory, 'portal.db'),
    seedNow: SEED_DAY,
    faults: true,
    limit: 1_000_000,
    intervalMs: 100,
  });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-hubspot-'));
  crm = await spawnPortal();
  adapter = made();
});
afterAll(async () => {
  await crm.stop();
  rmSync(directory, { recursive: true, force: true });
});

function made(contractsApi = true): Adapter {
  const dispatcher = new Agent({ pipelining: 0 }).compose((dispatch) => (options, handler) => {
    sent.push({ method: options.method, path: options.path, body: String(options.body ?? '') });
    return dispatch(options, handler);
  });
  const auth = { method: 'token', token: crm.token } as const;
  return makeHubspotAdapter({ origin: crm.origin, auth, contractsApi, allowPrivate: true, dispatcher });
}

const ctx = (timeoutMs = 10_000): Ctx => ({
  clock: () => new Date(),
  signal: AbortSignal.timeout(timeoutMs),
  log: () => undefined,
});

const code = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'success',
    (error: AdapterError) => error.code,
  );

/** A renewal of a contract no other test has: its line item’s change, then the contract’s own properties. */
async function renewal(
  terms: JsonObject = {},
): Promise<{ contract: string; steps: readonly PlanStep[]; line: PlanStep }> {
  used += 1;
  const contract = String(37_000_001_000 + used);
  const operation = `op_contracts-${used}`;
  const asked = {
    operation,
    asked_on: '2027-01-01',
    action: 'contract.renew',
    input: { contract },
    terms: { ...TERMS, ...terms },
  };
  const { steps } = await adapter.plan(ctx(), asked);
  const [line] = steps;
  if (line === undefined) throw new Error('nothing planned');
  return { contract, steps, line };
}

const changesNamed = async ({ idempotencyKey }: PlanStep) =>
  (await crm.changes()).filter(({ name }) => String(name).startsWith(idempotencyKey));
const statuses = async (step: PlanStep) => (await changesNamed(step)).map(({ status }) => status);
const priceOf = async ({ preconditions: [about] }: PlanStep) =>
  (await crm.record('line_items', about?.ref.value ?? '')).properties['price'];

describe('a renewal through the contracts API', () => {
  it('is declared as what it is', () => {
    const found = adapter.manifest.capabilities.find(({ action }) => action === 'contract.renew');
    expect(found).toMatchObject({ preview: 'native', stability: 'beta', conflict: 'detect', reversal: 'undo' });
  });

  it('asks HubSpot for a preview and changes nothing while planning', async () => {
    sent.length = 0;
    const [ledger, drafts] = [await crm.ledger(), await crm.changes()];
    await renewal();
    const posts = sent.filter(({ method }) => method !== 'GET');
    expect(posts.map(({ path }) => path)).toEqual(['/commerce/contracts/2026-09-beta/changes/preview']);
    expect([await crm.ledger(), await crm.changes()]).toEqual([ledger, drafts]);
  });

  it('is a draft, its acceptance and the contract’s own properties, and accepts nothing by itself', async () => {
    const { contract, steps } = await renewal();
    sent.length = 0;
    for (const step of steps) {
      expect((await adapter.verify(ctx(), step)).state).toBe('not_applied');
      expect((await adapter.execute(ctx(), step)).state).toBe('applied');
      expect(await adapter.verify(ctx(), step)).toMatchObject({ state: 'applied', diff: [] });
      expect((await adapter.execute(ctx(), step)).state).toBe('already_applied');
    }
    const writes = sent.filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method, path }) => `${method} ${path.replace(/\d{2,}|(?<=changes\/)\d+/g, 'N')}`)).toEqual([
      'POST /commerce/contracts/N-N-beta/changes',
      'POST /commerce/contracts/N-N-beta/changes/N/accept',
      'PATCH /crm/objects/N-N/contracts/N',
    ]);
    expect(sent.every(({ body }) => !/"autoAccept":\s*true/.test(body))).toBe(true);
    expect((await crm.record('contracts', contract)).properties).toMatchObject({
      seats: '4321',
      end_date: '2028-06-30',
    });
  });

  it('is undone by a change the other way, once', async () => {
    const { line } = await renewal();
    const before = await priceOf(line);
    const done = await adapter.execute(ctx(), line);
    expect(Number(await priceOf(line))).toBe(1_234.56);
    for (const state of ['applied', 'already_applied'])
      expect((await adapter.compensate?.(ctx(), line, done))?.state).toBe(state);
    expect(Number(await priceOf(line))).toBe(Number(before));
    expect(await statuses(line)).toEqual(['ACCEPTED', 'ACCEPTED']);
  });

  it('with a part of the change lost is seen as diverged', async () => {
    const { line } = await renewal();
    // The draft is whole; its acceptance is not.
    await crm.fault({ op: 'write', kind: 'delay', ms: 1 });
    await crm.fault({ op: 'write', kind: 'partial' });
    await adapter.execute(ctx(), line);
    const seen = await adapter.verify(ctx(), line);
    expect(seen).toMatchObject({ state: 'diverged' });
    expect(seen.diff.map(({ field }) => field)).toEqual(['quantity']);
  });
});

describe('when something happens between the draft and its acceptance', () => {
  it.each([
    ['hang-after', 1, 'not_applied'],
    ['reset-after', 1, 'not_applied'],
    ['hang-after', 2, 'applied'],
    ['500-after', 2, 'applied'],
    ['500-before', 2, 'not_applied'],
  ] as const)('%s at write %i: %s, and one change in the end', async (kind, nth, truth) => {
    const { line } = await renewal();
    if (nth === 2) await crm.fault({ op: 'write', kind: 'delay', ms: 1 });
    await crm.fault({ op: 'write', kind });
    expect(await code(adapter.execute(ctx(HANG_MS), line))).toBe('unknown_outcome');
    expect((await adapter.verify(ctx(), line)).state).toBe(truth);
    expect((await adapter.execute(ctx(), line)).state).toBe(truth === 'applied' ? 'already_applied' : 'applied');
    expect(await statuses(line)).toEqual(['ACCEPTED']);
  });

  it('kill -9 of the CRM: the draft is found and accepted, not drafted again', async () => {
    const { line } = await renewal();
    await crm.fault({ op: 'write', kind: 'hang-after' });
    const call = code(adapter.execute(ctx(), line));
    await expect.poll(() => statuses(line), { timeout: 10_000 }).toEqual(['DRAFT']);
    await crm.kill();
    expect(await call).toBe('unknown_outcome');
    crm = await spawnPortal();
    adapter = made();
    expect((await adapter.verify(ctx(), line)).state).toBe('not_applied');
    expect((await adapter.execute(ctx(), line)).state).toBe('applied');
    expect(await statuses(line)).toEqual(['ACCEPTED']);
  });

  it('a person changes the line item: the draft is cancelled and nothing is accepted', async () => {
    const { line } = await renewal();
    await crm.fault({ op: 'write', kind: 'hang-after' });
    expect(await code(adapter.execute(ctx(HANG_MS), line))).toBe('unknown_outcome');
    await crm.edit('line_items', line.preconditions[0]?.ref.value ?? '', { quantity: '3' });
    expect(await code(adapter.execute(ctx(), line))).toBe('conflict');
    expect(await statuses(line)).toEqual(['CANCELED']);
    expect(await code(adapter.execute(ctx(), line))).toBe('conflict');
    expect((await adapter.verify(ctx(), line)).state).toBe('not_applied');
  });
});

describe('without the contracts API', () => {
  it('none of its addresses is called', async () => {
    sent.length = 0;
    const plain = made(false);
    const input = { contract: '33000001001' };
    const { steps } = await plain.plan(ctx(), {
      operation: 'op_plain',
      asked_on: '2027-01-01',
      action: 'contract.renew',
      input,
      terms: TERMS,
    });
    for (const step of steps) await plain.execute(ctx(), step);
    expect(sent.length).toBeGreaterThan(steps.length);
    expect(sent.filter(({ path }) => path.includes('/commerce/'))).toEqual([]);
  });
});
