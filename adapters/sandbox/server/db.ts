import { DatabaseSync } from 'node:sqlite';

export type Fields = Record<string, unknown>;
export interface Stored {
  readonly id: string;
  readonly revision: number;
  readonly updatedAt: string;
  readonly data: Fields;
}
export interface Applied {
  readonly external_id: string;
  readonly type: string;
  readonly id: string;
  readonly revision: number;
  readonly body: string;
}

export const TYPES = [
  'accounts',
  'contacts',
  'contracts',
  'line_items',
  'tickets',
  'products',
  'orders',
  'invoices',
  'quotes',
  'credits',
] as const;
export type RecordType = (typeof TYPES)[number];

export type Db = ReturnType<typeof openDb>;

/** The sandbox CRM's own database: records, every revision of them, and every change by the external id its sender gave it. */
export function openDb(path: string, now: () => Date) {
  const sql = new DatabaseSync(path);
  sql.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS records (type TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, updated_at TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (type, id)) STRICT;
    CREATE TABLE IF NOT EXISTS revisions (type TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, updated_at TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (type, id, revision)) STRICT;
    CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  `);
  const one = sql.prepare('SELECT id, revision, updated_at, data FROM records WHERE type = ? AND id = ?');
  const many = sql.prepare(
    "SELECT id, revision, updated_at, data FROM records WHERE type = ? AND id > ? AND (? = '' OR json_extract(data, '$.account') = ?) ORDER BY id LIMIT ?",
  );
  const history = sql.prepare(
    'SELECT id, revision, updated_at, data FROM revisions WHERE type = ? AND id = ? ORDER BY revision',
  );
  const version = sql.prepare(
    'SELECT id, revision, updated_at, data FROM revisions WHERE type = ? AND id = ? AND revision = ?',
  );
  const put = sql.prepare(
    'INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT (type, id) DO UPDATE SET revision = excluded.revision, updated_at = excluded.updated_at, data = excluded.data',
  );
  const keep = sql.prepare('INSERT INTO revisions VALUES (?, ?, ?, ?, ?)');
  const change = sql.prepare('SELECT external_id, type, id, revision, body FROM changes WHERE external_id = ?');
  const changes = sql.prepare(
    'SELECT external_id, type, id, revision, body FROM changes ORDER BY seq LIMIT -1 OFFSET ?',
  );
  const events = sql.prepare(
    'SELECT c.seq, c.id, c.revision, r.updated_at AS at FROM changes c JOIN revisions r USING (type, id, revision) WHERE c.type = ? AND c.seq > ? ORDER BY c.seq LIMIT ?',
  );
  const addChange = sql.prepare('INSERT INTO changes (external_id, type, id, revision, body) VALUES (?, ?, ?, ?, ?)');

  function write(type: RecordType, id: string, revision: number, data: Fields): Stored {
    const at = now().toISOString();
    const text = JSON.stringify(data);
    put.run(type, id, revision, at, text);
    keep.run(type, id, revision, at, text);
    return { id, revision, updatedAt: at, data };
  }

  const db = {
    today: () => now().toISOString().slice(0, 10),
    get: (type: RecordType, id: string) => toStored(one.get(type, id)),
    list: (type: RecordType, after: string, account: string, limit: number) =>
      many.all(type, after, account, account, limit).flatMap((row) => toStored(row) ?? []),
    revision: (type: RecordType, id: string, revision: number) => toStored(version.get(type, id, revision)),
    revisions: (type: RecordType, id: string) => history.all(type, id).flatMap((row) => toStored(row) ?? []),
    change: (externalId: string) => change.get(externalId) as unknown as Applied | undefined,
    events: (type: RecordType, after: number, limit: number) =>
      events.all(type, after, limit).map(({ seq, id, revision, at }) => ({ seq, id, revision, at })),
    changes: (skip: number) => changes.all(skip) as unknown as Applied[],
    count: (type: RecordType) =>
      Number(sql.prepare('SELECT count(*) AS n FROM records WHERE type = ?').get(type)?.['n']),
    insert: (type: RecordType, id: string, data: Fields) => write(type, id, 1, data),
    /** One transaction: the record and the change that made it so, or neither. */
    apply(type: RecordType, id: string, revision: number, data: Fields, externalId: string, body: string): Stored {
      return db.transaction(() => {
        const stored = write(type, id, revision, data);
        addChange.run(externalId, type, id, revision, body);
        return stored;
      });
    },
    transaction<T>(work: () => T): T {
      sql.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        sql.exec('COMMIT');
        return result;
      } catch (error) {
        sql.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => sql.close(),
  };
  return db;
}

function toStored(row: Record<string, unknown> | undefined): Stored | undefined {
  if (row === undefined) return undefined;
  return {
    id: String(row['id']),
    revision: Number(row['revision']),
    updatedAt: String(row['updated_at']),
    data: JSON.parse(String(row['data'])),
  };
}
