import { canonicalBytes } from '../../protocol/base/canonical.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { LedgerRecord } from '../ports.ts';
import type { Handle } from './handle.ts';
import type { Epoch } from './log-sqlite.ts';

/** What ties a database to the keys beside it. A key that has a beginning was used; one that has an end is used no more. */
export const INSTANCE_SCHEMA = `
  CREATE TABLE company_keys (kid TEXT PRIMARY KEY, purpose TEXT NOT NULL, jwk TEXT NOT NULL, nbf INTEGER, exp INTEGER) STRICT;
  CREATE TABLE log_epochs (suffix TEXT PRIMARY KEY, base INTEGER NOT NULL UNIQUE, hash_base INTEGER NOT NULL) STRICT;
`;

export interface StoredKey {
  readonly kid: string;
  readonly purpose: string;
  /** Public. */
  readonly jwk: JsonObject;
  /** Unix seconds of its first and last use; null where it was not used yet, or is still. */
  readonly nbf: number | null;
  readonly exp: number | null;
}

export interface InstanceTables {
  id(): string | undefined;
  /** The gateway's public origin at its last start: what its mandates are issued by. */
  origin(): string | undefined;
  /** Whether the database holds anything yet. */
  isUsed(): boolean;
  keys(): readonly StoredKey[];
  /** Unix milliseconds of the last restore that was accepted. */
  restoredAt(): number | undefined;
  epochs(): readonly [Epoch, ...Epoch[]];
  /** All or nothing. */
  write(change: {
    readonly id: string;
    readonly origin?: string;
    readonly keys: readonly StoredKey[];
    readonly restored?: { readonly atMs: number; readonly suffix: string; readonly record: LedgerRecord };
  }): void;
}

export function instanceTables(db: Handle): InstanceTables {
  const get = db.prepare('SELECT value FROM instance WHERE name = ?');
  const set = db.prepare('INSERT OR REPLACE INTO instance (name, value) VALUES (?, ?)');
  const used = db.prepare('SELECT 1 FROM records UNION ALL SELECT 1 FROM operations LIMIT 1');
  const keys = db.prepare('SELECT kid, purpose, jwk, nbf, exp FROM company_keys ORDER BY rowid');
  const putKey = db.prepare(
    `INSERT INTO company_keys (kid, purpose, jwk, nbf, exp) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (kid) DO UPDATE SET nbf = excluded.nbf, exp = excluded.exp`,
  );
  const epochs = db.prepare('SELECT suffix, base, hash_base FROM log_epochs ORDER BY base');
  const addEpoch = db.prepare('INSERT INTO log_epochs (suffix, base, hash_base) VALUES (?, ?, ?)');
  const lastSize = db.prepare('SELECT max(size) AS n FROM log_checkpoints');
  const lastIndex = db.prepare('SELECT max(idx) AS n FROM records');
  const lastHash = db.prepare('SELECT max(id) AS n FROM log_hashes');
  const addRecord = db.prepare('INSERT INTO records (operation, leaf) VALUES (NULL, ?)');
  const readValue = (name: string) => get.get(name)?.['value'];
  return {
    id() {
      const id = readValue('id');
      return typeof id === 'string' ? id : undefined;
    },
    origin() {
      const origin = readValue('origin');
      return typeof origin === 'string' ? origin : undefined;
    },
    isUsed: () => used.get() !== undefined,
    keys: () => keys.all().map(readKey),
    restoredAt() {
      const at = readValue('restored_at');
      return at === undefined ? undefined : Number(at);
    },
    epochs() {
      const later = epochs.all().map((row) => ({
        suffix: String(row['suffix']),
        base: Number(row['base']),
        hashBase: Number(row['hash_base']),
      }));
      const first = { suffix: '', base: 0, hashBase: 0, next: later[0]?.base ?? null };
      return [first, ...later.map((each, at) => ({ ...each, next: later[at + 1]?.base ?? null }))];
    },
    write: ({ id, origin, keys: known, restored }) =>
      db.transaction(() => {
        set.run('id', id);
        if (origin !== undefined) set.run('origin', origin);
        for (const { kid, purpose, jwk, nbf, exp } of known) putKey.run(kid, purpose, JSON.stringify(jwk), nbf, exp);
        if (restored === undefined) return;
        const after = (row: Record<string, unknown> | undefined) => Number(row?.['n'] ?? -1) + 1;
        set.run('restored_at', String(restored.atMs));
        addEpoch.run(restored.suffix, Math.max(after(lastSize.get()), after(lastIndex.get())), after(lastHash.get()));
        addRecord.run(canonicalBytes(restored.record));
      }),
  };
}

function readKey(row: Record<string, unknown>): StoredKey {
  const time = (value: unknown) => (value === null ? null : Number(value));
  return {
    kid: String(row['kid']),
    purpose: String(row['purpose']),
    jwk: JSON.parse(String(row['jwk'])) as JsonObject,
    nbf: time(row['nbf']),
    exp: time(row['exp']),
  };
}
