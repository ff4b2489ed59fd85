import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { instanceTables } from './instance-sqlite.ts';
import { makeRetention } from './retention-sqlite.ts';
import { openSqliteStore } from './sqlite.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2030, 0, 1);
const KEPT = { operations: 730 * 86_400, outgoing: 90 * 86_400, checkpoints: 90 * 86_400, limits: 3_660 * 86_400 };
const ago = (days: number) => new Date(NOW_MS - days * DAY_MS).toISOString();
const secondsAgo = (days: number) => Math.floor(NOW_MS / 1_000) - days * 86_400;

function filled() {
  const store = openSqliteStore(join(mkdtempSync(join(tmpdir(), 'parley-retention-')), 'parley.db'), (error) => {
    throw error;
  });
  const run = (sql: string, ...values: (string | number | null)[]) => store.db.prepare(sql).run(...values);
  const operation = (id: string, state: string, days: number) => {
    run(
      'INSERT INTO operations (id, version, state, agent, due_at, created_at, updated_at, doc) VALUES (?, 1, ?, ?, NULL, ?, ?, ?)',
      id,
      state,
      'agent',
      ago(days + 1),
      ago(days),
      JSON.stringify({ id, state }),
    );
    run('INSERT INTO signoffs (id, operation) VALUES (?, ?)', `so-${id}`, id);
    run("INSERT INTO records (operation, leaf) VALUES (?, CAST('{}' AS BLOB))", id);
  };
  const claim = (key: string, days: number, body = '{"id":"op"}') =>
    run(
      'INSERT INTO claims (key, scope, fingerprint, status, body, expires_at) VALUES (?, ?, ?, 202, ?, ?)',
      key,
      's',
      'f',
      body,
      secondsAgo(days),
    );
  const message = (id: string, state: string, days: number) =>
    run(
      "INSERT INTO outgoing (id, endpoint, type, payload, due_at, state, noted_at) VALUES (?, 'desk', 't', '{}', NULL, ?, ?)",
      id,
      state,
      NOW_MS - days * DAY_MS,
    );
  const ids = (table: string, column = 'id') =>
    store.db
      .prepare(`SELECT ${column} AS id FROM ${table} ORDER BY ${column}`)
      .all()
      .map(({ id }) => id);
  return { store, run, operation, claim, message, ids };
}

describe('what is kept no longer than was said', () => {
  it('E16: goes when its time has come, and nothing else does', () => {
    const { store, run, operation, claim, message, ids } = filled();
    operation('old-completed', 'completed', 731);
    operation('old-waiting', 'awaiting_signoff', 731);
    operation('old-needs-human', 'needs_human', 731);
    operation('young-completed', 'completed', 729);
    claim('answered', -1);
    claim('expired', 1);
    claim('tombstone', 729, '');
    claim('forgotten', 731, '');
    message('sent-old', 'delivered', 91);
    message('given-up-old', 'exhausted', 91);
    message('sent', 'delivered', 89);
    message('waiting-old', 'waiting', 91);
    for (const [size, days] of [
      [0, 200],
      [5, 100],
      [9, 95],
      [12, 10],
    ] as const)
      run('INSERT INTO log_checkpoints (size, note, at) VALUES (?, ?, ?)', size, 'note', ago(days));
    run('INSERT INTO nonces (nonce, keyid, expires_at) VALUES (?, ?, ?)', 'old', 'k', secondsAgo(1));
    run('INSERT INTO nonces (nonce, keyid, expires_at) VALUES (?, ?, ?)', 'young', 'k', secondsAgo(-1));

    const forget = makeRetention(store.db, KEPT, instanceTables(store.db).epochs);
    while (forget(NOW_MS) > 0);

    expect(ids('operations')).toEqual(['old-needs-human', 'old-waiting', 'young-completed']);
    expect(ids('signoffs')).toEqual(['so-old-needs-human', 'so-old-waiting', 'so-young-completed']);
    // The log stays whole.
    expect(ids('records', 'operation')).toHaveLength(4);
    expect(ids('claims', 'key')).toEqual(['answered', 'expired', 'tombstone']);
    expect(store.claim('s', 'answered')?.answer.body).toBe('{"id":"op"}');
    expect(store.claim('s', 'expired')).toMatchObject({ fingerprint: 'f', answer: { body: '' } });
    expect(ids('outgoing')).toEqual(['sent', 'waiting-old']);
    expect(ids('log_checkpoints', 'size')).toEqual([12]);
    expect(ids('nonces', 'nonce')).toEqual(['young']);
    store.close();
  });

  it('E16: leaves of an operation what limits are measured against, for as long as a limit may look back', () => {
    const { store, run, operation, ids } = filled();
    const dealing = (id: string, days: number) => {
      const at = NOW_MS - days * DAY_MS;
      const changes = [
        { field: 'unit_price', from: { amount: 49, currency: 'EUR' }, to: { amount: 47, currency: 'EUR' } },
        { field: 'end_date', from: null, to: '2030-01-01' },
        { field: 'contact.email', from: 'k@one.example', to: 'k@two.example' },
      ];
      const doc = {
        operation: id,
        record: 'contract/K-1',
        account: 'A-1',
        agent: 'k',
        issuer: null,
        action: 'a',
        at,
        changes,
      };
      run(
        "INSERT INTO dealings (operation, record, account, agent, issuer, at, doc) VALUES (?, 'contract/K-1', 'A-1', 'k', NULL, ?, ?)",
        ...[id, at, JSON.stringify(doc)],
      );
      run('INSERT INTO memories (name, version, at, doc) VALUES (?, 1, ?, ?)', `talk:${id}`, at, '{}');
    };
    operation('old', 'completed', 731);
    operation('young', 'completed', 10);
    dealing('old', 800);
    dealing('young', 20);
    dealing('ancient', 3_661);
    const forget = makeRetention(store.db, KEPT, instanceTables(store.db).epochs);
    while (forget(NOW_MS) > 0);
    const of = store.dealings({ by: 'record', value: 'contract/K-1', since: 0 });
    expect(of.map(({ operation: id, changes }) => [id, changes.map(({ field }) => field)])).toEqual([
      ['old', ['unit_price', 'end_date']],
      ['young', ['unit_price', 'end_date', 'contact.email']],
    ]);
    expect(ids('memories', 'name')).toEqual(['talk:old', 'talk:young']);
    store.close();
  });

  it('E16: goes in slices, whatever there is of it', () => {
    const { store, run, ids } = filled();
    store.db.transaction(() => {
      for (let n = 0; n < 5_000; n += 1)
        run('INSERT INTO nonces (nonce, keyid, expires_at) VALUES (?, ?, ?)', `n${n}`, 'k', secondsAgo(1));
    });
    const forget = makeRetention(store.db, KEPT, instanceTables(store.db).epochs);
    let slices = 0;
    for (let count = forget(NOW_MS); count > 0; count = forget(NOW_MS)) {
      expect(count).toBeLessThanOrEqual(200);
      slices += 1;
    }
    expect(slices).toBe(25);
    expect(ids('nonces', 'nonce')).toEqual([]);
    store.close();
  });

  it('D21: tokens of push addresses go with the last message of an operation that has ended', () => {
    const { store, run, operation } = filled();
    const pushes = [
      { id: 'c', url: 'https://a.example/', token: 't', authentication: { scheme: 'Bearer', credentials: 's' } },
    ];
    const forget = makeRetention(store.db, KEPT, instanceTables(store.db).epochs);
    for (const [id, state] of [
      ['op_1', 'completed'],
      ['op_2', 'completed'],
      ['op_3', 'executing'],
    ] as const) {
      operation(id, state, 1);
      run(
        'UPDATE operations SET doc = ?, push_secrets = 1 WHERE id = ?',
        JSON.stringify({ id, state, pushes, more: 1 }),
        id,
      );
    }
    run(
      "INSERT INTO outgoing (id, endpoint, type, payload, due_at, peer) VALUES ('m', 'push:op_2/c', 't', '{}', 1, 1), ('n', 'push:op_10/c', 't', '{}', 1, 1)",
    );
    const docs = () =>
      store.db
        .prepare('SELECT doc FROM operations ORDER BY id')
        .all()
        .map(({ doc }) => JSON.parse(String(doc)));
    expect(forget(NOW_MS)).toBe(1);
    const bare = [{ id: 'c', url: 'https://a.example/' }];
    expect(docs()).toEqual([
      { id: 'op_1', state: 'completed', pushes: bare, more: 1 },
      { id: 'op_2', state: 'completed', pushes, more: 1 },
      { id: 'op_3', state: 'executing', pushes, more: 1 },
    ]);
    run("UPDATE outgoing SET state = 'delivered', noted_at = ? WHERE id = 'm'", NOW_MS);
    expect([forget(NOW_MS), forget(NOW_MS)]).toEqual([1, 0]);
    expect(docs()[1]?.pushes).toEqual(bare);
    store.close();
  });
});
