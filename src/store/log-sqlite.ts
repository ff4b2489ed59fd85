import type { LogBatch, LogStore } from '../ledger/log-store.ts';
import type { Handle, Statement } from './handle.ts';

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
    head: db.prepare('SELECT size, note FROM log_checkpoints ORDER BY size DESC LIMIT 1'),
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

/** The log's tables in the main store's database. Every transaction begins and ends within one call, so it can share the handle. */
export function makeSqliteLog(db: Handle): LogStore {
  const sql = prepare(db);
  return {
    async pending(limit) {
      return sql.pending.all(limit).map((row) => ({ id: Number(row['id']), leaf: blob(row['leaf']) }));
    },
    async head() {
      return readHead(sql.head);
    },
    async append(batch) {
      db.transaction(() => writeBatch(sql, batch));
    },
    async readHashes(indexes) {
      return indexes.map((index) => blob(sql.hash.get(index)?.['hash']));
    },
    async readLeaves(first, count) {
      const leaves = sql.leaves.all(first, first + count).map((row) => blob(row['leaf']));
      if (leaves.length !== count) throw new Error('the log is missing entries');
      return leaves;
    },
    async indexOf(recordId) {
      const index = sql.indexOf.get(recordId)?.['idx'];
      return typeof index === 'number' ? index : undefined;
    },
    async findRecord(operation, leaf) {
      const id = sql.find.get(operation, leaf)?.['id'];
      return typeof id === 'number' ? id : undefined;
    },
  };
}

function writeBatch(sql: Statements, { expectedSize, records, firstHash, hashes, checkpoint, at }: LogBatch): void {
  const size = readHead(sql.head)?.size ?? null;
  if (size !== expectedSize) throw new Error('another sequencer has extended the log');
  records.forEach((id, offset) => {
    if (Number(sql.place.run((size ?? 0) + offset, id).changes) !== 1)
      throw new Error('a record has a position already');
  });
  hashes.forEach((hash, offset) => void sql.addHash.run(firstHash + offset, hash));
  // A log of no entries has its checkpoint at size 0; each later one is larger.
  sql.addCheckpoint.run(checkpoint.size, checkpoint.note, at);
}

function readHead(head: Statement): { size: number; note: string } | undefined {
  const row = head.get();
  return row === undefined ? undefined : { size: Number(row['size']), note: String(row['note']) };
}

function blob(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('the log is missing stored bytes');
  return value;
}
