import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../protocol/receipt/merkle.ts';
import { type NoteSigner, noteKey, openNote, parseNote } from '../../protocol/receipt/note.ts';
import { parseTlogProof } from '../../protocol/receipt/tlog-proof.ts';
import { makeHandle } from '../store/handle.ts';
import { LOG_SCHEMA, makeSqliteLog } from '../store/log-sqlite.ts';
import { leafBytes } from './leaf.ts';
import { LogCorrupt, makeLedger } from './sequencer.ts';
import { formatTilePath, parseTilePath } from './tiles.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const ORIGIN = 'gw.example/log';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
const signer: NoteSigner = {
  ...noteKey(ORIGIN, raw),
  sign: (message) => new Uint8Array(sign(null, message, privateKey)),
};
const verifier = {
  ...signer,
  verify: async (message: Uint8Array, signature: Uint8Array) =>
    verify(null, message, createPublicKey(privateKey), signature),
};

let folder: string;
let db: DatabaseSync;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-log-'));
  db = new DatabaseSync(join(folder, 'log.db'));
  db.exec(`PRAGMA journal_mode = WAL; ${LOG_SCHEMA}`);
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const handle = () => makeHandle(db, { fatal: () => expect.fail() });
const recordOf = (n: number) => ({ type: 'transition', at: NOW.toISOString(), operation: `op_${n}`, n });
function addRecords(from: number, to: number): void {
  const add = db.prepare('INSERT INTO records (operation, leaf) VALUES (?, ?)');
  db.exec('BEGIN');
  for (let n = from; n < to; n++) add.run(`op_${n}`, leafBytes(recordOf(n)));
  db.exec('COMMIT');
}

async function opened(note: string | undefined) {
  const parsed = parseNote(note ?? '') ?? expect.fail('no note');
  const open = await openNote(parsed, [verifier]);
  return parseCheckpoint(open.ok ? open.value.text : '') ?? expect.fail('the checkpoint does not verify');
}

describe('the sequencer', () => {
  it('publishes an empty log, then nothing new while nothing is pending', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    expect(await ledger.checkpoint()).toBeUndefined();
    expect(await ledger.step(NOW)).toBe(0);
    const first = await ledger.checkpoint();
    expect(await opened(first)).toMatchObject({ origin: ORIGIN, size: 0 });
    expect(await ledger.step(NOW)).toBe(0);
    expect(await ledger.checkpoint()).toBe(first);
  });

  it('takes records in the order of their commits, in batches, and proves each under every later checkpoint', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    const heads = [];
    for (const [from, to] of [
      [0, 1],
      [1, 5],
      [5, 300],
      [300, 301],
    ] as const) {
      addRecords(from, to);
      expect(await ledger.step(NOW)).toBe(to - from);
      heads.push(await opened(await ledger.checkpoint()));
    }
    for (let n = 0; n < 301; n++) {
      const proven = await ledger.prove(n + 1);
      const proof = parseTlogProof(proven?.text ?? '') ?? expect.fail('no proof');
      const head = await opened(proof.checkpoint);
      expect([proven?.index, proof.index, head.size]).toEqual([n, n, 301]);
      expect(verifyInclusion({ ...proof, size: head.size }, leafHash(leafBytes(recordOf(n))), head.root)).toBe(true);
    }
    for (const [at, newer] of heads.entries()) {
      for (const older of heads.slice(0, at + 1)) {
        const path = (await ledger.proveConsistency(older.size, newer.size)) ?? expect.fail('no proof');
        expect(verifyConsistency(older, newer, path)).toBe(true);
      }
    }
    expect(await ledger.proveConsistency(1, 302)).toBeUndefined();
  });

  it('proves a record by its content, only once it is under a checkpoint', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    addRecords(0, 3);
    expect(await ledger.proveRecord(recordOf(1))).toBeUndefined();
    await ledger.step(NOW);
    expect((await ledger.proveRecord(recordOf(1)))?.index).toBe(1);
    expect(await ledger.proveRecord({ ...recordOf(1), n: 2 })).toBeUndefined();
    expect(await ledger.prove(99)).toBeUndefined();
  });

  it('takes no more than a batch at a time', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    addRecords(0, 1500);
    expect([await ledger.step(NOW), await ledger.step(NOW), await ledger.step(NOW)]).toEqual([1024, 476, 0]);
  });

  it('goes on where it was after a restart', async () => {
    addRecords(0, 7);
    await makeLedger(makeSqliteLog(handle()), signer).step(NOW);
    const older = await opened(await makeLedger(makeSqliteLog(handle()), signer).checkpoint());
    addRecords(7, 20);
    const again = makeLedger(makeSqliteLog(handle()), signer);
    expect(await again.step(NOW)).toBe(13);
    const newer = await opened(await again.checkpoint());
    expect(verifyConsistency(older, newer, (await again.proveConsistency(7, 20)) ?? [])).toBe(true);
  });

  it('lets overlapping steps share one batch', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    addRecords(0, 5);
    expect(await Promise.all([ledger.step(NOW), ledger.step(NOW)])).toEqual([5, 5]);
    expect(await ledger.step(NOW)).toBe(0);
  });

  it('lets only one of two sequencers extend the log, and the other writes nothing', async () => {
    const [one, two] = [makeLedger(makeSqliteLog(handle()), signer), makeLedger(makeSqliteLog(handle()), signer)];
    addRecords(0, 5);
    const outcomes = await Promise.allSettled([one.step(NOW), two.step(NOW)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(db.prepare('SELECT count(*) AS n FROM log_checkpoints').get()).toMatchObject({ n: 1 });
    expect(db.prepare('SELECT count(*) AS n FROM log_hashes').get()).toMatchObject({ n: 8 });
    expect(await two.step(NOW)).toBe(0);
  });

  it('extends the log only from the head it saw', async () => {
    const store = makeSqliteLog(handle());
    addRecords(0, 5);
    await makeLedger(store, signer).step(NOW);
    const late = {
      records: [],
      firstHash: 0,
      hashes: [],
      checkpoint: { size: 0, note: 'late' },
      at: NOW.toISOString(),
    };
    await expect(store.append({ ...late, expectedSize: null })).rejects.toThrow('another sequencer');
    expect((await store.head())?.size).toBe(5);
  });

  it('leaves nothing behind when a batch fails in the middle', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    addRecords(0, 5);
    db.exec("CREATE TRIGGER full BEFORE INSERT ON log_checkpoints BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    await expect(ledger.step(NOW)).rejects.toThrow('disk full');
    expect(db.prepare('SELECT count(*) AS n FROM records WHERE idx IS NOT NULL').get()).toMatchObject({ n: 0 });
    expect(db.prepare('SELECT count(*) AS n FROM log_hashes').get()).toMatchObject({ n: 0 });
    db.exec('DROP TRIGGER full');
    expect(await ledger.step(NOW)).toBe(5);
  });

  it('signs nothing over stored hashes that are not those it signed before', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    addRecords(0, 5);
    await ledger.step(NOW);
    const before = await ledger.checkpoint();
    db.exec('UPDATE log_hashes SET hash = zeroblob(32) WHERE id = 6');
    addRecords(5, 6);
    await expect(ledger.step(NOW)).rejects.toThrow(LogCorrupt);
    expect(await ledger.checkpoint()).toBe(before);
  });

  it('E13: signs nothing more once it is halted', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    await ledger.step(NOW);
    const before = await ledger.checkpoint();
    addRecords(0, 1);
    ledger.halt('Somebody changed an entry.');
    await expect(ledger.step(NOW)).rejects.toThrow('Somebody changed an entry.');
    expect(await ledger.checkpoint()).toBe(before);
  });

  it('E8: keeps a checkpoint outside the database before the database has it', async () => {
    const log = makeSqliteLog(handle());
    const kept: string[] = [];
    let full = false;
    const ledger = makeLedger(log, signer, {
      async save(note) {
        expect((await log.head())?.note).not.toBe(note);
        if (full) throw new Error('no room');
        kept.push(note);
      },
    });
    await ledger.step(NOW);
    addRecords(0, 2);
    await ledger.step(NOW);
    expect(kept.at(-1)).toBe(await ledger.checkpoint());
    expect(kept).toHaveLength(2);
    full = true;
    addRecords(2, 3);
    await expect(ledger.step(NOW)).rejects.toThrow('no room');
    expect(await ledger.checkpoint()).toBe(kept.at(-1));
  });

  it('refuses another log’s database', async () => {
    await makeLedger(makeSqliteLog(handle()), signer).step(NOW);
    addRecords(0, 1);
    const other = { ...noteKey('other.example/log', raw), sign: signer.sign };
    await expect(makeLedger(makeSqliteLog(handle()), other).step(NOW)).rejects.toThrow(LogCorrupt);
  });
});

describe('tiles', () => {
  it('hold the hashes from which the checkpoint’s root can be rebuilt, and the entries they are of', async () => {
    const ledger = makeLedger(makeSqliteLog(handle()), signer);
    addRecords(0, 515);
    await ledger.step(NOW);
    const tile = (path: string) => ledger.tile(parseTilePath(path) ?? expect.fail(path));
    expect((await tile('0/000'))?.length).toBe(8192);
    expect((await tile('0/001'))?.slice(0, 32)).toEqual(leafHash(leafBytes(recordOf(256))));
    expect((await tile('0/002.p/3'))?.slice(64)).toEqual(leafHash(leafBytes(recordOf(514))));
    expect((await tile('1/000.p/2'))?.length).toBe(64);
    // The left tile of level 1 is the root of the first 256 leaves.
    const path = (await ledger.proveConsistency(256, 515)) ?? [];
    const head = await opened(await ledger.checkpoint());
    const root = (await tile('1/000.p/2'))?.slice(0, 32) ?? new Uint8Array();
    expect(verifyConsistency({ size: 256, root }, head, path)).toBe(true);

    const bundle = (await tile('entries/002.p/3')) ?? new Uint8Array();
    const length = (bundle[0] ?? 0) * 256 + (bundle[1] ?? 0);
    expect(bundle.slice(2, 2 + length)).toEqual(leafBytes(recordOf(512)));

    for (const missing of ['0/002', '0/002.p/4', '0/003.p/1', '1/000', '1/000.p/3', '2/000.p/1', 'entries/002']) {
      expect(await tile(missing), missing).toBeUndefined();
    }
  });

  it('have one path each', () => {
    expect(parseTilePath('0/x001/x234/067.p/8')).toEqual({ level: 0, index: 1_234_067, width: 8 });
    expect(formatTilePath({ level: 'entries', index: 1_234_067, width: 256 })).toBe('entries/x001/x234/067');
    for (const path of [
      '0/1',
      '0/x000/001',
      '00/001',
      '7/000',
      '-1/000',
      '0/000.p/0',
      '0/000.p/256',
      '0/000.p/08',
      '0/001/000',
      '0/x001',
      '',
    ]) {
      expect(parseTilePath(path), path).toBeUndefined();
    }
  });
});
