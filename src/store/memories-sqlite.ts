import type { Remember, Remembered } from '../ports.ts';
import type { Handle } from './handle.ts';

export const MEMORIES_SCHEMA = `
  CREATE TABLE memories (name TEXT PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
`;

export function memoryStatements(db: Pick<Handle, 'prepare'>) {
  return {
    memoryGet: db.prepare('SELECT version, at, doc FROM memories WHERE name = ?'),
    memoryPut: db.prepare(
      `INSERT INTO memories (name, version, at, doc) VALUES (?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, at = excluded.at, doc = excluded.doc`,
    ),
  };
}

type MemorySql = ReturnType<typeof memoryStatements>;

export function readMemory(sql: MemorySql, name: string): Remembered | undefined {
  const row = sql.memoryGet.get(name);
  if (row === undefined) return undefined;
  return { version: Number(row['version']), at: Number(row['at']), doc: JSON.parse(String(row['doc'])) };
}

/** Whether somebody else has written it since it was read. */
export function isOvertaken(sql: MemorySql, { name, expected }: Remember): boolean {
  return Number(sql.memoryGet.get(name)?.['version'] ?? 0) !== expected;
}

export function writeMemory(sql: MemorySql, { name, expected, at, doc }: Remember): void {
  sql.memoryPut.run(name, expected + 1, at, JSON.stringify(doc));
}
