import { agentStatements } from './agents-sqlite.ts';
import { dealingStatements } from './dealings-sqlite.ts';
import type { Handle } from './handle.ts';
import { holdStatements } from './holds-sqlite.ts';
import { invitationStatements } from './invitations-sqlite.ts';
import { memoryStatements } from './memories-sqlite.ts';
import { ofAgentStatements } from './of-agent-sqlite.ts';
import { outgoingStatements } from './outgoing-sqlite.ts';
import { personStatements } from './person-sqlite.ts';

/** Every statement of the store, prepared once. The hot path is the first block: five inserts a submission. */
export function prepareStatements(db: Pick<Handle, 'prepare'>) {
  return {
    nonceSeen: db.prepare('SELECT 1 FROM nonces WHERE nonce = ? AND keyid = ?'),
    nonceAdd: db.prepare('INSERT INTO nonces (nonce, keyid, expires_at) VALUES (?, ?, ?)'),
    claimGet: db.prepare('SELECT fingerprint, status, body, expires_at FROM claims WHERE key = ? AND scope = ?'),
    claimAdd: db.prepare(
      'INSERT INTO claims (key, scope, fingerprint, status, body, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    operationVersion: db.prepare('SELECT version FROM operations WHERE id = ?'),
    operationAdd: db.prepare(
      'INSERT INTO operations (id, version, state, agent, conversation, due_at, created_at, updated_at, push_secrets, person_by, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    operationSet: db.prepare(
      'UPDATE operations SET version = ?, state = ?, due_at = ?, updated_at = ?, push_secrets = ?, person_by = ?, doc = ? WHERE id = ?',
    ),
    recordAdd: db.prepare('INSERT INTO records (operation, leaf) VALUES (?, ?)'),
    ...outgoingStatements(db),

    operationGet: db.prepare('SELECT doc FROM operations WHERE id = ?'),
    operationsDue: db.prepare('SELECT doc FROM operations WHERE due_at <= ? ORDER BY due_at LIMIT ?'),
    duePlaces: db.prepare(
      'SELECT id, due_at FROM operations WHERE due_at <= ? AND (due_at, id) > (?, ?) ORDER BY due_at, id LIMIT ?',
    ),
    operationsAhead: db.prepare(
      'SELECT doc FROM operations WHERE due_at IS NOT NULL AND updated_at > ? ORDER BY due_at LIMIT ?',
    ),
    operationsIn: db.prepare('SELECT doc FROM operations WHERE state = ? ORDER BY created_at DESC LIMIT ?'),
    operationsNewest: db.prepare('SELECT doc FROM operations ORDER BY created_at DESC LIMIT ?'),
    operationBySignoff: db.prepare(
      'SELECT doc FROM operations WHERE id = (SELECT operation FROM signoffs WHERE id = ?)',
    ),
    signoffAdd: db.prepare('INSERT INTO signoffs (id, operation) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    watchesForget: db.prepare('DELETE FROM watches WHERE operation = ?'),
    watchAdd: db.prepare('INSERT INTO watches (operation, type, by, value, until) VALUES (?, ?, ?, ?, ?)'),
    ...dealingStatements(db),
    ...holdStatements(db),
    ...invitationStatements(db),
    ...memoryStatements(db),
    ...ofAgentStatements(db),
    ...personStatements(db),
    // More than what is free inside the file by chance.
    roomTake: db.prepare("INSERT OR REPLACE INTO instance (name, value) VALUES ('room', printf('%.*c', 65536, 'x'))"),
    roomGive: db.prepare("DELETE FROM instance WHERE name = 'room'"),
    ...agentStatements(db),
    revoked: db.prepare('SELECT 1 FROM revocations WHERE kind = ? AND id = ?'),
    revoke: db.prepare('INSERT INTO revocations (kind, id, at, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
