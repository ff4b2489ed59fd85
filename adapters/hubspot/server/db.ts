import { DatabaseSync } from 'node:sqlite';

export type Properties = Readonly<Record<string, string>>;
export interface Stored {
  readonly type: string;
  readonly id: string;
  readonly revision: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly archived: boolean;
  readonly properties: Properties;
  readonly source: string;
}
export interface Link {
  readonly toType: string;
  readonly toId: string;
  readonly category: string;
  readonly typeId: number;
}
export interface LedgerEntry {
  readonly key: string;
  readonly type: string;
  readonly id: string;
  readonly revision: number;
}
/** Who writes: over the API, or a person in the CRM. */
export type Source = 'INTEGRATION' | 'CRM_UI';

export type Db = ReturnType<typeof openDb>;

const COLUMNS = 'type, id, revision, created_at, updated_at, archived, properties, source';

/** The simulator's own database: every version of every record, links between records, and what changed in which order. */
export function openDb(path: string, now: () => Date) {
  const sql = new DatabaseSync(path);
  sql.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS versions (type TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, archived INTEGER NOT NULL, properties TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (type, id, revision)) STRICT;
    CREATE TABLE IF NOT EXISTS records (type TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (type, id)) STRICT;
    CREATE TABLE IF NOT EXISTS links (from_type TEXT NOT NULL, from_id TEXT NOT NULL, to_type TEXT NOT NULL, to_id TEXT NOT NULL, category TEXT NOT NULL, type_id INTEGER NOT NULL, PRIMARY KEY (from_type, from_id, to_type, to_id, category, type_id)) STRICT;
    CREATE TABLE IF NOT EXISTS unique_values (type TEXT NOT NULL, property TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (type, property, value)) STRICT;
    CREATE TABLE IF NOT EXISTS properties (type TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL, PRIMARY KEY (type, name)) STRICT;
    CREATE TABLE IF NOT EXISTS ledger (seq INTEGER PRIMARY KEY, key TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS documents (kind TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT;
  `);
  const current = sql.prepare(
    `SELECT ${COLUMNS} FROM versions JOIN records USING (type, id, revision) WHERE type = ? AND id = ?`,
  );
  const listed = sql.prepare(
    `SELECT ${COLUMNS} FROM versions JOIN records USING (type, id, revision) WHERE type = ? AND archived = ? AND CAST(id AS INTEGER) > ? ORDER BY CAST(id AS INTEGER) LIMIT ?`,
  );
  const history = sql.prepare(`SELECT ${COLUMNS} FROM versions WHERE type = ? AND id = ? ORDER BY revision`);
  const asOf = sql.prepare(
    `SELECT ${COLUMNS} FROM versions v WHERE type = ? AND revision = (SELECT max(revision) FROM versions w WHERE w.type = v.type AND w.id = v.id AND w.updated_at <= ?) AND archived = 0 ORDER BY CAST(id AS INTEGER)`,
  );
  const addVersion = sql.prepare('INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const point = sql.prepare(
    'INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (type, id) DO UPDATE SET revision = excluded.revision',
  );
  const lastId = sql.prepare('SELECT max(CAST(id AS INTEGER)) AS n FROM records WHERE type = ?');
  const owner = sql.prepare('SELECT id FROM unique_values WHERE type = ? AND property = ? AND value = ?');
  const disown = sql.prepare('DELETE FROM unique_values WHERE type = ? AND property = ? AND id = ?');
  const own = sql.prepare('INSERT INTO unique_values VALUES (?, ?, ?, ?)');
  const addLink = sql.prepare('INSERT OR IGNORE INTO links VALUES (?, ?, ?, ?, ?, ?)');
  const dropLink = sql.prepare(
    'DELETE FROM links WHERE (from_type = ? AND from_id = ? AND to_type = ? AND to_id = ?) OR (to_type = ? AND to_id = ? AND from_type = ? AND from_id = ?)',
  );
  const links = sql.prepare(
    'SELECT to_type, to_id, category, type_id FROM links WHERE from_type = ? AND from_id = ? ORDER BY to_type, CAST(to_id AS INTEGER), type_id',
  );
  const note = sql.prepare('INSERT INTO ledger (key, type, id, revision) VALUES (?, ?, ?, ?)');
  const notes = sql.prepare('SELECT seq, key, type, id, revision FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?');
  const putDocument = sql.prepare(
    'INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET data = excluded.data',
  );
  const document = sql.prepare('SELECT data FROM documents WHERE kind = ? AND id = ?');
  const documents = sql.prepare('SELECT data FROM documents WHERE kind = ? ORDER BY CAST(id AS INTEGER)');

  const db = {
    now,
    get: (type: string, id: string) => toStored(current.get(type, id)),
    list: (type: string, archived: boolean, after: string, limit: number) =>
      rows(listed.all(type, archived ? 1 : 0, /^\d{1,15}$/.test(after) ? Number(after) : 0, limit)),
    versions: (type: string, id: string) => rows(history.all(type, id)),
    /** What an index that lags knows. */
    indexed: (type: string, at: Date) => rows(asOf.all(type, at.toISOString())),
    count: (type: string) => rows(listed.all(type, 0, 0, 1_000_000)).length,
    nextId: (type: string, first: number) => String(Math.max(Number(lastId.get(type)?.['n'] ?? 0), first) + 1),
    ownerOf(type: string, property: string, value: string): string | undefined {
      const row = owner.get(type, property, value);
      return row === undefined ? undefined : String(row['id']);
    },
    /** Writes one version and keeps unique values owned by their record. Call inside a transaction. */
    write(stored: Omit<Stored, 'updatedAt'>, unique: readonly string[]): Stored {
      const { type, id, revision, createdAt, archived, properties, source } = stored;
      const at = now().toISOString();
      addVersion.run(type, id, revision, createdAt, at, archived ? 1 : 0, JSON.stringify(properties), source);
      point.run(type, id, revision);
      for (const property of unique) {
        disown.run(type, property, id);
        const value = properties[property];
        if (value !== undefined && value !== '' && !archived) own.run(type, property, value, id);
      }
      note.run(source === 'CRM_UI' ? 'person' : (properties['gw_action_id'] ?? ''), type, id, revision);
      return { ...stored, updatedAt: at };
    },
    link(fromType: string, fromId: string, { toType, toId, category, typeId }: Link, backTypeId: number) {
      addLink.run(fromType, fromId, toType, toId, category, typeId);
      addLink.run(toType, toId, fromType, fromId, category, backTypeId);
    },
    unlink(fromType: string, fromId: string, toType: string, toId: string) {
      dropLink.run(fromType, fromId, toType, toId, fromType, fromId, toType, toId);
    },
    links: (fromType: string, fromId: string): Link[] =>
      links.all(fromType, fromId).map((row) => ({
        toType: String(row['to_type']),
        toId: String(row['to_id']),
        category: String(row['category']),
        typeId: Number(row['type_id']),
      })),
    ledger: (after = 0, limit = 1_000_000): (LedgerEntry & { readonly seq: number })[] =>
      notes.all(after, limit).map((row) => ({
        seq: Number(row['seq']),
        key: String(row['key']),
        type: String(row['type']),
        id: String(row['id']),
        revision: Number(row['revision']),
      })),
    forgetLedger: () => sql.exec('DELETE FROM ledger'),
    putDocument: (kind: string, id: string, data: unknown) => void putDocument.run(kind, id, JSON.stringify(data)),
    document: (kind: string, id: string): unknown => parsed(document.get(kind, id)),
    documents: (kind: string): unknown[] => documents.all(kind).map(parsed),
    putProperty: (type: string, name: string, definition: unknown) =>
      void sql
        .prepare(
          'INSERT INTO properties VALUES (?, ?, ?) ON CONFLICT (type, name) DO UPDATE SET definition = excluded.definition',
        )
        .run(type, name, JSON.stringify(definition)),
    properties: (type: string): unknown[] =>
      sql.prepare('SELECT definition AS data FROM properties WHERE type = ? ORDER BY name').all(type).map(parsed),
    dropProperty: (type: string, name: string) =>
      void sql.prepare('DELETE FROM properties WHERE type = ? AND name = ?').run(type, name),
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

function parsed(row: Record<string, unknown> | undefined): unknown {
  return row === undefined ? undefined : JSON.parse(String(row['data']));
}

function rows(found: readonly Record<string, unknown>[]): Stored[] {
  return found.flatMap((row) => toStored(row) ?? []);
}

function toStored(row: Record<string, unknown> | undefined): Stored | undefined {
  if (row === undefined) return undefined;
  return {
    type: String(row['type']),
    id: String(row['id']),
    revision: Number(row['revision']),
    createdAt: String(row['created_at']),
    updatedAt: String(row['updated_at']),
    archived: Number(row['archived']) === 1,
    properties: JSON.parse(String(row['properties'])),
    source: String(row['source']),
  };
}
