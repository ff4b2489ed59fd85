import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../ports.ts';
import { type Trouble, troubleOf } from './sqlite-errors.ts';

export type Statement = Pick<StatementSync, 'run' | 'get' | 'all'>;

/** The one database handle of a gateway: everybody who uses it sees the same end of it. */
export interface Handle {
  prepare(sql: string): Statement;
  /** All or nothing. Throws {@link StoreUnavailable}, or what `write` threw. */
  transaction<T>(write: () => T): T;
  /** False from the first write that found no room until {@link sawRoom}. */
  hasRoom(): boolean;
  sawRoom(): void;
  close(): void;
}

export interface HandleReports {
  /** The handle is dead and the disk cannot be trusted: called once. */
  readonly fatal: (error: unknown) => void;
  readonly room?: ((hasRoom: boolean) => void) | undefined;
}

export function makeHandle(db: DatabaseSync, { fatal, room = () => undefined }: HandleReports): Handle {
  let alive = true;
  let hasRoom = true;

  function use<T>(act: () => T): T {
    if (!alive) throw new StoreUnavailable('closed');
    try {
      return act();
    } catch (error) {
      throw told(error);
    }
  }

  function told(error: unknown): unknown {
    if (error instanceof StoreUnavailable) return error;
    const trouble: Trouble = troubleOf(error);
    if (trouble === 'refused') return error;
    if (trouble === 'fatal') die(error);
    if (trouble === 'full') seeRoom(false);
    return new StoreUnavailable(trouble === 'fatal' ? 'closed' : trouble, error);
  }

  function die(error: unknown): void {
    if (!alive) return;
    alive = false;
    fatal(error);
  }

  function seeRoom(seen: boolean): void {
    if (hasRoom === seen) return;
    hasRoom = seen;
    room(seen);
  }

  function prepare(sql: string): Statement {
    const statement = use(() => db.prepare(sql));
    return {
      run: (...values: SQLInputValue[]) => use(() => statement.run(...values)),
      get: (...values: SQLInputValue[]) => use(() => statement.get(...values)),
      all: (...values: SQLInputValue[]) => use(() => statement.all(...values)),
    } as Statement;
  }

  const begin = prepare('BEGIN IMMEDIATE');
  const commit = prepare('COMMIT');

  /** Some errors end the transaction by themselves. One that can be ended by nothing leaves a handle nobody can use. */
  function undo(): void {
    if (!alive || !db.isTransaction) return;
    try {
      db.exec('ROLLBACK');
    } catch (error) {
      if (db.isTransaction) die(error);
    }
  }

  return {
    prepare,
    transaction(write) {
      begin.run();
      try {
        const value = write();
        commit.run();
        return value;
      } catch (error) {
        undo();
        throw error;
      }
    },
    hasRoom: () => hasRoom,
    sawRoom: () => seeRoom(true),
    close() {
      alive = false;
      db.close();
    },
  };
}

/** How long opening waits for another process's lock. */
const OPEN_BUSY_MS = 5_000;
const BESIDE = ['', '-wal', '-shm', '-journal'];

/** Opens a database file that its owner alone may read, as what SQLite puts beside it then is, too. */
export function openDatabase(path: string): DatabaseSync {
  if (path !== ':memory:') {
    closeSync(openSync(path, 'a', 0o600));
    for (const each of BESIDE) if (existsSync(path + each)) chmodSync(path + each, 0o600);
  }
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA busy_timeout = ${OPEN_BUSY_MS};`);
  return db;
}
