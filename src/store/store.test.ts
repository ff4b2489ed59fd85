import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeId, parseThumbprint } from '../../protocol/base/ids.ts';
import type { Operation } from '../engine/operation.ts';
import type { Claim, Nonce } from '../ports.ts';
import { openSqliteStore } from './sqlite.ts';

const fatal = (error: unknown) => {
  throw error;
};
const open = () => openSqliteStore(join(mkdtempSync(join(tmpdir(), 'parley-store-')), 'parley.db'), fatal);

let count = 0;
const uuid = () => {
  count += 1;
  return `01900000-0000-7000-8000-${String(count).padStart(12, '0')}`;
};
const keyid = parseThumbprint('A'.repeat(43));
if (keyid === undefined) throw new Error('bad fixture');

function operation(version = 1): Operation {
  const at = '2026-11-01T00:00:00.000Z';
  return {
    id: makeId('op', uuid()),
    version,
    state: 'received',
    action: 'contract.renew',
    actionVersion: '1.0.0',
    createdAt: at,
    updatedAt: at,
    dueAt: 5,
    salt: 's',
    agent: { keyid: keyid as NonNullable<typeof keyid>, via: 'registered' },
    mandate: null,
    request: { digest: '', signature: '', signatureInput: '' },
    input: {},
    messages: [],
    signoffs: [],
    attempts: [],
    tries: 0,
    history: [],
  };
}
const nonce = (value: string): Nonce => ({ keyid: 'k', nonce: value, expiresAt: 100 });
const claim = (key: string, fingerprint = 'f'): Claim => ({
  scope: 's',
  key,
  fingerprint,
  answer: { status: 202, body: `{"key":"${key}"}` },
  expiresAt: 100,
});

describe('a unit', () => {
  it('is written whole', async () => {
    const store = open();
    const next = operation();
    const records = [{ type: 'transition', at: next.createdAt, operation: next.id }];
    expect(
      await store.commit({ nonce: nonce('1'), claim: claim('k1'), operations: [{ next, expected: 0 }], records }),
    ).toEqual({ ok: true });
    expect(store.operation(next.id)).toEqual(next);
    expect(store.claim('s', 'k1')).toEqual(claim('k1'));
    expect(store.db.prepare('SELECT count(*) AS n FROM records').get()).toEqual({ n: 1 });
    store.close();
  });

  it('leaves nothing behind when it is refused', async () => {
    const store = open();
    const next = operation();
    await store.commit({ nonce: nonce('1'), operations: [{ next, expected: 0 }] });
    const stale = { ...next, version: 3 };
    expect(
      await store.commit({
        nonce: nonce('2'),
        claim: claim('k2'),
        operations: [{ next: stale, expected: 2 }],
        records: [{ type: 'x', at: '' }],
      }),
    ).toEqual({
      ok: false,
      reason: 'stale',
    });
    expect(store.operation(next.id)?.version).toBe(1);
    expect(store.claim('s', 'k2')).toBeUndefined();
    expect(await store.spend(nonce('2'))).toBe(true);
    expect(
      await store.commit({ nonce: nonce('1'), operations: [{ next: { ...next, version: 2 }, expected: 1 }] }),
    ).toEqual({ ok: false, reason: 'replayed' });
    expect(store.operation(next.id)?.version).toBe(1);
    store.close();
  });

  it('never fails its neighbours: duplicates in one batch lose alone', async () => {
    const store = open();
    const units = Array.from({ length: 50 }, (_, index) => {
      const key = index % 2 === 0 ? 'same' : `own-${index}`;
      return { nonce: nonce(`n${index}`), claim: claim(key), operations: [{ next: operation(), expected: 0 }] };
    });
    const results = await Promise.all(units.map((unit) => store.commit(unit)));
    expect(results.filter(({ ok }) => ok)).toHaveLength(26);
    expect(results.filter((each) => !each.ok && each.reason === 'claimed')).toHaveLength(24);
    expect(store.db.prepare('SELECT count(*) AS n FROM operations').get()).toEqual({ n: 26 });
    store.close();
  });
});

describe('what the database refuses', () => {
  const unfit = (id: string) => ({
    outgoing: [{ id, endpoint: 'crm', type: 't', payload: {}, dueAt: 1.5 }],
    operations: [{ next: operation(), expected: 0 }],
  });

  it('costs the neighbours of its batch nothing, leaves nothing behind, and is no failure of the disk', async () => {
    const store = open();
    const good = () => ({ operations: [{ next: operation(), expected: 0 }] });
    const settled = await Promise.allSettled([good(), unfit('a'), good(), unfit('b'), good()].map(store.commit));
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(store.db.prepare('SELECT count(*) AS n FROM operations').get()).toEqual({ n: 3 });
    await expect(store.commit(unfit('c'))).rejects.toThrow('REAL value');
    expect(await store.commit(good())).toEqual({ ok: true });
    store.close();
  });
});

describe('an agent’s operations', () => {
  const at = (second: number) => `2026-11-01T00:00:${String(second).padStart(2, '0')}.000Z`;

  it('come in pages, last changed first, none twice and none missed', async () => {
    const store = open();
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      // Several at the same moment: the id decides.
      const next = { ...operation(), updatedAt: at(Math.floor(index / 3)) };
      made.push(next.id);
      await store.commit({ operations: [{ next, expected: 0 }] });
    }
    const other = {
      ...operation(),
      agent: { keyid: 'B'.repeat(43) as Operation['agent']['keyid'], via: 'registered' },
    };
    await store.commit({ operations: [{ next: other, expected: 0 }] });
    const seen: string[] = [];
    let after: { at: string; id: string } | undefined;
    for (;;) {
      const { operations, total } = store.ofAgent(String(keyid), {
        limit: 2,
        ...(after === undefined ? {} : { after }),
      });
      expect(total).toBe(7);
      seen.push(...operations.map(({ id }) => id));
      const last = operations.at(-1);
      if (last === undefined) break;
      after = { at: last.updatedAt, id: last.id };
    }
    expect(seen).toEqual([...made].reverse());
    store.close();
  });

  it('are filtered by state, conversation and time', async () => {
    const store = open();
    const named = { ...operation(), conversation: 'c1', updatedAt: at(5) };
    const ended = { ...operation(), state: 'completed' as const, updatedAt: at(9) };
    for (const next of [named, ended]) await store.commit({ operations: [{ next, expected: 0 }] });
    const ids = (page: object) => store.ofAgent(String(keyid), { limit: 9, ...page }).operations.map(({ id }) => id);
    expect(ids({ conversation: 'c1' })).toEqual([named.id]);
    expect(ids({ conversation: ended.id })).toEqual([ended.id]);
    expect(ids({ states: ['completed'] })).toEqual([ended.id]);
    expect(ids({ since: at(6) })).toEqual([ended.id]);
    expect(ids({ states: [] })).toEqual([]);
    store.close();
  });
});

describe('the data directory', () => {
  it('belongs to one process at a time', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'parley-store-')), 'parley.db');
    const first = openSqliteStore(path, fatal);
    expect(() => openSqliteStore(path, fatal)).toThrow('another gateway process holds this data directory');
    first.close();
    openSqliteStore(path, fatal).close();
  });

  it('refuses a database of a newer version', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'parley-store-')), 'parley.db');
    const store = openSqliteStore(path, fatal);
    store.db.prepare('PRAGMA user_version = 999').get();
    store.close();
    expect(() => openSqliteStore(path, fatal)).toThrow('newer version');
  });
});
