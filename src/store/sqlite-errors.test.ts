import { describe, expect, it } from 'vitest';
import { type Trouble, troubleOf } from './sqlite-errors.ts';

const sqlite = (errcode: number) => Object.assign(new Error('database'), { code: 'ERR_SQLITE_ERROR', errcode });

/** By name in https://www.sqlite.org/rescode.html. */
const CODES: Readonly<Record<Trouble, Readonly<Record<string, number>>>> = {
  refused: {
    ERROR: 1,
    TOOBIG: 18,
    CONSTRAINT: 19,
    CONSTRAINT_UNIQUE: 2067,
    CONSTRAINT_PRIMARYKEY: 1555,
    MISMATCH: 20,
    RANGE: 25,
  },
  full: { FULL: 13, IOERR_SHMSIZE: 4874 },
  busy: {
    BUSY: 5,
    BUSY_RECOVERY: 261,
    BUSY_SNAPSHOT: 517,
    BUSY_TIMEOUT: 773,
    LOCKED: 6,
    LOCKED_SHAREDCACHE: 262,
    PROTOCOL: 15,
  },
  fatal: {
    INTERNAL: 2,
    PERM: 3,
    NOMEM: 7,
    READONLY: 8,
    READONLY_DBMOVED: 1032,
    IOERR: 10,
    IOERR_READ: 266,
    IOERR_SHORT_READ: 522,
    IOERR_WRITE: 778,
    IOERR_FSYNC: 1034,
    IOERR_DIR_FSYNC: 1290,
    IOERR_TRUNCATE: 1546,
    IOERR_SHMMAP: 5386,
    IOERR_CORRUPTFS: 8458,
    CORRUPT: 11,
    CORRUPT_INDEX: 779,
    CANTOPEN: 14,
    NOTADB: 26,
    'one that nobody knows': 251,
  },
};

describe('an error of the database', () => {
  it.each(
    Object.entries(CODES).flatMap(([trouble, codes]) =>
      Object.entries(codes).map(([name, code]) => ({ trouble, name, code })),
    ),
  )('E9: $name is $trouble', ({ trouble, code }) => {
    expect(troubleOf(sqlite(code))).toBe(trouble);
  });

  it('that is none of the database’s own is a mistake in what was asked, or a disk without room', () => {
    expect(troubleOf(new TypeError('not canonical'))).toBe('refused');
    expect(troubleOf('thrown')).toBe('refused');
    expect(troubleOf(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toBe('full');
  });
});
