import type { LogBatch, LogStore, StoredCheckpoint } from '../ledger/log-store.ts';
import type { Handle } from './handle.ts';

/** `idx` is the position in the log. The unique index leaves out records without one, so that the hot path's insert does not pay for it. */
export const LOG_SCHEMA = `
  CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    operation TEXT,
    leaf BLOB NOT NULL,
    idx INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX records_idx ON records (idx) WHERE idx IS NOT NULL;
  CREATE INDEX records_operation ON records (operation) WHERE operation IS NOT NULL;
  CREATE TABLE log_hashes (id INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
  CREATE TABLE log_checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, at TEXT NOT NULL) STRICT;
`;

function prepare(db: Handle) {
  return {
    // Positions follow the order of ids, so everything pending lies after the last sequenced record: no index on what is pending.
    pending: db.prepare(
      `SELECT id, leaf FROM records
       WHERE id > coalesce((SELECT id FROM records WHERE idx IS NOT NULL ORDER BY idx DESC LIMIT 1), 0)
       ORDER BY id LIMIT ?`,
    ),
    head: db.prepare('SELECT size, note FROM log_checkpoints WHERE size >= ? AND size < ? ORDER BY size DESC LIMIT 1'),
    place: db.prepare('UPDATE records SET idx = ? WHERE id = ? AND idx IS NULL'),
    addHash: db.prepare('INSERT INTO log_hashes (id, hash) VALUES (?, ?)'),
    addCheckpoint: db.prepare('INSERT INTO log_checkpoints (size, note, at) VALUES (?, ?, ?)'),
    hash: db.prepare('SELECT hash FROM log_hashes WHERE id = ?'),
    leaves: db.prepare('SELECT leaf FROM records WHERE idx >= ? AND idx < ? ORDER BY idx'),
    indexOf: db.prepare('SELECT idx FROM records WHERE id = ?'),
    find: db.prepare('SELECT id FROM records WHERE operation = ? AND leaf = ? ORDER BY id LIMIT 1'),
  };
}

type Statements = ReturnType<typeof prepare>;

/** A log of its own in the same tables: after a restore a new one begins where the numbers of the last one end. */
export interface Epoch {
  /** What its name has after the first log's. */
  readonly suffix: string;
  /** Its first position, and its checkpoint's least size, in the tables. */
  readonly base: number;
  /** Index of its first hash in the tables. */
  readonly hashBase: number;
  /** Where the next epoch begins; null of the last. */
  readonly next: number | null;
}

export const FIRST_EPOCH: Epoch = { suffix: '', base: 0, hashBase: 0, next: null };

/** The log's tables in the main store's database. Every transaction begins and ends within one call, so it can share the handle. */
export function makeSqliteLog(db: Handle, { base, hashBase, next }: Epoch = FIRST_EPOCH): LogStore {
  const sql = prepare(db);
  const end = next ?? Number.MAX_SAFE_INTEGER;
  const readHead = (): StoredCheckpoint | undefined => {
    const row = sql.head.get(base, end);
    return row === undefined ? undefined : { size: Number(row['size']) - base, note: String(row['note']) };
  };
  return {
    async pending(limit) {
      return sql.pending.all(limit).map((row) => ({ id: Number(row['id']), leaf: blob(row['leaf']) }));
    },
    async head() {
      return readHead();
    },
    async append(batch) {
      db.transaction(() => {
        const size = readHead()?.size ?? null;
        if (size !== batch.expectedSize) throw new Error('another sequencer has extended the log');
        writeBatch(sql, batch, { base, hashBase });
      });
    },
    async readHashes(indexes) {
      return indexes.map((index) => blob(sql.hash.get(hashBase + index)?.['hash']));
    },
    async readLeaves(first, count) {
      const leaves = sql.leaves.all(base + first, base + first + count).map((row) => blob(row['leaf']));
      if (leaves.length !== count) throw new Error('the log is missing entries');
      return leaves;
    },
    async indexOf(recordId) {
      const index = sql.indexOf.get(recordId)?.['idx'];
      return typeof index === 'number' && index >= base && index < end ? index - base : undefined;
    },
    async findRecord(operation, leaf) {
      const id = sql.find.get(operation, leaf)?.['id'];
      return typeof id === 'number' ? id : undefined;
    },
  };
}

function writeBatch(
  sql: Statements,
  { expectedSize, records, firstHash, hashes, checkpoint, at }: LogBatch,
  { base, hashBase }: Pick<Epoch, 'base' | 'hashBase'>,
): void {
  records.forEach((id, offset) => {
    if (Number(sql.place.run(base + (expectedSize ?? 0) + offset, id).changes) !== 1)
      throw new Error('a record has a position already');
  });
  hashes.forEach((hash, offset) => void sql.addHash.run(hashBase + firstHash + offset, hash));
  // A log of no entries has its checkpoint at size 0; each later one is larger.
  sql.addCheckpoint.run(base + checkpoint.size, checkpoint.note, at);
}

function blob(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('the log is missing stored bytes');
  return value;
}
