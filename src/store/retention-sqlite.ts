import { FINAL_STATES } from '../../protocol/operation.ts';
import { leaveMeasures, measureStatements } from './dealings-sqlite.ts';
import type { Handle } from './handle.ts';
import type { Epoch } from './log-sqlite.ts';
import { makeForgetPushSecrets } from './push-secrets-sqlite.ts';

/** Claims whose answer is still there, and those of which only the tombstone is. */
export const RETENTION_SCHEMA = `
  CREATE INDEX claims_answered ON claims (expires_at) WHERE body <> '';
  CREATE INDEX claims_bare ON claims (expires_at) WHERE body = '';
  CREATE INDEX outgoing_done ON outgoing (noted_at) WHERE state IN ('delivered', 'exhausted');
`;

/** What limits are measured against, by age. */
export const LIMITS_RETENTION_SCHEMA = `
  CREATE INDEX dealings_at ON dealings (at);
  CREATE INDEX memories_at ON memories (at);
`;

/** How long each is kept, in seconds. */
export interface Retention {
  /** After its end; and the tombstone of an idempotency key after it. */
  readonly operations: number;
  /** Messages that were delivered, or given up. */
  readonly outgoing: number;
  /** Checkpoints but the newest of each log. */
  readonly checkpoints: number;
  /** What was agreed on a record, and where talks stood. */
  readonly limits: number;
}

/** Rows that one slice takes: a few milliseconds, so that nobody waits for it. */
const SLICE = 200;

/** Forgets what nothing was promised for any more. Log entries stay: they are salted commitments, and say nothing once their operation is
 * gone. So do holds, which are what keeps a claim from being granted twice. Gives how many rows one slice has forgotten. */
export function makeRetention(
  db: Handle,
  retention: Retention,
  epochs: () => readonly Epoch[],
): (nowMs: number) => number {
  const nonces = db.prepare(
    'DELETE FROM nonces WHERE (nonce, keyid) IN (SELECT nonce, keyid FROM nonces WHERE expires_at < ? LIMIT ?)',
  );
  const bare = db.prepare(
    "UPDATE claims SET body = '' WHERE rowid IN (SELECT rowid FROM claims WHERE body <> '' AND expires_at < ? LIMIT ?)",
  );
  const claims = db.prepare(
    "DELETE FROM claims WHERE rowid IN (SELECT rowid FROM claims WHERE body = '' AND expires_at < ? LIMIT ?)",
  );
  const outgoing = db.prepare(
    `DELETE FROM outgoing WHERE rowid IN
       (SELECT rowid FROM outgoing WHERE state IN ('delivered', 'exhausted') AND noted_at < ? LIMIT ?)`,
  );
  const checkpoints = db.prepare(
    `DELETE FROM log_checkpoints WHERE size IN
       (SELECT size FROM log_checkpoints WHERE size >= ?1 AND size < ?2 AND at < ?3
          AND size < (SELECT max(size) FROM log_checkpoints WHERE size >= ?1 AND size < ?2) ORDER BY size LIMIT ?4)`,
  );
  // An operation that ended so long ago began before that, too: what began later need not be looked at.
  const ended = db.prepare(
    'SELECT id FROM operations WHERE state = ?1 AND created_at < ?2 AND updated_at < ?2 LIMIT ?3',
  );
  const dealings = db.prepare(
    `DELETE FROM dealings WHERE (operation, record) IN
       (SELECT operation, record FROM dealings WHERE at < ? LIMIT ?)`,
  );
  const memories = db.prepare('DELETE FROM memories WHERE name IN (SELECT name FROM memories WHERE at < ? LIMIT ?)');
  const gone = ['operations WHERE id', 'signoffs WHERE operation', 'watches WHERE operation'].map((of) =>
    db.prepare(`DELETE FROM ${of} = ?`),
  );

  const secrets = makeForgetPushSecrets(db);

  const sql = measureStatements(db);
  function operations(before: string): number {
    let count = 0;
    for (const state of FINAL_STATES)
      for (const { id } of ended.all(state, before, SLICE - count)) {
        for (const each of gone) each.run(String(id));
        leaveMeasures(sql, String(id));
        count += 1;
      }
    return count;
  }

  return (nowMs) => {
    const now = Math.floor(nowMs / 1_000);
    const at = (seconds: number) => new Date(nowMs - seconds * 1_000).toISOString();
    const rows = (result: { readonly changes: number | bigint }) => Number(result.changes);
    return db.transaction(() => {
      const forgotten = [
        rows(nonces.run(now, SLICE)),
        rows(bare.run(now, SLICE)),
        rows(claims.run(now - retention.operations, SLICE)),
        rows(outgoing.run(nowMs - retention.outgoing * 1_000, SLICE)),
        rows(dealings.run(nowMs - retention.limits * 1_000, SLICE)),
        rows(memories.run(nowMs - retention.limits * 1_000, SLICE)),
        operations(at(retention.operations)),
        secrets(SLICE),
        ...epochs().map(({ base, next }) =>
          rows(checkpoints.run(base, next ?? Number.MAX_SAFE_INTEGER, at(retention.checkpoints), SLICE)),
        ),
      ];
      return forgotten.reduce((sum, each) => sum + each, 0);
    });
  };
}
