/** Tokens that agents gave for their push addresses: kept for as long as anything is sent there, and no longer. */
import { FINAL_STATES } from '../../protocol/operation.ts';
import type { Push } from '../engine/operation.ts';
import { PUSH_ENDPOINT } from '../ports.ts';
import type { Handle } from './handle.ts';

/** Of earlier versions, every operation with push addresses is looked at once. */
export const PUSH_SECRETS_SCHEMA = `
  ALTER TABLE operations ADD COLUMN push_secrets INTEGER NOT NULL DEFAULT 0;
  UPDATE operations SET push_secrets = 1 WHERE doc ->> '$.pushes' IS NOT NULL;
  CREATE INDEX operations_push_secrets ON operations (state, id) WHERE push_secrets = 1;
`;

export function holdsPushSecrets(pushes: readonly Push[] = []): boolean {
  return pushes.some(({ token, authentication }) => token !== undefined || authentication !== undefined);
}

/** Of operations that have ended, once their last message is delivered or given up. How many it looked at and changed. */
export function makeForgetPushSecrets(db: Pick<Handle, 'prepare'>): (limit: number) => number {
  const ended = db.prepare(
    `SELECT id, doc FROM operations AS o WHERE push_secrets = 1 AND state = ?
       AND NOT EXISTS (SELECT 1 FROM outgoing WHERE state = 'waiting' AND peer = 1
         AND endpoint >= '${PUSH_ENDPOINT}' || o.id || '/' AND endpoint < '${PUSH_ENDPOINT}' || o.id || '0') LIMIT ?`,
  );
  // What anybody sees of the operation is the same: its version is.
  const forget = db.prepare('UPDATE operations SET push_secrets = 0, doc = ? WHERE id = ?');
  return (limit) => {
    let count = 0;
    for (const state of FINAL_STATES)
      for (const { id, doc } of ended.all(state, limit - count)) {
        const operation: { readonly pushes?: readonly Push[] } = JSON.parse(String(doc));
        const pushes = operation.pushes?.map((push) => ({ id: push.id, url: push.url }));
        forget.run(JSON.stringify({ ...operation, ...(pushes === undefined ? {} : { pushes }) }), String(id));
        count += 1;
      }
    return count;
  };
}
