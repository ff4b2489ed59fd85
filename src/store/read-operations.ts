import { DatabaseSync } from 'node:sqlite';
import type { Operation } from '../engine/operation.ts';

/** The operations of one action begun in a span of time, oldest first, beside a gateway that may be running: reads only. */
export function readOperations(
  path: string,
  { action, since, until }: { readonly action: string; readonly since: string; readonly until: string },
): readonly Operation[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db
      .prepare('SELECT doc FROM operations WHERE created_at >= ? AND created_at < ? ORDER BY created_at, id')
      .all(since, until)
      .map(({ doc }) => JSON.parse(String(doc)) as Operation)
      .filter((operation) => operation.action === action);
  } finally {
    db.close();
  }
}
