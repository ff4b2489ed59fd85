/** What a database of an earlier version is given when it is opened. */
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { migrate } from './schema.ts';

/** The version before what is tested here. */
const BEFORE = 13;

function opened(operations: readonly JsonObject[], holds: readonly (readonly [string, string, number])[] = []) {
  const db = new DatabaseSync(':memory:');
  migrate(db, BEFORE);
  const add = db.prepare(
    "INSERT INTO operations (id, version, state, agent, created_at, updated_at, doc) VALUES (?, 1, ?, 'a', '', '', ?)",
  );
  for (const each of operations) add.run(String(each['id']), String(each['state']), JSON.stringify(each));
  const hold = db.prepare(
    "INSERT INTO holds (operation, kind, name, amount, lasts) VALUES (?, 'claim', ?, ?, 'effect')",
  );
  for (const each of holds) hold.run(...each);
  migrate(db);
  return db;
}

it('E17: what an earlier version was taking back is looked for before it is sent', () => {
  const at = '2026-11-20T10:00:00.000Z';
  const begun = { step: 'a', intentAt: '2026-11-20T09:00:00.000Z', result: { state: 'applied', note: 'é "x"' } };
  const reversal = { intentAt: at, result: { state: 'applied' } };
  const unsent = { step: 'c', intentAt: '2026-11-20T09:30:00.000Z' };
  const attempts = [begun, { ...begun, step: 'b', reversal }, unsent];
  const db = opened([
    { id: 'op_1', state: 'reversing', updatedAt: at, attempts },
    { id: 'op_2', state: 'completed', updatedAt: at, attempts },
  ]);
  const read = (id: string) =>
    JSON.parse(String(db.prepare('SELECT doc FROM operations WHERE id = ?').get(id)?.['doc']));
  expect(read('op_1').attempts).toEqual([
    { ...begun, reversal: { intentAt: at, doubtedAt: at } },
    { ...begun, step: 'b', reversal },
    unsent,
  ]);
  expect(read('op_2').attempts).toEqual(attempts);
});

it('T2: a credit from before there was a zone counts in each month that it may be of', () => {
  const credit = (id: string, from: string, zone?: string) => ({
    ...{ id, state: 'completed', action: 'sla.credit', input: { incident: { from } } },
    ...(zone === undefined ? {} : { zone }),
  });
  const name = (month: string) => `claim:service-credit/K-1/${month}`;
  const db = opened(
    [
      credit('op_1', '2026-10-31T23:30:00Z'),
      credit('op_2', '2026-10-15T12:00:00Z'),
      credit('op_3', '2026-11-01T03:00:00Z', 'UTC'),
      credit('op_4', '2026-11-01T03:00:00Z'),
    ],
    [
      ['op_1', name('2026-10'), 100],
      ['op_2', name('2026-10'), 10],
      ['op_3', name('2026-11'), 1],
      ['op_4', name('2026-11'), 1_000],
    ],
  );
  const sums = db.prepare('SELECT name, amount FROM hold_sums ORDER BY name').all();
  expect(sums.map((each) => ({ ...each }))).toEqual([
    { name: name('2026-10'), amount: 1_110 },
    { name: name('2026-11'), amount: 1_101 },
  ]);
});
