import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from './sqlite.ts';

const fatal = (error: unknown) => {
  throw error;
};
const open = () => openSqliteStore(join(mkdtempSync(join(tmpdir(), 'parley-budget-')), 'parley.db'), fatal);
const use = (operation: string, amount: number, limit: number | null = 1_000, budget = 'b/2026-11') => ({
  budget: { operation, budget, amount, limit },
});
const sums = (store: ReturnType<typeof open>) =>
  store.db
    .prepare('SELECT name, used FROM budgets WHERE used <> 0 ORDER BY name')
    .all()
    .map((row) => ({ ...row }));

describe('a budget', () => {
  it('is never overdrawn by units that arrive together, and a refused one costs its neighbours nothing', async () => {
    const store = open();
    const committed = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        store.commit({ ...use(`op-${index}`, 10), nonce: { keyid: 'k', nonce: `n-${index}`, expiresAt: 1 } }),
      ),
    );
    const refused = committed.filter(({ ok }) => !ok);
    expect(refused).toHaveLength(200);
    expect(new Set(refused.map((each) => (each.ok ? '' : each.reason)))).toEqual(new Set(['over_budget']));
    expect(sums(store)).toEqual([{ name: 'b/2026-11', used: 1_000 }]);
    // Nothing of a refused unit was written, and all of the others was.
    expect(store.db.prepare('SELECT count(*) AS n FROM nonces').get()?.['n']).toBe(100);
  });

  it('counts an operation once, whatever it holds later, and gives back what it no longer holds', async () => {
    const store = open();
    expect(await store.commit(use('op-1', 900))).toEqual({ ok: true });
    expect(await store.commit(use('op-1', 1_000))).toEqual({ ok: true });
    expect(await store.commit(use('op-1', 1_001))).toEqual({ ok: false, reason: 'over_budget' });
    expect(store.isExhausted('b/2026-11', 1_000)).toBe(true);
    expect(await store.commit(use('op-1', 400))).toEqual({ ok: true });
    expect(store.isExhausted('b/2026-11', 1_000)).toBe(false);
    for (let times = 0; times < 2; times += 1) expect(await store.commit(use('op-1', 0, null))).toEqual({ ok: true });
    expect(sums(store)).toEqual([]);
  });

  it('moves with an operation from one period to the next', async () => {
    const store = open();
    await store.commit(use('op-1', 700));
    await store.commit(use('op-1', 600, 1_000, 'b/2026-12'));
    expect(sums(store)).toEqual([{ name: 'b/2026-12', used: 600 }]);
  });

  it('counts a promise beyond its size, and refuses all others then', async () => {
    const store = open();
    expect(await store.commit(use('op-1', 5_000, null))).toEqual({ ok: true });
    expect(await store.commit(use('op-2', 1))).toEqual({ ok: false, reason: 'over_budget' });
    expect(await store.commit(use('op-2', Number.MAX_SAFE_INTEGER, null))).toEqual({
      ok: false,
      reason: 'over_budget',
    });
    expect(await store.commit(use('op-1', 4_999, 1_000))).toEqual({ ok: true });
  });

  it('is the sum of what is held, after any steps', async () => {
    const store = open();
    const steps = fc.array(
      fc.record({
        operation: fc.constantFrom('a', 'b', 'c', 'd'),
        budget: fc.constantFrom('x', 'y'),
        amount: fc.nat({ max: 60 }),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (each) => {
        await Promise.all(each.map((step) => store.commit({ budget: { ...step, limit: 100 } })));
        const held = store.db
          .prepare('SELECT budget AS name, sum(amount) AS used FROM budget_uses GROUP BY budget ORDER BY budget')
          .all()
          .map((row) => ({ ...row }));
        expect(sums(store)).toEqual(held);
        for (const { used } of held) expect(Number(used)).toBeLessThanOrEqual(100);
      }),
      { numRuns: 60 },
    );
  });
});
