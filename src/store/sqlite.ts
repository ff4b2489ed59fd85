import type { DatabaseSync } from 'node:sqlite';
import { canonicalBytes } from '../../protocol/base/canonical.ts';
import { personBy } from '../engine/case.ts';
import type { Operation } from '../engine/operation.ts';
import { ownerOf } from '../engine/owner.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import {
  type AgentPage,
  type Claim,
  type Committed,
  type Invitation,
  type LedgerRecord,
  type Nonce,
  type RegisteredAgent,
  type Store,
  StoreUnavailable,
  type Unit,
} from '../ports.ts';
import { mayWatch, watchesOf } from '../watch/watch-store.ts';
import { unusedAgents, useAgent } from './agents-sqlite.ts';
import { readDealings, writeDealings } from './dealings-sqlite.ts';
import { makeGroupCommit } from './group-commit.ts';
import { type Handle, makeHandle, openDatabase } from './handle.ts';
import { conflictOf, hold, holdersOf, release, sumOf } from './holds-sqlite.ts';
import { putInvitation } from './invitations-sqlite.ts';
import { isOvertaken, readMemory, writeMemory } from './memories-sqlite.ts';
import { idsOfAgent } from './of-agent-sqlite.ts';
import {
  addOutgoing,
  catchUpOutgoing,
  deadLetters,
  isOutgoingAhead,
  letter,
  sendAgain,
  settleOutgoing,
  waitingOutgoing,
} from './outgoing-sqlite.ts';
import { idsForPerson } from './person-sqlite.ts';
import { holdsPushSecrets } from './push-secrets-sqlite.ts';
import { migrate } from './schema.ts';
import { makeSpentAside } from './spent-aside.ts';
import { prepareStatements, type Statements } from './statements.ts';

export interface SqliteStore extends Store, OutboxStore {
  /** For the tables of others, which live in the same file. */
  readonly db: Handle;
  /** Forgets nonces that are kept beside the database and can no longer be replayed. */
  forgetNonces(nowSeconds: number): void;
  /** Whether the last look found room for more. */
  hasRoom(): boolean;
  /** Looks whether there is room; rejects when there is none. */
  probe(): Promise<void>;
  close(): void;
}

export interface StoreOptions {
  /** Told when there is no more room, and when there is again. */
  readonly room?: (hasRoom: boolean) => void;
  /** How long a unit waits for another process's lock; 5 s unless told. */
  readonly busyMs?: number;
}

/** Opens (and migrates) the database of one gateway. WAL with `synchronous=FULL`: what is acknowledged has been fsynced.
 * `onFatal`: the disk cannot be trusted any more, nothing that was not fsynced may be acknowledged, and only a restart goes on.
 * Only one process may hold it: a second one is refused at once, and a killed one leaves no lock behind. */
export function openSqliteStore(
  path: string,
  onFatal: (error: unknown) => void,
  { room, busyMs }: StoreOptions = {},
): SqliteStore {
  const lock = path === ':memory:' ? undefined : holdLock(`${path}.lock`);
  const db = makeHandle(openMigrated(path, lock), { fatal: onFatal, room });
  const sql = prepareStatements(db);
  const commit = makeGroupCommit(db, busyMs);
  const aside = makeSpentAside();
  return {
    db,
    commit: (unit) => commit(() => (aside.has(unit.nonce) ? REPLAYED : applyUnit(sql, unit))),
    spend: (nonce) =>
      commit(() => {
        if (aside.has(nonce) || sql.nonceSeen.get(nonce.nonce, nonce.keyid) !== undefined) return false;
        sql.nonceAdd.run(nonce.nonce, nonce.keyid, nonce.expiresAt);
        return true;
      }).catch((error: unknown) => {
        // Where nothing can be written now, reading goes on, and what was signed for it still counts once.
        if (error instanceof StoreUnavailable && error.reason !== 'closed') return aside.spend(nonce, isSpent(sql));
        throw error;
      }),
    operation: (id) => parseDoc<Operation>(sql.operationGet.get(id)),
    claim: (scope, key) => readClaim(sql, scope, key),
    due: (nowMs, limit) => sql.operationsDue.all(nowMs, limit).map(requireDoc<Operation>),
    duePlaces: (nowMs, limit, { dueAt, id } = BEFORE_ALL) =>
      sql.duePlaces
        .all(nowMs, dueAt, id, limit)
        .map((row) => ({ id: String(row['id']), dueAt: Number(row['due_at']) })),
    changedAfter: (at, limit) => sql.operationsAhead.all(at, limit).map(requireDoc<Operation>),
    // A look for each: all of several would be sorted, documents and all, for the few that are shown.
    inState: (states, limit) =>
      states
        .flatMap((state) => sql.operationsIn.all(state, limit).map(requireDoc<Operation>))
        .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))
        .slice(0, limit),
    newest: (limit) => sql.operationsNewest.all(limit).map(requireDoc<Operation>),
    forPerson(page) {
      const { ids, total } = idsForPerson(sql, page);
      return { operations: ids.map((id) => requireDoc<Operation>(sql.operationGet.get(id) ?? {})), total };
    },
    ofAgent: (owner, page) => ofAgent(sql, owner, page),
    bySignoff: (id) => parseDoc<Operation>(sql.operationBySignoff.get(id)),
    agent: (keyid) => parseDoc<RegisteredAgent>(sql.agentGet.get(keyid)),
    saveAgent: (agent, at) =>
      commit(() => {
        sql.agentPut.run(agent.keyid, JSON.stringify(agent));
        // Of strangers nothing is written that is never forgotten.
        if (agent.unused === undefined) addRecord(sql, { type: 'registration', at, agent: agent.keyid });
      }),
    unusedAgents: () => unusedAgents(sql),
    forgetUnused: (keyids) => commit(() => keyids.filter((keyid) => Number(sql.agentForget.run(keyid).changes) > 0)),
    invitations: (account) => sql.invitationsOf.all(account).map(requireDoc<Invitation>),
    uninvite: (keyid, at) =>
      commit(() => {
        if (Number(sql.invitationsForget.run(keyid).changes) === 0) return;
        addRecord(sql, { type: 'invitation.ended', at, agent: keyid });
      }),
    remembered: (name) => readMemory(sql, name),
    dealings: (of) => readDealings(sql, of),
    heldBy: (name) => holdersOf(sql, name),
    isExhausted: (name, limit) => sumOf(sql, name) >= limit,
    isRevoked: (kind, id) => sql.revoked.get(kind, id) !== undefined,
    revoke: (kind, id, at, reason) =>
      commit(() => {
        sql.revoke.run(kind, id, at, reason);
        // Who a customer is stays out of the log.
        addRecord(sql, { type: 'revocation', at, kind, ...(kind === 'subject' ? {} : { id }) });
      }),
    waitingOutgoing: (of) => waitingOutgoing(sql, of),
    async catchUpOutgoing(nowMs) {
      if (isOutgoingAhead(sql, nowMs)) await commit(() => catchUpOutgoing(sql, nowMs));
    },
    settleOutgoing: (id, settled) =>
      commit(() => {
        settleOutgoing(sql, id, settled);
        if (settled.kind !== 'exhausted') return;
        addRecord(sql, { type: 'outbox.exhausted', at: settled.at.toISOString(), message: id, note: settled.note });
      }),
    switchOff: (endpoint, at) =>
      commit(() => {
        sql.endpointOff.run(endpoint, at.toISOString());
        addRecord(sql, { type: 'outbox.off', at: at.toISOString(), endpoint });
      }),
    isOff: (endpoint) => sql.endpointIsOff.get(endpoint) !== undefined,
    letter: (id) => letter(sql, id),
    deadLetters: (limit) => deadLetters(sql, limit),
    sendAgain: (idOrEndpoint, nowMs) => commit(() => sendAgain(sql, idOrEndpoint, nowMs)),
    forgetNonces: aside.forget,
    hasRoom: db.hasRoom,
    probe: () =>
      commit(() => void sql.roomTake.run())
        .then(() => commit(() => void sql.roomGive.run()))
        .then(db.sawRoom),
    close() {
      db.close();
      lock?.close();
    },
  };
}

/** Sorting is done in memory: a temporary file is one more thing that may find no room. A lock that is held once the gateway runs is
 * waited for by the group commit, which stops nobody meanwhile. */
function openMigrated(path: string, lock: DatabaseSync | undefined): DatabaseSync {
  try {
    const db = openDatabase(path);
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;',
    );
    migrate(db);
    db.exec('PRAGMA busy_timeout = 0');
    return db;
  } catch (error) {
    lock?.close();
    throw error;
  }
}

const isSpent = (sql: Statements) => (nonce: Nonce) => sql.nonceSeen.get(nonce.nonce, nonce.keyid) !== undefined;

const REPLAYED: Committed = { ok: false, reason: 'replayed' };

/** A database file whose only use is its lock: the kernel frees it when the process dies, however it dies. */
function holdLock(path: string): DatabaseSync {
  const lock = openDatabase(path);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;');
  } catch (error) {
    lock.close();
    throw new Error('another gateway process holds this data directory', { cause: error });
  }
  return lock;
}

/** All checks before the first write, so that a refused unit leaves nothing behind and needs no savepoint. */
function applyUnit(sql: Statements, unit: Unit): Committed {
  const { nonce, claim, operations = [] } = unit;
  if (nonce !== undefined && isSpent(sql)(nonce)) return REPLAYED;
  const claimed = claim === undefined ? undefined : readClaim(sql, claim.scope, claim.key);
  const isStale = ({ next, expected }: (typeof operations)[number]) =>
    Number(sql.operationVersion.get(next.id)?.['version'] ?? 0) !== expected;
  const forgotten = unit.memory !== undefined && isOvertaken(sql, unit.memory);
  if (claimed === undefined && (forgotten || operations.some(isStale))) return { ok: false, reason: 'stale' };
  const held = claimed === undefined && unit.holds !== undefined ? conflictOf(sql, unit.holds) : undefined;
  if (held !== undefined) return held;
  if (nonce !== undefined) sql.nonceAdd.run(nonce.nonce, nonce.keyid, nonce.expiresAt);
  if (claimed !== undefined) return { ok: false, reason: 'claimed', claim: claimed };
  if (claim !== undefined) {
    sql.claimAdd.run(
      claim.key,
      claim.scope,
      claim.fingerprint,
      claim.answer.status,
      claim.answer.body,
      claim.expiresAt,
    );
  }
  for (const { next, expected } of operations) writeOperation(sql, next, expected);
  if (unit.memory !== undefined) writeMemory(sql, unit.memory);
  for (const each of unit.holds ?? []) hold(sql, each);
  for (const each of unit.releases ?? []) release(sql, each);
  if (unit.invitation !== undefined) {
    noteUse(sql, { keyid: unit.invitation.agent.keyid, at: unit.invitation.at });
    putInvitation(sql, unit.invitation);
  }
  for (const record of unit.records ?? []) addRecord(sql, record);
  for (const out of unit.outgoing ?? []) addOutgoing(sql, out);
  return { ok: true };
}

function writeOperation(sql: Statements, next: Operation, expected: number): void {
  const doc = JSON.stringify(next);
  const secrets = Number(holdsPushSecrets(next.pushes));
  const person = personBy(next);
  if (expected === 0) {
    const { id, version, state, agent, dueAt, createdAt, updatedAt, conversation = id } = next;
    noteUse(sql, { keyid: agent.keyid, at: createdAt });
    const owner = ownerOf(agent);
    sql.operationAdd.run(id, version, state, owner, conversation, dueAt, createdAt, updatedAt, secrets, person, doc);
  } else sql.operationSet.run(next.version, next.state, next.dueAt, next.updatedAt, secrets, person, doc, next.id);
  const signoff = next.signoffs.at(-1);
  if (signoff !== undefined) sql.signoffAdd.run(signoff.id, next.id);
  if (next.plan !== undefined) writeDealings(sql, next);
  if (mayWatch(next)) writeWatches(sql, next);
}

function writeWatches(sql: Statements, next: Operation): void {
  sql.watchesForget.run(next.id);
  for (const { ref, until } of watchesOf(next)) sql.watchAdd.run(next.id, ref.type, ref.by, ref.value, until);
}

function noteUse(sql: Statements, use: Parameters<typeof useAgent>[1]): void {
  const record = useAgent(sql, use);
  if (record !== undefined) addRecord(sql, record);
}

function addRecord(sql: Statements, record: LedgerRecord): void {
  sql.recordAdd.run(record.operation ?? null, canonicalBytes(record));
}

/** Before every due operation. */
const BEFORE_ALL = { dueAt: Number.MIN_SAFE_INTEGER, id: '' };

function ofAgent(sql: Statements, keyid: string, page: AgentPage) {
  const { ids, total } = idsOfAgent(sql, keyid, page);
  return { operations: ids.map((id) => requireDoc<Operation>(sql.operationGet.get(id) ?? {})), total };
}

function readClaim(sql: Statements, scope: string, key: string): Claim | undefined {
  const row = sql.claimGet.get(key, scope);
  if (row === undefined) return undefined;
  return {
    scope,
    key,
    fingerprint: String(row['fingerprint']),
    answer: { status: Number(row['status']), body: String(row['body']) },
    expiresAt: Number(row['expires_at']),
  };
}

type Row = Record<string, unknown>;

// The documents are our own, written by this file in the same schema version: parsing them is not parsing outside data.
function parseDoc<T>(row: Row | undefined): T | undefined {
  return row === undefined ? undefined : requireDoc<T>(row);
}

function requireDoc<T>(row: Row): T {
  return JSON.parse(String(row['doc'])) as T;
}
