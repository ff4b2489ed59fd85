/** What goes out, in SQLite: waiting, delivered, or dead until somebody sends it again. */
import type { DeadLetter, Letter, Settled, Waiting, WaitingOf } from '../outbox/outbox-store.ts';
import { type Outgoing, PUSH_ENDPOINT } from '../ports.ts';
import type { Handle } from './handle.ts';

/** `noted_at`: when it was put in, or last tried, by the clock of then. `peer`: to an address that an agent gave. */
export const OUTGOING_SCHEMA = `
  ALTER TABLE outgoing ADD COLUMN noted_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outgoing ADD COLUMN peer INTEGER NOT NULL DEFAULT 0;
  UPDATE outgoing SET peer = 1 WHERE endpoint >= '${PUSH_ENDPOINT}' AND endpoint < 'push;';
  DROP INDEX outgoing_due;
  CREATE INDEX outgoing_of ON outgoing (peer, endpoint, due_at) WHERE state = 'waiting';
  CREATE INDEX outgoing_due ON outgoing (peer, due_at, id) WHERE state = 'waiting';
  CREATE INDEX outgoing_noted ON outgoing (noted_at) WHERE state = 'waiting';
  CREATE INDEX outgoing_dead ON outgoing (noted_at, id) WHERE state = 'exhausted';
  CREATE TABLE endpoints_off (endpoint TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
`;

const COLUMNS = 'id, endpoint, type, payload, due_at, attempts';

export function outgoingStatements(db: Pick<Handle, 'prepare'>) {
  return {
    outgoingAdd: db.prepare(
      'INSERT INTO outgoing (id, endpoint, type, payload, due_at, noted_at, peer) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    outgoingOf: db.prepare(
      `SELECT ${COLUMNS} FROM outgoing WHERE state = 'waiting' AND peer = 0 AND endpoint = ? AND due_at <= ? ORDER BY due_at LIMIT ?`,
    ),
    outgoingOfPeers: db.prepare(
      `SELECT ${COLUMNS} FROM outgoing WHERE state = 'waiting' AND peer = 1 AND due_at <= ? AND (due_at, id) > (?, ?) ORDER BY due_at, id LIMIT ?`,
    ),
    outgoingEndpoints: db.prepare(
      `SELECT ${COLUMNS}, min(due_at) FROM outgoing WHERE state = 'waiting' AND peer = 0 AND due_at <= ? GROUP BY endpoint LIMIT ?`,
    ),
    outgoingAhead: db.prepare("SELECT 1 FROM outgoing WHERE state = 'waiting' AND noted_at > ? LIMIT 1"),
    outgoingCatchUp: db.prepare(
      "UPDATE outgoing SET due_at = min(due_at, ?1), noted_at = ?1 WHERE state = 'waiting' AND noted_at > ?2",
    ),
    outgoingRetry: db.prepare(
      'UPDATE outgoing SET attempts = attempts + 1, due_at = ?, noted_at = ?, note = ? WHERE id = ?',
    ),
    outgoingDone: db.prepare(
      'UPDATE outgoing SET attempts = attempts + 1, state = ?, due_at = NULL, noted_at = ?, note = ? WHERE id = ?',
    ),
    outgoingDead: db.prepare(
      "SELECT id, endpoint, type, attempts, noted_at, note FROM outgoing WHERE state = 'exhausted' ORDER BY noted_at DESC, id LIMIT ?",
    ),
    outgoingById: db.prepare('SELECT state, attempts, noted_at, note FROM outgoing WHERE id = ?'),
    outgoingAgain: db.prepare(
      "UPDATE outgoing SET state = 'waiting', attempts = 0, due_at = ?1, noted_at = ?1, note = '' WHERE state = 'exhausted' AND (id = ?2 OR endpoint = ?2)",
    ),
    endpointOff: db.prepare('INSERT INTO endpoints_off (endpoint, at) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    endpointIsOff: db.prepare('SELECT 1 FROM endpoints_off WHERE endpoint = ?'),
    // Whoever sends a dead letter again says that its endpoint is there.
    endpointOn: db.prepare(
      'DELETE FROM endpoints_off WHERE endpoint = ?1 OR endpoint IN (SELECT endpoint FROM outgoing WHERE id = ?1)',
    ),
  };
}

type Statements = ReturnType<typeof outgoingStatements>;

export function addOutgoing(sql: Statements, { id, endpoint, type, payload, dueAt }: Outgoing): void {
  const peer = Number(endpoint.startsWith(PUSH_ENDPOINT));
  sql.outgoingAdd.run(id, endpoint, type, JSON.stringify(payload), dueAt, dueAt, peer);
}

/** A clock set back by less is none. */
const SKEW_MS = 1_000;

/** Whether any waits that was put off while the clock was ahead. */
export function isOutgoingAhead(sql: Statements, nowMs: number): boolean {
  return sql.outgoingAhead.get(nowMs + SKEW_MS) !== undefined;
}

export function catchUpOutgoing(sql: Statements, nowMs: number): void {
  sql.outgoingCatchUp.run(nowMs, nowMs + SKEW_MS);
}

export function waitingOutgoing(sql: Statements, { nowMs, endpoint, limit, after }: WaitingOf): Waiting[] {
  if (endpoint === null) return sql.outgoingEndpoints.all(nowMs, limit).map(readWaiting);
  if (endpoint !== PUSH_ENDPOINT) return sql.outgoingOf.all(endpoint, nowMs, limit).map(readWaiting);
  const { dueAt, id } = after ?? { dueAt: Number.MIN_SAFE_INTEGER, id: '' };
  return sql.outgoingOfPeers.all(nowMs, dueAt, id, limit).map(readWaiting);
}

export function settleOutgoing(sql: Statements, id: string, settled: Settled): void {
  const at = settled.at.getTime();
  if (settled.kind === 'retry') sql.outgoingRetry.run(settled.retryAtMs, at, settled.note, id);
  else sql.outgoingDone.run(settled.kind, at, settled.note, id);
}

export function deadLetters(sql: Statements, limit: number): DeadLetter[] {
  return sql.outgoingDead.all(limit).map((row) => ({
    id: String(row['id']),
    endpoint: String(row['endpoint']),
    type: String(row['type']),
    attempts: Number(row['attempts']),
    at: new Date(Number(row['noted_at'])).toISOString(),
    note: String(row['note']),
  }));
}

/** What became of one message so far; undefined where there is none, or it is forgotten. */
export function letter(sql: Statements, id: string): Letter | undefined {
  const row = sql.outgoingById.get(id);
  if (row === undefined) return undefined;
  const state = String(row['state']);
  return {
    state: state === 'delivered' || state === 'exhausted' ? state : 'waiting',
    attempts: Number(row['attempts']),
    at: new Date(Number(row['noted_at'])).toISOString(),
    note: String(row['note'] ?? ''),
  };
}

/** By its id, or all of an endpoint. How many. */
export function sendAgain(sql: Statements, idOrEndpoint: string, nowMs: number): number {
  sql.endpointOn.run(idOrEndpoint);
  return Number(sql.outgoingAgain.run(nowMs, idOrEndpoint).changes);
}

type Row = Record<string, unknown>;

function readWaiting(row: Row): Waiting {
  return {
    id: String(row['id']),
    endpoint: String(row['endpoint']),
    type: String(row['type']),
    payload: JSON.parse(String(row['payload'])),
    dueAt: Number(row['due_at']),
    attempts: Number(row['attempts']),
  };
}
