import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../ports.ts';
import { openSqliteStore } from './sqlite.ts';

const AT = '2026-11-28T00:00:00Z';
const path = () => join(mkdtempSync(join(tmpdir(), 'parley-trouble-')), 'parley.db');
const agent = (n: number) => ({
  keyid: `k${n}`.padEnd(43, '0') as never,
  jwk: { kty: 'OKP', pad: 'x'.repeat(20_000) },
  name: `agent ${n}`,
  registeredAt: '2026-11-28T00:00:00Z',
});
const pages = (store: { db: { prepare(sql: string): { get(): unknown } } }, max: number) =>
  store.db.prepare(`PRAGMA max_page_count = ${max}`).get();

/** Fills the database until it takes no more; what it said to the last one. */
async function fill(store: ReturnType<typeof openSqliteStore>, most = 200): Promise<unknown> {
  for (let n = 0; n < most; n += 1) {
    const error = await store.saveAgent(agent(n), AT).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) return error;
  }
  return undefined;
}

describe('a database', () => {
  it('E9: that is full refuses to write, goes on reading and takes more when there is room, on the same handle', async () => {
    const fatal: unknown[] = [];
    const room: boolean[] = [];
    const store = openSqliteStore(path(), (error) => fatal.push(error), { room: (has) => room.push(has) });
    pages(store, 90);
    const refused = await fill(store);
    expect(refused).toBeInstanceOf(StoreUnavailable);
    expect(refused).toMatchObject({ reason: 'full' });
    expect(store.hasRoom()).toBe(false);
    expect(store.agent(agent(0).keyid)?.name).toBe('agent 0');
    await expect(store.probe()).rejects.toMatchObject({ reason: 'full' });
    // A signed read goes on, and its signature still counts once.
    const nonce = { keyid: 'k', nonce: 'n', expiresAt: 9_999_999_999 };
    expect(await store.spend(nonce)).toBe(true);
    expect(await store.spend(nonce)).toBe(false);
    pages(store, 1_000_000);
    await store.probe();
    expect(store.hasRoom()).toBe(true);
    await store.saveAgent(agent(500), AT);
    expect(store.agent(agent(500).keyid)?.name).toBe('agent 500');
    expect(await store.commit({ nonce })).toEqual({ ok: false, reason: 'replayed' });
    expect({ fatal, room }).toEqual({ fatal: [], room: [false, true] });
    store.close();
  });

  it('E9: that another process holds for long is waited for, and then answered for, and ends nobody', async () => {
    const fatal: unknown[] = [];
    const at = path();
    const store = openSqliteStore(at, (error) => fatal.push(error), { busyMs: 300 });
    const other = new DatabaseSync(at);
    other.exec('BEGIN IMMEDIATE');
    const short = store.saveAgent(agent(1), AT);
    setTimeout(() => other.exec('COMMIT'), 100);
    await short;
    other.exec('BEGIN IMMEDIATE');
    const began = performance.now();
    await expect(store.saveAgent(agent(2), AT)).rejects.toMatchObject({ reason: 'busy' });
    expect(performance.now() - began).toBeGreaterThan(290);
    expect(store.agent(agent(1).keyid)?.name).toBe('agent 1');
    expect(store.agent(agent(2).keyid)).toBeUndefined();
    other.exec('COMMIT');
    await store.saveAgent(agent(2), AT);
    expect(fatal).toEqual([]);
    other.close();
    store.close();
  });

  it('E9: whose disk fails anywhere ends the process, and its handle is used by nobody any more', async () => {
    const fatal: unknown[] = [];
    const at = path();
    const store = openSqliteStore(at, (error) => fatal.push(error));
    await store.saveAgent(agent(1), AT);
    // The pages of the table are gone from under it, as after a failed read of the disk.
    const disk = new DatabaseSync(at, { defensive: false });
    disk.exec(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'agents'; PRAGMA schema_version = 99",
    );
    disk.close();
    expect(() => store.agent(agent(1).keyid)).toThrow();
    expect(fatal).toHaveLength(1);
    await expect(store.revoke('key', 'k', '2026-11-28T00:00:00Z', '')).rejects.toMatchObject({ reason: 'closed' });
    expect(() => store.operation('op')).toThrow(StoreUnavailable);
    expect(fatal).toHaveLength(1);
  });

  it('is readable by its owner only, with everything beside it', async () => {
    const at = path();
    const store = openSqliteStore(at, () => undefined);
    await store.saveAgent(agent(1), AT);
    for (const file of [at, `${at}-wal`, `${at}-shm`, `${at}.lock`])
      expect([file, (statSync(file).mode & 0o777).toString(8)]).toEqual([file, '600']);
    store.close();
  });
});
