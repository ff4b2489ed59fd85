import type { Operation } from '../engine/operation.ts';
import type { AuditSource, ReceiptSource } from '../ledger/audit.ts';
import type { Handle } from './handle.ts';
import type { Epoch } from './log-sqlite.ts';

/** One log of the database as an auditor reads it: what is there, however it came there. */
export function auditSource(db: Pick<Handle, 'prepare'>, { base, hashBase, next }: Epoch): AuditSource {
  const end = next ?? Number.MAX_SAFE_INTEGER;
  const size = db.prepare('SELECT max(size) AS n FROM log_checkpoints WHERE size >= ? AND size < ?');
  const entries = db.prepare(
    'SELECT idx, operation, CAST(leaf AS BLOB) AS leaf FROM records WHERE idx >= ? AND idx < ? ORDER BY idx',
  );
  const hashes = db.prepare('SELECT id, CAST(hash AS BLOB) AS hash FROM log_hashes WHERE id >= ? AND id < ?');
  const checkpoints = db.prepare('SELECT size, note FROM log_checkpoints WHERE size >= ? AND size <= ? ORDER BY size');
  return {
    size() {
      const found = size.get(base, end)?.['n'];
      return typeof found === 'number' ? found - base : 0;
    },
    entries: (first, count) =>
      entries.all(base + first, base + first + count).map((row) => ({
        index: Number(row['idx']) - base,
        operation: row['operation'] === null ? null : String(row['operation']),
        leaf: bytes(row['leaf']),
      })),
    hashes: (first, count) =>
      new Map(
        hashes
          .all(hashBase + first, hashBase + first + count)
          .map((row) => [Number(row['id']) - hashBase, bytes(row['hash'])] as const),
      ),
    checkpoints: (from, to) =>
      checkpoints
        .all(base + from, base + to)
        .map((row) => ({ size: Number(row['size']) - base, note: String(row['note']) })),
  };
}

export function receiptSource(db: Pick<Handle, 'prepare'>): ReceiptSource & {
  hasEntry(operation: string, leaf: Uint8Array): boolean;
} {
  const ended = db.prepare(
    "SELECT doc FROM operations WHERE id > ? AND doc ->> '$.receipt' IS NOT NULL ORDER BY id LIMIT ?",
  );
  const entry = db.prepare('SELECT 1 FROM records WHERE operation = ? AND leaf = ? LIMIT 1');
  return {
    ended: (after, count) => ended.all(after, count).map(({ doc }) => JSON.parse(String(doc)) as Operation),
    hasEntry: (operation, leaf) => entry.get(operation, leaf) !== undefined,
  };
}

const bytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array(0));
