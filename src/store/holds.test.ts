import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hold, Unit } from '../ports.ts';
import { migrate } from './schema.ts';
import { openSqliteStore } from './sqlite.ts';

const fatal = (error: unknown) => {
  throw error;
};
const open = () => openSqliteStore(join(mkdtempSync(join(tmpdir(), 'parley-holds-')), 'parley.db'), fatal);
type Opened = ReturnType<typeof open>;

function unit(operation: string, ...holds: readonly Partial<Hold>[]): Unit {
  const whole = holds.map((each) => ({ name: 'b', amount: 0, limit: 1_000, lasts: 'effect' as const, ...each }));
  return { holds: [{ operation, kind: 'budget', holds: whole }] };
}
const use = (operation: string, amount: number, limit: number | null = 1_000, name = 'b') =>
  unit(operation, ...(amount === 0 ? [] : [{ name, amount, limit }]));
const held = (by: string | null, name = 'b') => ({ ok: false, reason: 'held', kind: 'budget', name, by });
const rows = (store: Opened, sql: string) =>
  store.db
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
const sums = (store: Opened) => rows(store, 'SELECT name, amount FROM hold_sums ORDER BY name');

describe('an amount that is held', () => {
  it('is never more than there is, of units that arrive together, and a refused one costs its neighbours nothing', async () => {
    const store = open();
    const committed = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        store.commit({ ...use(`op-${index}`, 10), nonce: { keyid: 'k', nonce: `n-${index}`, expiresAt: 1 } }),
      ),
    );
    const refused = committed.filter(({ ok }) => !ok);
    expect(refused).toHaveLength(200);
    expect(refused[0]).toEqual(held('op-99'));
    expect(sums(store)).toEqual([{ name: 'b', amount: 1_000 }]);
    // Nothing of a refused unit was written, and all of the others was.
    expect(rows(store, 'SELECT count(*) AS n FROM nonces')).toEqual([{ n: 100 }]);
  });

  it('counts an operation once, whatever it holds later, and gives back what it no longer holds', async () => {
    const store = open();
    expect(await store.commit(use('op-1', 900))).toEqual({ ok: true });
    expect(await store.commit(use('op-1', 1_000))).toEqual({ ok: true });
    expect(await store.commit(use('op-1', 1_001))).toEqual(held(null));
    expect(store.isExhausted('b', 1_000)).toBe(true);
    expect(await store.commit(use('op-1', 400))).toEqual({ ok: true });
    expect(store.isExhausted('b', 1_000)).toBe(false);
    expect(store.heldBy('b')).toEqual([{ operation: 'op-1', kind: 'budget', amount: 400 }]);
    for (let times = 0; times < 2; times += 1) expect(await store.commit(use('op-1', 0, null))).toEqual({ ok: true });
    expect(sums(store)).toEqual([]);
    expect(store.heldBy('b')).toEqual([]);
  });

  it('moves with an operation from one name to the next', async () => {
    const store = open();
    await store.commit(use('op-1', 700));
    await store.commit(use('op-1', 600, 1_000, 'c'));
    expect(sums(store)).toEqual([{ name: 'c', amount: 600 }]);
  });

  it('is counted beyond its limit where it was promised, and all others are refused then', async () => {
    const store = open();
    expect(await store.commit(use('op-1', 5_000, null))).toEqual({ ok: true });
    expect(await store.commit(use('op-2', 1))).toEqual(held('op-1'));
    expect(await store.commit(use('op-2', Number.MAX_SAFE_INTEGER, null))).toEqual(held('op-1'));
    expect(await store.commit(use('op-1', 4_999, 1_000))).toEqual({ ok: true });
  });

  it('is a sum over all that one unit holds under a name, whatever its kind or operation', async () => {
    const store = open();
    expect(await store.commit(unit('op-1', { amount: 600 }, { amount: 401 }))).toEqual(held(null));
    const [first] = use('op-1', 600).holds ?? [];
    const [second] = use('op-2', 401).holds ?? [];
    if (first === undefined || second === undefined) throw new Error('bad fixture');
    expect(await store.commit({ holds: [first, { ...second, kind: 'claim' }] })).toMatchObject({ reason: 'held' });
    expect(await store.commit({ holds: [first, { ...second, kind: 'claim', holds: [] }] })).toEqual({ ok: true });
    expect(await store.commit({ holds: [{ ...first, kind: 'claim' }] })).toMatchObject({ reason: 'held' });
  });
});

describe('a span that is held', () => {
  const span = (operation: string, from: number, to: number) => unit(operation, { name: 's', span: { from, to } });

  it('overlaps no other under its name, touches them, and is no obstacle to itself', async () => {
    const store = open();
    expect(await store.commit(span('op-1', 10, 20))).toEqual({ ok: true });
    expect(await store.commit(span('op-2', 19, 30))).toEqual(held('op-1', 's'));
    expect(await store.commit(span('op-2', 5, 11))).toEqual(held('op-1', 's'));
    expect(await store.commit(span('op-2', 0, 50))).toEqual(held('op-1', 's'));
    expect(await store.commit(span('op-2', 12, 13))).toEqual(held('op-1', 's'));
    expect(await store.commit(span('op-2', 20, 30))).toEqual({ ok: true });
    expect(await store.commit(span('op-3', 0, 10))).toEqual({ ok: true });
    expect(await store.commit(span('op-1', 12, 20))).toEqual({ ok: true });
    expect(store.heldBy('s').find(({ operation }) => operation === 'op-1')?.span).toEqual({ from: 12, to: 20 });
  });

  it('overlaps no other of the same unit', async () => {
    const twice = unit('op-1', { name: 's', span: { from: 0, to: 5 } }, { name: 's', span: { from: 4, to: 6 } });
    expect(await open().commit(twice)).toEqual(held(null, 's'));
  });
});

describe('what an operation held', () => {
  it('is given back at its end, all of it or what lasts no longer', async () => {
    const store = open();
    const both = [
      { name: 'r', amount: 1, lasts: 'operation' },
      { name: 'c', amount: 5, lasts: 'effect' },
    ] as const;
    await store.commit(unit('op-1', ...both));
    await store.commit({ releases: [{ operation: 'op-1', what: 'operation' }] });
    expect(sums(store)).toEqual([{ name: 'c', amount: 5 }]);
    await store.commit({ releases: [{ operation: 'op-1', what: 'all' }] });
    expect(sums(store)).toEqual([]);
  });

  it('is its sum, within its limit and apart from others’, after any steps that arrive together', async () => {
    const step = fc.record({
      operation: fc.constantFrom('a', 'b', 'c', 'd'),
      kind: fc.constantFrom('budget' as const, 'claim' as const),
      holds: fc.array(
        fc.record({
          name: fc.constantFrom('x', 'y'),
          amount: fc.nat({ max: 60 }),
          from: fc.nat({ max: 40 }),
          lasts: fc.constantFrom('operation' as const, 'effect' as const),
        }),
        { maxLength: 3 },
      ),
      ends: fc.constantFrom(undefined, undefined, 'all' as const, 'operation' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 6 }), async (batches) => {
        const store = openSqliteStore(':memory:', fatal);
        for (const batch of batches)
          await Promise.all(
            batch.map(({ operation, kind, holds, ends }) =>
              store.commit(
                ends === undefined
                  ? {
                      holds: [
                        {
                          operation,
                          kind,
                          holds: holds.map(({ from, ...each }) => ({
                            ...each,
                            limit: 100,
                            span: { from, to: from + 5 },
                          })),
                        },
                      ],
                    }
                  : { releases: [{ operation, what: ends }] },
              ),
            ),
          );
        for (const name of ['x', 'y']) {
          const holders = store.heldBy(name);
          const sum = holders.reduce((total, { amount }) => total + amount, 0);
          expect(sum).toBeLessThanOrEqual(100);
          expect(rows(store, `SELECT total(amount) AS sum FROM hold_sums WHERE name = '${name}'`)).toEqual([{ sum }]);
          const spans = holders.map(({ span }) => span?.from ?? -1).toSorted((a, b) => a - b);
          for (const [index, from] of spans.slice(1).entries())
            expect(from).toBeGreaterThanOrEqual((spans[index] ?? 0) + 5);
        }
        for (const operation of ['a', 'b', 'c', 'd']) await store.commit({ releases: [{ operation, what: 'all' }] });
        expect(rows(store, 'SELECT * FROM holds')).toEqual([]);
        expect(rows(store, 'SELECT total(amount) AS sum FROM hold_sums')).toEqual([{ sum: 0 }]);
        store.close();
      }),
      { numRuns: 100 },
    );
  });

  it('T2: is what was granted before claims were held, of a database of that time', () => {
    const db = new DatabaseSync(':memory:');
    migrate(db, 5);
    const add = (id: string, state: string, doc: object) =>
      db
        .prepare(
          "INSERT INTO operations (id, version, state, agent, created_at, updated_at, doc) VALUES (?, 1, ?, 'a', '', '', ?)",
        )
        .run(id, state, JSON.stringify({ id, state, ...doc }));
    const order = { action: 'refund.request', output: { order: 'O-1', amount: { amount: 5_000, currency: 'EUR' } } };
    const incident = { from: '2026-10-05T08:00:00Z', to: '2026-10-05T11:00:00Z', minutes_down: 180 };
    const credit = { action: 'sla.credit', output: { contract: 'K-1', amount: { amount: 70, currency: 'EUR' } } };
    add('refund', 'completed', order);
    add('rejected', 'rejected', { action: 'refund.request' });
    add('credit', 'completed', { ...credit, input: { incident } });
    add('no day', 'completed', { ...credit, input: { incident: { ...incident, from: '2026-10-32T08:00:00Z' } } });
    add('renewal', 'completed', { action: 'contract.renew', output: { order: 'O-1' } });
    migrate(db);
    const [from, to] = [Date.parse(incident.from), Date.parse(incident.to)];
    const none = { span_from: null, span_to: null };
    const month = 'claim:service-credit/K-1/2026-10';
    expect(
      db
        .prepare('SELECT operation, name, amount, span_from, span_to FROM holds ORDER BY id')
        .all()
        .map((row) => ({ ...row })),
    ).toEqual([
      { operation: 'refund', name: 'claim:order/O-1', amount: 5_000, ...none },
      { operation: 'credit', name: 'claim:outage/K-1', amount: 0, span_from: from, span_to: to },
      { operation: 'credit', name: month, amount: 70, ...none },
      { operation: 'no day', name: month, amount: 70, ...none },
    ]);
    expect({ ...db.prepare('SELECT amount FROM hold_sums WHERE name = ?').get(month) }).toEqual({ amount: 140 });
  });

  it('T2: is what was being written before claims were held, of a database of that time', () => {
    const db = new DatabaseSync(':memory:');
    migrate(db, 5);
    const eur = (amount: number) => ({ amount, currency: 'EUR' });
    const add = (id: string, state: string, doc: object) =>
      db
        .prepare(
          "INSERT INTO operations (id, version, state, agent, created_at, updated_at, doc) VALUES (?, 1, ?, 'a', '', '', ?)",
        )
        .run(id, state, JSON.stringify({ id, state, ...doc }));
    const refund = { action: 'refund.request', records: { order: { total: eur(7_300), refunded: eur(300) } } };
    const talk = { offers: [{ id: 'of-1', terms: { amount: eur(900) } }] };
    const incident = { from: '2026-10-05T08:00:00Z', to: '2026-10-05T11:00:00Z', minutes_down: 180 };
    const contract = { unit_price: eur(4_900), seats: 20 };
    add('all', 'unknown', { ...refund, input: { order: 'O-1' } });
    add('part', 'executing', { ...refund, input: { order: 'O-2', amount: eur(50) } });
    add('agreed', 'needs_human', {
      ...refund,
      input: { order: 'O-3' },
      negotiation: talk,
      agreement: { offer: 'of-1' },
    });
    add('planned', 'authorized', { ...refund, input: { order: 'O-4' } });
    add('credit', 'reconciling', { action: 'sla.credit', input: { contract: 'K-1', incident }, records: { contract } });
    migrate(db);
    expect(
      db
        .prepare('SELECT operation, name, amount FROM holds ORDER BY operation, name')
        .all()
        .map((row) => ({ ...row })),
    ).toEqual([
      { operation: 'agreed', name: 'claim:order/O-3', amount: 900 },
      { operation: 'all', name: 'claim:order/O-1', amount: 7_000 },
      { operation: 'credit', name: 'claim:outage/K-1', amount: 0 },
      { operation: 'credit', name: 'claim:service-credit/K-1/2026-10', amount: 24_500 },
      { operation: 'part', name: 'claim:order/O-2', amount: 50 },
    ]);
  });

  it('is kept from a database that knew budgets only', () => {
    const db = new DatabaseSync(':memory:');
    migrate(db, 5);
    db.exec(`INSERT INTO budgets VALUES ('contract.renew/2026-11', 70), ('old', 0);
      INSERT INTO budget_uses VALUES ('op-1', 'contract.renew/2026-11', 30), ('op-2', 'contract.renew/2026-11', 40)`);
    migrate(db);
    expect(
      db
        .prepare('SELECT operation, kind, name, amount, lasts FROM holds')
        .all()
        .map((row) => ({ ...row })),
    ).toEqual([
      { operation: 'op-1', kind: 'budget', name: 'budget:contract.renew/2026-11', amount: 30, lasts: 'effect' },
      { operation: 'op-2', kind: 'budget', name: 'budget:contract.renew/2026-11', amount: 40, lasts: 'effect' },
    ]);
    expect({ ...db.prepare('SELECT * FROM hold_sums').get() }).toEqual({
      name: 'budget:contract.renew/2026-11',
      amount: 70,
    });
  });
});
