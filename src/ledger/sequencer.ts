/** Gives records their positions, in batches, and signs a checkpoint over each. The clock and the timer are the caller's. */

import { LIMITS } from '../../protocol/base/limits.ts';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { equalBytes } from '../../protocol/receipt/merkle.ts';
import { formatVerifierKey, type NoteSigner, parseNote, signNote } from '../../protocol/receipt/note.ts';
import { formatTlogProof } from '../../protocol/receipt/tlog-proof.ts';
import type { LedgerRecord } from '../ports.ts';
import type { Anchor } from './anchor.ts';
import { leafBytes } from './leaf.ts';
import type { LogBatch, LogStore, PendingRecord, StoredCheckpoint } from './log-store.ts';
import { readTile, type TileName } from './tiles.ts';
import {
  consistencyPath,
  type Frontier,
  frontierIndexes,
  inclusionPath,
  rootOf,
  storedHashCount,
  storedHashesForNewLeaf,
} from './tree.ts';

export interface Ledger {
  /** Takes in up to `LIMITS.logBatchMax` pending records and publishes a checkpoint over them. Resolves to how many there were;
   * call again at once when the batch was full. Calls while one is running share its result. */
  step(now: Date): Promise<number>;
  /** Proof against the newest checkpoint, in tlog-proof form; undefined until the record is under one. */
  prove(recordId: number): Promise<LogProof | undefined>;
  /** {@link prove} for a record that names its operation. */
  proveRecord(record: LedgerRecord): Promise<LogProof | undefined>;
  /** RFC 6962 §2.1.2; undefined when `older > newer` or `newer` exceeds the newest checkpoint. */
  proveConsistency(older: number, newer: number): Promise<readonly Uint8Array[] | undefined>;
  /** The newest checkpoint, a signed note; undefined before the first step. */
  checkpoint(): Promise<string | undefined>;
  /** Signs nothing more: what it would sign over is not what was signed before. */
  halt(why: string): void;
  /** Why nothing is signed any more, or was not at the last step. */
  trouble(): string | undefined;
  /** The bytes of a tile or entry bundle under the newest checkpoint. */
  tile(name: TileName): Promise<Uint8Array | undefined>;
  /** The log's origin line. */
  readonly origin: string;
  /** C2SP verifier key (`name+id+key`) of the log, for the profile and for monitors. */
  readonly verifierKey: string;
}

export interface LogProof {
  readonly index: number;
  readonly text: string;
}

/** Stored hashes and the signed checkpoint disagree: the log must not sign anything more (C2SP tlog-checkpoint, "Signatures"). */
export class LogCorrupt extends Error {
  override readonly name = 'LogCorrupt';
}

/** `signer.name` is the log's origin line. `anchor` keeps every checkpoint outside the database before the database has it. */
export function makeLedger(store: LogStore, signer: NoteSigner, anchor?: Pick<Anchor, 'save'>): Ledger {
  let running: Promise<number> | undefined;
  let halted: string | undefined;
  let failed: string | undefined;
  const ledger: Ledger = {
    origin: signer.name,
    verifierKey: formatVerifierKey(signer),
    halt(why) {
      halted ??= why;
    },
    trouble: () => halted ?? failed,
    step(now) {
      if (halted !== undefined) return Promise.reject(new LogCorrupt(halted));
      running ??= sequence(store, signer, now, anchor)
        .then(
          (count) => {
            failed = undefined;
            return count;
          },
          (error: unknown) => {
            failed = error instanceof Error ? error.message : 'unknown';
            throw error;
          },
        )
        .finally(() => {
          running = undefined;
        });
      return running;
    },
    async prove(recordId) {
      const [index, head] = [await store.indexOf(recordId), await store.head()];
      if (index === undefined || head === undefined) return undefined;
      const path = await inclusionPath(index, head.size, store.readHashes);
      return { index, text: formatTlogProof({ index, path, checkpoint: head.note }) };
    },
    async proveRecord(record) {
      const id =
        record.operation === undefined ? undefined : await store.findRecord(record.operation, leafBytes(record));
      return id === undefined ? undefined : ledger.prove(id);
    },
    async proveConsistency(older, newer) {
      const head = await store.head();
      if (head === undefined || newer > head.size || older > newer || older < 0) return undefined;
      return consistencyPath(older, newer, store.readHashes);
    },
    async checkpoint() {
      return (await store.head())?.note;
    },
    async tile(name) {
      const head = await store.head();
      return head === undefined ? undefined : readTile(store, head.size, name);
    },
  };
  return ledger;
}

async function sequence(
  store: LogStore,
  signer: NoteSigner,
  now: Date,
  anchor: Pick<Anchor, 'save'> | undefined,
): Promise<number> {
  const head = await store.head();
  const pending = await store.pending(LIMITS.logBatchMax);
  // The first checkpoint is published even over an empty log, so that the log can be followed from its beginning.
  if (pending.length === 0 && head !== undefined) return 0;
  const grown = await grow(store, head, pending, signer.name);
  const { size, root } = grown;
  const note = signNote(formatCheckpoint({ origin: signer.name, size, root }), signer);
  await anchor?.save(note);
  await store.append({ ...grown, checkpoint: { size, note }, at: now.toISOString() });
  return pending.length;
}

type Grown = Omit<LogBatch, 'checkpoint' | 'at'> & { readonly size: number; readonly root: Uint8Array };

async function grow(
  store: LogStore,
  head: StoredCheckpoint | undefined,
  pending: readonly PendingRecord[],
  origin: string,
): Promise<Grown> {
  const first = head?.size ?? 0;
  let frontier = await readFrontier(store, head === undefined ? undefined : checkpointOf(head.note, origin));
  const hashes: Uint8Array[] = [];
  pending.forEach(({ leaf }, at) => {
    const grown = storedHashesForNewLeaf(first + at, frontier, leaf);
    frontier = grown.frontier;
    hashes.push(...grown.stored);
  });
  return {
    expectedSize: head?.size ?? null,
    records: pending.map(({ id }) => id),
    firstHash: storedHashCount(first),
    hashes,
    size: first + pending.length,
    root: rootOf(frontier),
  };
}

/** How the database stands to a checkpoint that was signed over it. `behind`: it does not have what was signed. Records that the process
 * died before placing count: they are placed in the same order, and so under the same root. */
export async function compareTo(store: LogStore, signed: Checkpoint): Promise<'same' | 'behind' | 'other'> {
  const head = await store.head();
  const size = head?.size ?? 0;
  if (signed.size <= size) {
    const frontier = await store.readHashes(frontierIndexes(signed.size));
    return equalBytes(rootOf(frontier), signed.root) ? 'same' : 'other';
  }
  const pending = await store.pending(signed.size - size);
  if (pending.length < signed.size - size) return 'behind';
  const { root } = await grow(store, head, pending, signed.origin);
  return equalBytes(root, signed.root) ? 'same' : 'behind';
}

function checkpointOf(note: string, origin: string): Checkpoint {
  const checkpoint = parseCheckpoint(parseNote(note)?.text ?? '');
  if (checkpoint?.origin !== origin) throw new LogCorrupt('the stored checkpoint is not one of this log');
  return checkpoint;
}

async function readFrontier(store: LogStore, head: Checkpoint | undefined): Promise<Frontier> {
  if (head === undefined || head.size === 0) return [];
  const frontier = await store.readHashes(frontierIndexes(head.size));
  if (!equalBytes(rootOf(frontier), head.root))
    throw new LogCorrupt('the stored hashes do not have the root that was signed');
  return frontier;
}
