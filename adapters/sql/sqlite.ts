import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Dialect, type SqliteDatabase, SqliteDialect } from 'kysely';
import type { Engine } from './database.ts';

/** A SQLite file through Node’s own driver: two connections, one of which cannot write. A lock is waited for outside of them. */
export function sqliteEngine(file: string): Engine {
  return {
    kind: 'sqlite',
    reader: dialect(() => new DatabaseSync(file, { readOnly: true })),
    writer: dialect(() => {
      const db = new DatabaseSync(file);
      // What is acknowledged survives a power cut.
      db.exec('PRAGMA synchronous = FULL');
      return db;
    }),
  };
}

function dialect(open: () => DatabaseSync): Dialect {
  return new SqliteDialect({ database: async () => shown(open()) });
}

/** Node’s driver as the one Kysely knows. */
function shown(db: DatabaseSync): SqliteDatabase {
  return {
    close: () => db.close(),
    prepare(sql) {
      const statement = db.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...values.map(input)),
        run: (values) => statement.run(...values.map(input)),
        iterate: (values) => statement.iterate(...values.map(input)),
      };
    },
  };
}

function input(value: unknown): SQLInputValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || value === null)
    return value;
  throw new TypeError('a value that cannot be bound');
}
