import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Agent, type Dispatcher } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastDay } from '../sdk/calendar.ts';
import type { Adapter, AdapterError, Ctx, Plan, PlanStep, Ref } from '../sdk/index.ts';
import { payloadOf } from '../sdk/payload.ts';
import { makeSandboxAdapter } from './index.ts';
import { SEED_DAY } from './server/seed-day.ts';
import { type Sandbox, spawnSandbox } from './server/spawn.ts';

const HANG_MS = 300;

let directory: string;
let crm: Sandbox;
let adapter: Adapter;
let used = 0;
const paths: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-sandbox-'));
  crm = await spawnSandbox({ db: join(directory, 'crm.db'), faults: true, seedNow: SEED_DAY });
  adapter = makeSandboxAdapter({ origin: crm.origin, token: crm.token, dispatcher: recording() });
});

afterAll(async () => {
  await crm.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Sees every path that really leaves. */
function recording(): Dispatcher {
  return new Agent().compose((dispatch) => (options, handler) => {
    paths.push(options.path);
    return dispatch(options, handler);
  });
}

const ctx = (timeoutMs = 4_000): Ctx => ({
  clock: () => new Date('2026-11-02T09:00:00Z'),
  signal: AbortSignal.timeout(timeoutMs),
  log: () => undefined,
});

/** A renewal of a contract no other test has. */
async function renewal(): Promise<{ contract: string; plan: () => Promise<Plan>; step: PlanStep }> {
  used += 1;
  const contract = `K-${1000 + used}`;
  const operation = `op_test-${used}`;
  const terms = {
    unit_price: { amount: 123_456, currency: 'EUR' },
    term_months: 18,
    seats: 4_321,
    start_date: '2027-01-01',
    notice_days: 45,
  };
  const asked = { operation, asked_on: '2027-01-01', action: 'contract.renew', input: { contract }, terms };
  const plan = () => adapter.plan(ctx(), asked);
  const [step] = (await plan()).steps;
  if (step === undefined) throw new Error('nothing planned');
  return { contract, plan, step };
}

const failure = async (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );

const effects = async (step: PlanStep): Promise<number> =>
  (await crm.ledger()).filter(({ external_id }) => external_id === step.idempotencyKey).length;

describe('a plan', () => {
  it('writes nothing and is the same bytes every time', async () => {
    const before = await crm.ledger();
    const { plan, step } = await renewal();
    expect(JSON.stringify(await plan())).toBe(JSON.stringify(await plan()));
    expect(step.changes.map(({ field }) => field)).toContain('unit_price');
    expect(await crm.ledger()).toEqual(before);
  });

  it('of a record that already is as agreed has no step', async () => {
    const { plan, step } = await renewal();
    await adapter.execute(ctx(), step);
    expect((await plan()).steps).toEqual([]);
  });
});

describe('a write', () => {
  it('is applied, and the read-back shows it', async () => {
    const { contract, step } = await renewal();
    expect((await adapter.verify(ctx(), step)).state).toBe('not_applied');
    const done = await adapter.execute(ctx(), step);
    expect(done).toMatchObject({ state: 'applied', ref: { type: 'contract', value: contract } });
    expect(await adapter.verify(ctx(), step)).toMatchObject({
      state: 'applied',
      diff: [],
      after: { version: done.version },
    });
    expect(await crm.record('contracts', contract)).toMatchObject({ seats: 4_321, end_date: '2028-06-30' });
  });

  it('sent twenty times at once has one effect', async () => {
    const { step } = await renewal();
    const results = await Promise.all(Array.from({ length: 20 }, () => adapter.execute(ctx(), step)));
    expect(results.filter(({ state }) => state === 'applied')).toHaveLength(1);
    expect(new Set(results.map(({ version }) => version)).size).toBe(1);
    expect(await effects(step)).toBe(1);
  });

  it('is refused when somebody changed the record since the plan', async () => {
    const { contract, step } = await renewal();
    await crm.edit('contracts', contract, { auto_renew: true });
    expect((await failure(adapter.execute(ctx(), step))).code).toBe('conflict');
    expect(await effects(step)).toBe(0);
  });

  it('under a used key with another body is a conflict, not a second change', async () => {
    const { step } = await renewal();
    await adapter.execute(ctx(), step);
    const { update } = payloadOf(step);
    const values = { ...update?.values, seats: 1 };
    const other = { ...step, payload: { ...step.payload, update: { ...update, values } } };
    expect((await failure(adapter.execute(ctx(), other))).code).toBe('conflict');
    expect(await effects(step)).toBe(1);
  });

  it('overwritten by a person afterwards reads back as diverged', async () => {
    const { contract, step } = await renewal();
    await adapter.execute(ctx(), step);
    await crm.edit('contracts', contract, { seats: 7 });
    const seen = await adapter.verify(ctx(), step);
    expect(seen).toMatchObject({ state: 'diverged', diff: [{ field: 'seats', from: 7, to: 4_321 }] });
  });

  it('is taken back whole, once', async () => {
    const { contract, step } = await renewal();
    const { revision: _r, updated_at: _u, ...before } = await crm.record('contracts', contract);
    const done = await adapter.execute(ctx(), step);
    for (const expected of ['applied', 'already_applied'])
      expect((await adapter.compensate?.(ctx(), step, done))?.state).toBe(expected);
    expect(await crm.record('contracts', contract)).toMatchObject(before);
  });
});

describe('when the CRM fails at a write', () => {
  it.each([
    ['500-before', 'not_applied'],
    ['500-after', 'applied'],
    ['refuse', 'not_applied'],
    ['reset-after', 'applied'],
    ['hang', 'not_applied'],
    ['hang-after', 'applied'],
    ['bad-schema', 'applied'],
  ] as const)('%s is an unknown outcome, and reading tells: %s', async (kind, truth) => {
    const { step } = await renewal();
    await crm.fault({ op: 'write', kind });
    expect((await failure(adapter.execute(ctx(HANG_MS), step))).code).toBe('unknown_outcome');
    expect((await adapter.verify(ctx(), step)).state).toBe(truth);
    expect(await effects(step)).toBe(truth === 'applied' ? 1 : 0);
    // Whatever the truth was, trying again ends in one effect.
    expect((await adapter.execute(ctx(), step)).state).toBe(truth === 'applied' ? 'already_applied' : 'applied');
    expect(await effects(step)).toBe(1);
  });

  it('429 says when to come back, 401 that the token is refused', async () => {
    const { step } = await renewal();
    await crm.fault({ op: 'write', kind: '429' });
    expect(await failure(adapter.execute(ctx(), step))).toMatchObject({ code: 'rate_limited', retryAfterMs: 1_000 });
    await crm.fault({ op: 'write', kind: '401' });
    expect((await failure(adapter.execute(ctx(), step))).code).toBe('unauthorised');
    expect(await effects(step)).toBe(0);
  });

  it('a connection nobody takes is retryable: nothing was sent', async () => {
    const { step } = await renewal();
    const nowhere = makeSandboxAdapter({ origin: 'http://127.0.0.1:1', token: 'x' });
    expect((await failure(nowhere.execute(ctx(), step))).code).toBe('retryable');
  });

  it.each(['500-before', 'refuse', 'hang', 'bad-schema'] as const)(
    'a read that meets %s is retryable',
    async (kind) => {
      await crm.fault({ op: 'read', kind });
      const ref: Ref = { type: 'account', by: 'id', value: 'A-1001' };
      expect((await failure(adapter.read(ctx(HANG_MS), ref))).code).toBe('retryable');
    },
  );

  it('no error carries the token', async () => {
    const { step } = await renewal();
    await crm.fault({ op: 'write', kind: '500-before' });
    const error = await failure(adapter.execute(ctx(), step));
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(crm.token);
  });
});

describe('a hostile identifier', () => {
  const hostile = [
    '../contracts/K-1001',
    'A-1001/../A-1002',
    'A-1001?a=b',
    'A-1001#x',
    '%2e%2e',
    '%2e%2e%2fcontracts',
    '\u0000',
    'A-1001\u0000',
    `A'-"1001`,
    '//evil.example/',
    'A-1001\r\nx: y',
    'Ä-1001',
    '👩‍💻',
    '\\..\\contracts',
  ];

  async function expectOneSegment(value: string): Promise<void> {
    paths.length = 0;
    const error = await failure(adapter.read(ctx(), { type: 'account', by: 'id', value }));
    expect(['not_found', 'invalid']).toContain(error.code);
    for (const path of paths) {
      expect(path).toMatch(/^\/v1\/accounts\/[^/?#\\]+$/);
      expect(decodeURIComponent(path.slice('/v1/accounts/'.length))).toBe(value);
    }
  }

  it.each(hostile)('%j stays one segment', expectOneSegment);

  it.each(['', '.', '..', '\ud800'])('%j is never sent', async (value) => {
    paths.length = 0;
    expect((await failure(adapter.read(ctx(), { type: 'account', by: 'id', value }))).code).toBe('invalid');
    expect(paths).toEqual([]);
  });

  it('of any kind stays one segment', async () => {
    const unit = fc.constantFrom('..', '.', '/', '%', '2f', '2e', '?', '#', '\\', ':', '@', ' ', '\0', 'é', 'A-1001');
    const ids = fc.array(unit, { minLength: 2, maxLength: 6 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        ids.filter((id) => id !== '..'),
        expectOneSegment,
      ),
      { numRuns: 100 },
    );
  });
});

describe('kill -9 of the CRM', () => {
  it('keeps what it had acknowledged', async () => {
    const db = join(directory, 'killed.db');
    const first = await spawnSandbox({ db, faults: true, seedNow: SEED_DAY });
    await first.edit('contracts', 'K-1001', { seats: 77 });
    const ledger = await first.ledger();
    await first.kill();
    const second = await spawnSandbox({ db, faults: true });
    expect(await second.record('contracts', 'K-1001')).toMatchObject({ seats: 77 });
    expect(await second.ledger()).toEqual(ledger);
    await second.stop();
  });
});

describe('the last day of a term', () => {
  it.each([
    ['2027-01-01', 12, '2027-12-31'],
    ['2027-01-01', 1, '2027-01-31'],
    ['2027-02-01', 1, '2027-02-28'],
    ['2028-02-01', 1, '2028-02-29'],
    ['2027-01-31', 1, '2027-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2027-01-15', 1, '2027-02-14'],
    ['2028-02-29', 12, '2029-02-28'],
    ['2028-02-29', 48, '2032-02-28'],
    ['2027-08-31', 6, '2028-02-29'],
    ['2027-03-01', 12, '2028-02-29'],
    ['2027-12-31', 2, '2028-02-29'],
    ['2027-05-31', 1, '2027-06-30'],
    ['2027-06-30', 1, '2027-07-29'],
  ])('from %s over %i months is %s', (start, months, end) => {
    expect(lastDay(start, months)).toBe(end);
  });
});
