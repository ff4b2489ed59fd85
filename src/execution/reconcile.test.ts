import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { makeExecutionBench } from '../../test/support/execution.ts';
import type { Operation } from '../engine/operation.ts';
import { migrate } from '../store/schema.ts';

const SECOND_MS = 1_000;
const nothing = (times: number) => Array.from({ length: times }, () => ({ say: 'not_applied' as const }));

describe('a write without an answer, on a CRM that keeps its key', () => {
  it.each(['key', 'external_id'] as const)(
    'is sent again with the same key (%s), and made once',
    async (idempotency) => {
      for (const lost of [0, 30 * SECOND_MS, 'never'] as const) {
        const bench = makeExecutionBench({ idempotency });
        bench.crm.turns.execute.push({ lost });
        const id = await bench.submit(['ticket']);
        expect((await bench.run(id)).state).toBe('completed');
        bench.wait(120 * SECOND_MS);
        expect(bench.crm.ledger).toHaveLength(1);
        expect(bench.effects(id)).toHaveLength(1);
      }
    },
  );
});

describe('a write without an answer, on a CRM where it can only be looked up', () => {
  it.each([
    ['made, and its index is late by 12 s', 0, 12 * SECOND_MS],
    ['delivered 30 s late', 30 * SECOND_MS, 0],
    ['delivered 30 s late to an index that is late by 12 s', 30 * SECOND_MS, 12 * SECOND_MS],
  ])('E2: %s, is found and never made twice', async (_name, lost, index) => {
    for (const settlesWithinMs of [undefined, 15 * SECOND_MS]) {
      const bench = makeExecutionBench({
        idempotency: 'lookup',
        ...(settlesWithinMs === undefined ? {} : { settlesWithinMs }),
      });
      await bench.run(await bench.submit(['ticket']));
      bench.crm.indexAfter(index);
      bench.crm.turns.execute.push({ lost });
      const id = await bench.submit(['ticket']);
      expect((await bench.run(id)).state).toBe('completed');
      bench.wait(3_600 * SECOND_MS);
      expect(bench.crm.sent).toHaveLength(2);
      expect(bench.crm.ledger).toHaveLength(2);
      expect(bench.effects(id)).toHaveLength(1);
    }
  });

  it.each(['lookup', 'none'] as const)(
    'E2: that does not turn up is a person’s where nothing is declared (%s)',
    async (idempotency) => {
      const bench = makeExecutionBench({ idempotency });
      await bench.run(await bench.submit(['ticket']));
      bench.crm.turns.execute.push({ lost: 'never' });
      const id = await bench.submit(['ticket']);
      expect(await bench.run(id)).toMatchObject({
        state: 'needs_human',
        problem: { type: expect.stringContaining('outcome-unknown') },
      });
      expect(bench.crm.sent).toHaveLength(2);
    },
  );

  it('E2: is sent once more after the declared time, where an older one is found by the same search', async () => {
    const bench = makeExecutionBench({ idempotency: 'lookup', settlesWithinMs: 15 * SECOND_MS });
    await bench.run(await bench.submit(['ticket']));
    bench.crm.turns.execute.push({ lost: 'never' });
    const id = await bench.submit(['ticket']);
    const since = bench.now();
    expect((await bench.run(id)).state).toBe('completed');
    expect(bench.now() - since).toBeGreaterThanOrEqual(75 * SECOND_MS);
    expect(bench.crm.ledger).toHaveLength(2);
    expect(bench.read(id).attempts[0]?.resentAt).toBeDefined();
  });

  it('E2: is not sent again where the search shows no sign of life', async () => {
    const bench = makeExecutionBench({ idempotency: 'lookup', settlesWithinMs: 15 * SECOND_MS });
    const first = await bench.submit(['ticket']);
    bench.crm.turns.execute.push({ lost: 'never' });
    expect((await bench.run(first)).state).toBe('needs_human');
    const older = await bench.submit(['ticket']);
    expect((await bench.run(older)).state).toBe('completed');
    bench.crm.turns.execute.push({ lost: 'never' });
    bench.crm.turns.verify.push(...nothing(40));
    const id = await bench.submit(['ticket']);
    expect((await bench.run(id)).state).toBe('needs_human');
    expect(bench.crm.sent).toHaveLength(3);
  });

  it('E2: an older write of another kind is no sign of life', async () => {
    const bench = makeExecutionBench({ idempotency: 'lookup', settlesWithinMs: 15 * SECOND_MS });
    await bench.run(await bench.submit(['r1']));
    bench.crm.turns.execute.push({ lost: 'never' });
    const id = await bench.submit(['ticket']);
    expect((await bench.run(id)).state).toBe('needs_human');
  });

  it('E2: is sent again once in an operation’s life, whatever happens in between', async () => {
    const bench = makeExecutionBench({ idempotency: 'lookup', settlesWithinMs: 15 * SECOND_MS });
    await bench.run(await bench.submit(['ticket']));
    bench.crm.turns.execute.push({ lost: 'never' }, { lost: 'never' });
    const id = await bench.submit(['ticket']);
    expect((await bench.run(id)).state).toBe('needs_human');
    expect(bench.crm.sent).toHaveLength(3);
    bench.restart();
    await bench.run(id);
    expect(bench.crm.sent).toHaveLength(3);
  });

  it('E2: planned anew after it was lost, is still sent no more than once again', async () => {
    const bench = makeExecutionBench({ idempotency: 'lookup', settlesWithinMs: 15 * SECOND_MS });
    await bench.run(await bench.submit(['ticket']));
    bench.crm.turns.execute.push({ lost: 'never' }, { fail: 'conflict' }, { lost: 'never' });
    const id = await bench.submit(['ticket']);
    const ended = await bench.run(id);
    expect(ended.history.map(({ event }) => event)).toContain('conflicted');
    expect(ended.state).toBe('needs_human');
    expect(bench.crm.sent).toHaveLength(4);
  });

  it('E2: a look that fails is not a look that found nothing', async () => {
    const bench = makeExecutionBench({ idempotency: 'lookup', settlesWithinMs: 0 });
    await bench.run(await bench.submit(['ticket']));
    bench.crm.turns.execute.push({ lost: 0 });
    // Beyond the time after which what is not found will not come any more.
    for (let look = 0; look < 6; look += 1) bench.crm.turns.verify.push({ fail: 'not_found' }, { fail: 'retryable' });
    const id = await bench.submit(['ticket']);
    expect((await bench.run(id)).state).toBe('completed');
    expect(bench.crm.ledger).toHaveLength(2);
  });
});

describe('a write that another version of the gateway began', () => {
  it('E14: is found where its plan is understood, and a person’s where it is not', async () => {
    for (const [format, state] of [
      [undefined, 'completed'],
      [1, 'completed'],
      [2, 'needs_human'],
    ] as const) {
      const bench = makeExecutionBench();
      bench.crm.turns.execute.push({ lost: 0 });
      const id = await bench.submit(['r1']);
      const operation = await bench.run(id, ['unknown']);
      const { plan } = operation;
      if (plan === undefined) throw new Error('no plan');
      const { format: _now, ...before } = plan;
      const stored = { ...before, ...(format === undefined ? {} : { format }) };
      const next = { ...operation, plan: stored, version: operation.version + 1 };
      await bench.store.commit({ operations: [{ next, expected: operation.version }] });
      expect((await bench.run(id)).state).toBe(state);
    }
  });
});

describe('a write that an earlier version sent and had no answer for', () => {
  it.each(['none', 'lookup'] as const)(
    'E14, E2: is not taken for one that was never sent (%s)',
    async (idempotency) => {
      const bench = makeExecutionBench({ idempotency });
      bench.crm.turns.execute.push({ lost: 30_000 });
      const id = await bench.submit(['ticket']);
      const { attempts, plan, version, ...rest } = await bench.run(id, ['unknown']);
      const { format: _format, ...planned } = plan ?? expect.fail('no plan');
      const left = {
        ...rest,
        version,
        plan: planned,
        attempts: attempts.map(({ step, intentAt }) => ({ step, intentAt })),
      };
      const next = openedToday({ ...left, version: version + 1 });
      await bench.store.commit({ operations: [{ next, expected: version }] });
      await bench.run(id);
      bench.wait(600_000);
      expect([bench.crm.sent.length, bench.crm.ledger.length]).toEqual([1, 1]);
    },
  );

  /** From a database of the first version. */
  function openedToday(stored: Operation): Operation {
    const db = new DatabaseSync(':memory:');
    migrate(db, 5);
    db.prepare(
      "INSERT INTO operations (id, version, state, agent, created_at, updated_at, doc) VALUES (?, 1, ?, 'a', '', '', ?)",
    ).run(stored.id, stored.state, JSON.stringify(stored));
    migrate(db);
    return JSON.parse(String(db.prepare('SELECT doc FROM operations').get()?.['doc']));
  }
});

describe('a write whose record says something else', () => {
  it('is a person’s', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ lost: 0 });
    bench.crm.turns.verify.push({ say: 'diverged' });
    const id = await bench.submit(['r1']);
    expect((await bench.run(id)).state).toBe('needs_human');
  });

  it('that cannot be read for a quarter of an hour is one too', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ lost: 0 });
    bench.crm.turns.verify.push(...Array.from({ length: 60 }, () => ({ fail: 'bug' as const })));
    const id = await bench.submit(['r1']);
    expect((await bench.run(id)).state).toBe('needs_human');
    expect(bench.crm.sent).toHaveLength(1);
  });
});
