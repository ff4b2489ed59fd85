import { DatabaseSync } from 'node:sqlite';
import type { Fields } from './errors.ts';

export interface Stored {
  readonly id: string;
  readonly createdAt: number;
  /** Milliseconds of a whole second: what Salesforce shows and compares has no finer grain. */
  readonly modifiedAt: number;
  readonly data: Fields;
}

/** One applied write, as it happened: ground truth for tests. */
export interface Applied {
  readonly action: string;
  readonly type: string;
  readonly id: string;
  readonly kind: 'create' | 'update' | 'delete';
}

export type Db = ReturnType<typeof openDb>;

export function openDb(path: string, now: () => Date) {
  const sql = new DatabaseSync(path);
  sql.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS records (type TEXT NOT NULL, id TEXT NOT NULL, created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (type, id)) STRICT;
    CREATE TABLE IF NOT EXISTS sequences (type TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY, action TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY) STRICT;
  `);
  const one = sql.prepare('SELECT id, created_at, modified_at, data FROM records WHERE type = ? AND id = ?');
  const all = sql.prepare('SELECT id, created_at, modified_at, data FROM records WHERE type = ? ORDER BY id');
  const put = sql.prepare(
    'INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT (type, id) DO UPDATE SET modified_at = excluded.modified_at, data = excluded.data',
  );
  const cut = sql.prepare('DELETE FROM records WHERE type = ? AND id = ?');
  const next = sql.prepare(
    'INSERT INTO sequences VALUES (?, 1) ON CONFLICT (type) DO UPDATE SET last = last + 1 RETURNING last',
  );
  const note = sql.prepare('INSERT INTO changes (action, type, id, kind) VALUES (?, ?, ?, ?)');
  const notes = sql.prepare('SELECT action, type, id, kind FROM changes ORDER BY seq');
  const session = sql.prepare('SELECT 1 AS found FROM sessions WHERE token = ?');
  let depth = 0;
  return {
    get: (type: string, id: string) => toStored(one.get(type, id)),
    all: (type: string) => all.all(type).flatMap((row) => toStored(row) ?? []),
    nextNumber: (type: string) => Number(next.get(type)?.['last']),
    put(type: string, id: string, data: Fields, created?: number): Stored {
      const at = Math.floor(now().getTime() / 1_000) * 1_000;
      put.run(type, id, created ?? at, at, JSON.stringify(data));
      return { id, createdAt: created ?? at, modifiedAt: at, data };
    },
    remove: (type: string, id: string) => void cut.run(type, id),
    note: ({ action, type, id, kind }: Applied) => void note.run(action, type, id, kind),
    changes: () =>
      notes.all().map((row) => ({
        action: String(row['action']),
        type: String(row['type']),
        id: String(row['id']),
        kind: String(row['kind']),
      })),
    /** What the seed wrote is nobody's change. */
    forgetChanges: () => sql.exec('DELETE FROM changes'),
    addSession: (token: string) => void sql.prepare('INSERT OR IGNORE INTO sessions VALUES (?)').run(token),
    hasSession: (token: string) => session.get(token) !== undefined,
    expireSessions: () => sql.exec('DELETE FROM sessions'),
    /** Nests: an inner failure takes only the inner work back. */
    transaction<T>(work: () => T): T {
      depth += 1;
      const name = `level${depth}`;
      sql.exec(`SAVEPOINT ${name}`);
      try {
        const result = work();
        sql.exec(`RELEASE ${name}`);
        return result;
      } catch (error) {
        sql.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
    close: () => sql.close(),
  };
}

function toStored(row: Record<string, unknown> | undefined): Stored | undefined {
  if (row === undefined) return undefined;
  return {
    id: String(row['id']),
    createdAt: Number(row['created_at']),
    modifiedAt: Number(row['modified_at']),
    data: JSON.parse(String(row['data'])),
  };
}
