import { describe, expect, it } from 'vitest';
import { makeExecutionBench } from '../../test/support/execution.ts';

const DAY_MS = 86_400_000;

/** An operation as an older copy has it, about to be carried out; the CRM has carried it out since, where `done`. */
async function restored(idempotency: 'key' | 'external_id' | 'lookup' | 'none', { done = true, atMs = 0 } = {}) {
  const bench = makeExecutionBench({ idempotency });
  const id = await bench.submit(['r1']);
  const { plan } = await bench.run(id, ['authorized']);
  const [step] = plan?.plan.steps ?? [];
  if (step === undefined) throw new Error('no step');
  const ctx = { clock: () => new Date(bench.now()), signal: AbortSignal.timeout(1_000), log: () => undefined };
  if (done) await bench.crm.adapter.execute(ctx, step);
  Object.assign(bench.world.settings, { restoredAt: bench.now() + atMs });
  return { bench, id };
}

describe('after an older copy was put back', () => {
  it.each(['key', 'external_id', 'lookup', 'none'] as const)(
    'E8: a write of kind %s is looked up before it is made, and not made twice',
    async (idempotency) => {
      const { bench, id } = await restored(idempotency, { atMs: 1 });
      expect((await bench.run(id)).state).toBe('completed');
      expect(bench.crm.ledger).toHaveLength(1);
    },
  );

  it.each(['key', 'lookup', 'none'] as const)(
    'E8: what was not done is done, also where it is of kind %s',
    async (idempotency) => {
      const { bench, id } = await restored(idempotency, { done: false, atMs: 1 });
      expect((await bench.run(id)).state).toBe('completed');
      expect(bench.crm.ledger).toHaveLength(1);
    },
  );

  it('E8: a request that is repeated may be a lost one, for as long as its key is kept', async () => {
    const { bench, id } = await restored('lookup', { atMs: -DAY_MS });
    expect((await bench.run(id)).state).toBe('completed');
    expect(bench.crm.ledger).toHaveLength(1);
    const later = await restored('lookup', { done: false, atMs: -31 * DAY_MS });
    later.bench.crm.turns.verify.push('ok', { fail: 'bug' }, { fail: 'bug' });
    const before = later.bench.crm.turns.verify.length;
    await later.bench.run(later.id, ['executing']);
    await later.bench.step(later.id);
    // Read back, and not looked up before.
    expect(before - later.bench.crm.turns.verify.length).toBe(1);
  });

  it('E8: a CRM that does not answer is waited for, and nothing is written blindly', async () => {
    const { bench, id } = await restored('lookup', { atMs: 1 });
    bench.crm.turns.verify.push({ fail: 'retryable' }, { fail: 'retryable' }, { fail: 'retryable' });
    expect((await bench.run(id)).state).toBe('completed');
    expect(bench.crm.ledger).toHaveLength(1);
  });
});
