import type { Ref } from '../../adapters/sdk/index.ts';
import type { Operation } from '../engine/operation.ts';
import type { Watches } from '../watch/watch-store.ts';
import type { Handle } from './handle.ts';

/** The index of watched records in the main store's database; the store writes it with the operations. */
export function makeSqliteWatches(db: Pick<Handle, 'prepare'>): Watches {
  const on = db.prepare(
    `SELECT doc FROM watches w JOIN operations o ON o.id = w.operation
     WHERE w.type = ? AND w.value = ? AND w.by = ? ORDER BY w.id`,
  );
  const types = db.prepare('SELECT DISTINCT type FROM watches');
  const since = db.prepare(
    'SELECT id, type, by, value FROM watches WHERE until IS NULL AND id > ? ORDER BY id LIMIT ?',
  );
  const ended = db.prepare(
    `SELECT w.until, w.id, o.doc FROM watches w JOIN operations o ON o.id = w.operation
     WHERE w.until <= ? AND (w.until, w.id) > (?, ?) ORDER BY w.until, w.id LIMIT ?`,
  );
  const cursor = db.prepare('SELECT cursor FROM crm_cursors WHERE type = ?');
  const save = db.prepare(
    'INSERT INTO crm_cursors (type, cursor) VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET cursor = excluded.cursor',
  );
  const forget = db.prepare('DELETE FROM crm_cursors WHERE type = ?');
  return {
    on: ({ type, by, value }) => on.all(type, value, by).map(toOperation),
    types: () => types.all().map((row) => String(row['type'])),
    since: (position, limit) => since.all(position, limit).map(toPlace),
    ended: (nowMs, limit, { until, id } = FIRST) =>
      ended.all(nowMs, until, id, limit).map((row) => ({
        place: { until: Number(row['until']), id: Number(row['id']) },
        operation: toOperation(row),
      })),
    cursor(type) {
      const row = cursor.get(type);
      return row === undefined ? undefined : String(row['cursor']);
    },
    saveCursor(type, value) {
      if (value === null) forget.run(type);
      else save.run(type, value);
    },
  };
}

const FIRST = { until: Number.MIN_SAFE_INTEGER, id: 0 };

// Our own document, as in the store.
function toOperation(row: Record<string, unknown>): Operation {
  return JSON.parse(String(row['doc'])) as Operation;
}

function toPlace(row: Record<string, unknown>): { position: number; ref: Ref } {
  const by = row['by'] === 'external' ? 'external' : 'id';
  return { position: Number(row['id']), ref: { type: String(row['type']), by, value: String(row['value']) } };
}
