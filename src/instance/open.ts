/** Opens what a data directory holds as one state, or refuses to. */
import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBase64Url } from '../../protocol/base/base64.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { publicJwk, verifyEd25519 } from '../../protocol/base/strict-jws.ts';
import { logOrigin } from '../../protocol/receipt/checkpoint.ts';
import { noteKey, openNote, parseNote } from '../../protocol/receipt/note.ts';
import { type Anchor, checkpointIn, makeAnchor } from '../ledger/anchor.ts';
import { compareTo, type Ledger, makeLedger } from '../ledger/sequencer.ts';
import { logSigner } from '../ledger/signer.ts';
import { type KeyFile, newKeyFile, openKeys, publicKeys, readKeyFile, saveKeyFile } from '../platform/company-keys.ts';
import { type Clock, type Ids, type Keys, type Log, StoreUnavailable } from '../ports.ts';
import { type InstanceTables, instanceTables, type StoredKey } from '../store/instance-sqlite.ts';
import { makeSqliteLog } from '../store/log-sqlite.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import { misfits, type Parts, PartsMismatch } from './parts.ts';

export interface Instance {
  readonly store: SqliteStore;
  readonly keys: Keys;
  /** The log that grows. */
  readonly ledger: Ledger;
  /** Logs that ended with a restore: what they prove, they prove for ever. */
  readonly ended: readonly Ledger[];
  /** Unix milliseconds of the last restore that was accepted. */
  readonly restoredAt: number | undefined;
}

export interface InstanceDeps {
  readonly folder: string;
  /** The gateway's public origin. */
  readonly origin: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly openStore: (path: string) => SqliteStore;
  /** An operator put an older copy there, and knows. */
  readonly acceptRestore: boolean;
}

/** Throws {@link PartsMismatch}. */
export async function openInstance(deps: InstanceDeps): Promise<Instance> {
  const { folder, acceptRestore } = deps;
  const path = (name: string) => join(folder, name);
  const found = readKeyFile(path('keys.json'));
  const exists = existsSync(path('parley.db')) && statSync(path('parley.db')).size > 0;
  // Judged before a new database would stand where one is missing.
  if (!exists && found?.instance !== undefined && found.unfinished !== true && !acceptRestore)
    throw new PartsMismatch(folder, misfits({ database: NO_DATABASE, keys: await keyPart(found) }));
  const store = deps.openStore(path('parley.db'));
  try {
    return await tie(deps, { store, found, exists, anchor: makeAnchor(path('log.checkpoint')) });
  } catch (error) {
    store.close();
    throw error;
  }
}

const NO_DATABASE = { exists: false, isUsed: false, keys: [] };

interface Opened {
  readonly store: SqliteStore;
  readonly found: KeyFile | undefined;
  readonly exists: boolean;
  readonly anchor: Anchor;
}

async function tie(deps: InstanceDeps, { store, found, exists, anchor }: Opened): Promise<Instance> {
  const { folder, clock, log } = deps;
  const tables = instanceTables(store.db);
  const known = tables.keys();
  const name = logOrigin(deps.origin) + (tables.epochs().at(-1)?.suffix ?? '');
  const head = await logOf(store, tables).head();
  const note = anchor.read() ?? (tables.id() === undefined ? head?.note : undefined);
  const part = found === undefined ? undefined : await keyPart(found);
  const parts: Parts = {
    database: { exists, instance: tables.id(), isUsed: tables.isUsed(), keys: known, logSize: head?.size },
    keys: part,
    checkpoint:
      note === undefined ? undefined : await judge(note, name, [...known, ...(part?.keys ?? [])], store, tables),
  };
  const problems = misfits(parts);
  const isFirst = found?.instance === undefined && tables.id() === undefined && !tables.isUsed() && note === undefined;
  if (problems.length > 0 && !deps.acceptRestore) throw new PartsMismatch(folder, problems);
  const restored = deps.acceptRestore && !isFirst ? restoreOf(deps, { problems, parts, tables, note }) : undefined;

  const id = found?.instance ?? tables.id() ?? randomUUID();
  const file: KeyFile = { ...(found ?? newKeyFile()), instance: id };
  const path = join(folder, 'keys.json');
  const isNew = found === undefined || found.instance === undefined;
  // Of the two that are tied one is written first; until both are, a start goes on where this one ended.
  if (isNew) saveKeyFile(path, { ...file, unfinished: true });
  if (note !== undefined && restored === undefined && anchor.read() === undefined) await anchor.save(note);
  const { keys: current } = await keyPart(file);
  const next = succeed(known, current, seconds(clock));
  // A start that changes nothing writes nothing: it succeeds on a full disk.
  const isNews = next.some((key) => !known.some((each) => isSame(each, key)));
  if (restored !== undefined || tables.id() !== id || tables.origin() !== deps.origin || isNews)
    tables.write({ id, origin: deps.origin, keys: next, ...(restored === undefined ? {} : { restored }) });
  if (restored !== undefined) {
    anchor.remove();
    log('instance.restored', { instance: id, found: problems });
  }
  const { unfinished: _done, ...finished } = file;
  if (isNew || found.unfinished === true || current.length !== found.keys.length) saveKeyFile(path, finished);

  const keys = await openKeys(path, finished, earlierKeys(tables.keys()));
  const ledgers = tables.epochs().map((epoch) => {
    const signer = logSigner(keys, logOrigin(deps.origin) + epoch.suffix);
    return makeLedger(makeSqliteLog(store.db, epoch), signer, anchor);
  });
  const ledger = ledgers.pop();
  if (ledger === undefined) throw new Error('there is no log');
  return { store, keys, ledger, ended: ledgers, restoredAt: tables.restoredAt() };
}

const seconds = (clock: Clock): number => Math.floor(clock.now().getTime() / 1_000);

const logOf = (store: SqliteStore, tables: InstanceTables) => makeSqliteLog(store.db, tables.epochs().at(-1));

/** The new log begins with it: what the last one was, and how far it is known to have gone. */
function restoreOf(
  { clock, ids }: InstanceDeps,
  {
    problems,
    parts,
    tables,
    note,
  }: { problems: readonly string[]; parts: Parts; tables: InstanceTables; note: string | undefined },
) {
  const now = clock.now();
  const signed = note === undefined ? undefined : checkpointIn(note);
  return {
    atMs: now.getTime(),
    suffix: `/${ids.secret(6)}`,
    record: {
      type: 'restored',
      at: now.toISOString(),
      instance: tables.id() ?? parts.keys?.instance ?? null,
      entries: parts.database.logSize ?? 0,
      signed:
        signed === undefined
          ? null
          : { log: signed.origin, size: signed.size, root: Buffer.from(signed.root).toString('base64') },
      found: problems.length,
    },
  };
}

async function judge(
  note: string,
  origin: string,
  keys: readonly StoredKey[],
  store: SqliteStore,
  tables: InstanceTables,
): Promise<NonNullable<Parts['checkpoint']>> {
  const signed = checkpointIn(note);
  if (signed === undefined) return { is: 'unreadable' };
  if (signed.origin !== origin) return { is: 'of-another-log' };
  if (
    !(await isSignedBy(
      note,
      origin,
      keys.map(({ jwk }) => jwk),
    ))
  )
    return { is: 'unknown-signer' };
  try {
    return { is: await compareTo(logOf(store, tables), signed), size: signed.size };
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    return { is: 'other', size: signed.size };
  }
}

export async function isSignedBy(note: string, origin: string, keys: readonly JsonObject[]): Promise<boolean> {
  const parsed = parseNote(note);
  const verifiers = keys.flatMap((jwk) => {
    const bare = jwk['parley_purpose'] === 'log' ? publicJwk(jwk) : undefined;
    const raw = bare?.kty === 'OKP' ? decodeBase64Url(bare.x) : undefined;
    if (bare === undefined || raw === undefined) return [];
    return [
      {
        ...noteKey(origin, raw),
        verify: (message: Uint8Array, signature: Uint8Array) => verifyEd25519(bare, message, signature),
      },
    ];
  });
  return parsed !== undefined && (await openNote(parsed, verifiers)).ok;
}

async function keyPart(file: KeyFile) {
  return { instance: file.instance, isUnfinished: file.unfinished === true, keys: await publicKeys(file) };
}

/** A key is in use from the first start that has it to the first that does not. */
function succeed(known: readonly StoredKey[], current: readonly StoredKey[], now: number): StoredKey[] {
  const isFirst = known.length === 0;
  const used = current.map((key) => {
    const before = known.find(({ kid }) => kid === key.kid);
    // What was signed before anybody counted is signed by these, too.
    return { ...key, nbf: before?.nbf ?? (isFirst ? 0 : now), exp: null };
  });
  const ended = known
    .filter(({ kid }) => !current.some((each) => each.kid === kid))
    // Whole seconds: what was signed within this one was signed in time.
    .map((key) => ({ ...key, exp: key.exp ?? now + 1 }));
  return [...used, ...ended];
}

function isSame(one: StoredKey, other: StoredKey): boolean {
  return one.kid === other.kid && one.nbf === other.nbf && one.exp === other.exp;
}

/** What was never used has nothing to verify. */
function earlierKeys(keys: readonly StoredKey[]): JsonObject[] {
  return keys.flatMap(({ jwk, nbf, exp }) =>
    exp === null || nbf === null ? [] : [{ ...jwk, ...(nbf === 0 ? {} : { nbf }), exp }],
  );
}
