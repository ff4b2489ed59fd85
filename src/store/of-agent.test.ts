import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentPage } from '../ports.ts';
import { openSqliteStore, type SqliteStore } from './sqlite.ts';

const AGENT = 'A'.repeat(43);
const COUNT = 60_000;
const STATES = ['completed', 'rejected', 'negotiating'];

let store: SqliteStore;
beforeAll(() => {
  store = openSqliteStore(join(mkdtempSync(join(tmpdir(), 'parley-many-')), 'parley.db'), (error) => {
    throw error;
  });
  // One in a hundred of a conversation of its own; the rest of two large ones. Documents as large as real ones are.
  store.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${COUNT})
       INSERT INTO operations (id, version, state, agent, conversation, created_at, updated_at, doc)
       SELECT printf('op_%06d', i), 1, CASE WHEN i % 1000 = 0 THEN 'scheduled' WHEN i % 3 = 0 THEN 'completed' WHEN i % 3 = 1 THEN 'rejected' ELSE 'negotiating' END,
         '${AGENT}', CASE WHEN i % 100 = 0 THEN 'own' || i ELSE 'big' || (i % 2) END, '', printf('2026-11-28T%06d', i / 4),
         json_object('id', printf('op_%06d', i), 'updatedAt', printf('2026-11-28T%06d', i / 4), 'pad', printf('%.*c', 3000, 'x')) FROM n`,
    )
    .run();
}, 60_000);
afterAll(() => store.close());

const listed = (page: Partial<AgentPage>) => {
  const { operations, total } = store.ofAgent(AGENT, { limit: 50, ...page });
  return { ids: operations.map(({ id }) => Number(id.slice(3))), total };
};
const expected = (filter: (i: number) => boolean) =>
  Array.from({ length: COUNT }, (_, i) => COUNT - 1 - i).filter(filter);
const stateOf = (i: number) => (i % 1000 === 0 ? 'scheduled' : STATES[i % 3]);

describe('D6: one agent’s list', () => {
  it.each<[string, Partial<AgentPage>, (i: number) => boolean]>([
    ['everything', {}, () => true],
    ['a small conversation', { conversation: 'own5500' }, (i) => i === 5_500],
    ['a conversation that is none', { conversation: 'none' }, () => false],
    ['a large conversation', { conversation: 'big1' }, (i) => i % 100 !== 0 && i % 2 === 1],
    ['a large conversation, rare states', { conversation: 'big0', states: ['scheduled'] }, () => false],
    ['rare states', { states: ['scheduled'] }, (i) => stateOf(i) === 'scheduled'],
    [
      'two states',
      { states: ['completed', 'scheduled'] },
      (i) => ['completed', 'scheduled'].includes(String(stateOf(i))),
    ],
    ['a time', { since: '2026-11-28T014000' }, (i) => Math.floor(i / 4) >= 14_000],
    ['later pages', { after: { at: '2026-11-28T001000', id: 'op_004002' } }, (i) => i < 4_002],
    [
      'later pages of a state',
      { states: ['rejected'], after: { at: '2026-11-28T001000', id: 'op_004002' } },
      (i) => i < 4_002 && stateOf(i) === 'rejected',
    ],
  ])('of %s is right, and blocks nobody', (_, page, filter) => {
    const started = performance.now();
    const { ids, total } = listed(page);
    const ms = performance.now() - started;
    expect(ids).toEqual(expected(filter).slice(0, 50));
    const all = page.after === undefined ? expected(filter).length : total;
    expect(total).toBe(Math.min(all, 10_000));
    // Seconds where the documents were read.
    expect(ms).toBeLessThan(100);
  });

  it('of others is never there', () => {
    expect(store.ofAgent('B'.repeat(43), { limit: 50, conversation: 'big1' })).toEqual({ operations: [], total: 0 });
  });

  it('of states is no longer looked for where there are many more of them', () => {
    const started = performance.now();
    const newest = store.inState(['scheduled', 'completed', 'rejected'], 20);
    expect(newest).toHaveLength(20);
    expect(performance.now() - started).toBeLessThan(100);
  });
});
