/** Looks at a log as a stranger would who has the whole database: every entry against its hash, every hash against the tree, every
 * checkpoint against its signature and the tree, every receipt against its operation and its entry. Reads in slices. */
import { parseCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { equalBytes, leafHash } from '../../protocol/receipt/merkle.ts';
import { parseNote } from '../../protocol/receipt/note.ts';
import type { Operation } from '../engine/operation.ts';
import { auditReceipt, type ReceiptTrust } from './audit-receipt.ts';
import { type Frontier, rootOf, storedHashCount, storedHashesForLeafHash } from './tree.ts';

/** What is wrong, and with which part. */
export interface Finding {
  readonly part: string;
  readonly why: string;
}

export interface Entry {
  readonly index: number;
  /** What the database says it is about. */
  readonly operation: string | null;
  readonly leaf: Uint8Array;
}

export interface AuditSource {
  /** Of the newest checkpoint; 0 before the first. */
  size(): number;
  /** Those that are there, in order. */
  entries(first: number, count: number): readonly Entry[];
  hashes(first: number, count: number): ReadonlyMap<number, Uint8Array>;
  /** Those of a size in this range, both ends included, in order. */
  checkpoints(from: number, to: number): readonly { readonly size: number; readonly note: string }[];
}

export interface ReceiptSource {
  /** Ended operations after this id, in order of their ids. */
  ended(after: string, count: number): readonly Operation[];
}

export interface LogTrust {
  readonly origin: string;
  readonly isSigned: (note: string) => Promise<boolean>;
}

const ENTRIES_A_SLICE = 32;
const RECEIPTS_A_SLICE = 8;

/** Everything wrong with one log, oldest first; `undefined` at the end of every slice, where a caller may pause. */
export async function* auditLog(source: AuditSource, trust: LogTrust): AsyncGenerator<Finding | undefined, number> {
  const size = source.size();
  let frontier: Frontier = [];
  yield* checkpointsWrong(source, trust, { from: 0, to: 0, rootAt: () => rootOf([]) });
  for (let first = 0; first < size; first += ENTRIES_A_SLICE) {
    const count = Math.min(ENTRIES_A_SLICE, size - first);
    const roots = new Map<number, Uint8Array>();
    const slice = sliceOf(source, first, count);
    for (let index = first; index < first + count; index += 1) {
      const looked = lookAt(slice, index, frontier);
      yield* looked.findings;
      frontier = looked.frontier;
      roots.set(index + 1, rootOf(frontier));
    }
    yield* checkpointsWrong(source, trust, { from: first + 1, to: first + count, rootAt: (at) => roots.get(at) });
    yield undefined;
  }
  return size;
}

interface Slice {
  readonly entries: ReadonlyMap<number, Entry>;
  readonly hashes: ReadonlyMap<number, Uint8Array>;
}

function sliceOf(source: AuditSource, first: number, count: number): Slice {
  const from = storedHashCount(first);
  return {
    entries: new Map(source.entries(first, count).map((each) => [each.index, each])),
    hashes: source.hashes(from, storedHashCount(first + count) - from),
  };
}

/** One entry, and what the tree grows to with it. The tree goes on with what is stored, so that one wrong entry is one finding. */
function lookAt({ entries, hashes }: Slice, index: number, before: Frontier) {
  const findings: Finding[] = [];
  const part = `entry ${index}`;
  const entry = entries.get(index);
  const at = storedHashCount(index);
  const stored = hashes.get(at);
  const made = entry === undefined ? undefined : leafHash(entry.leaf);
  if (entry === undefined) findings.push({ part, why: 'is not there' });
  else if (operationIn(entry.leaf) !== entry.operation)
    findings.push({ part, why: `is filed under ${entry.operation ?? 'no operation'}, and is about another` });
  if (stored === undefined) findings.push({ part, why: 'has no stored hash' });
  else if (made !== undefined && !equalBytes(made, stored))
    findings.push({ part, why: `is not what was hashed when it was logged${about(entry)}` });
  const { frontier, stored: grown } = storedHashesForLeafHash(index, before, stored ?? made ?? new Uint8Array(32));
  const isBroken = grown.some((hash, offset) => offset > 0 && !isHash(hashes.get(at + offset), hash));
  if (isBroken) findings.push({ part, why: 'ends a subtree whose stored hash is not that of its entries' });
  return { findings, frontier };
}

const isHash = (stored: Uint8Array | undefined, made: Uint8Array) => stored !== undefined && equalBytes(stored, made);

function operationIn(leaf: Uint8Array): string | null {
  try {
    const record: unknown = JSON.parse(new TextDecoder().decode(leaf));
    const named = typeof record === 'object' && record !== null && 'operation' in record ? record.operation : null;
    return typeof named === 'string' ? named : null;
  } catch {
    return null;
  }
}

const about = (entry: Entry | undefined): string =>
  entry?.operation === undefined || entry.operation === null ? '' : ` (operation ${entry.operation})`;

async function* checkpointsWrong(
  source: AuditSource,
  { origin, isSigned }: LogTrust,
  { from, to, rootAt }: { from: number; to: number; rootAt: (size: number) => Uint8Array | undefined },
): AsyncGenerator<Finding> {
  for (const { size, note } of source.checkpoints(from, to)) {
    const part = `checkpoint ${size}`;
    const checkpoint = parseCheckpoint(parseNote(note)?.text ?? '');
    const root = rootAt(size);
    if (checkpoint === undefined) yield { part, why: 'is no signed note' };
    else if (checkpoint.origin !== origin) yield { part, why: `is of another log (${checkpoint.origin})` };
    else if (checkpoint.size !== size)
      yield { part, why: `is filed under ${size}, and is of ${checkpoint.size} entries` };
    else if (!(await isSigned(note))) yield { part, why: 'is not signed by a key of this log' };
    else if (root === undefined || !equalBytes(root, checkpoint.root))
      yield { part, why: 'signs other entries than those that are there' };
  }
}

/** Everything wrong with receipts of ended operations; `undefined` at the end of every slice. */
export async function* auditReceipts(
  source: ReceiptSource,
  trust: ReceiptTrust,
): AsyncGenerator<Finding | undefined, number> {
  let count = 0;
  for (let after = ''; ; ) {
    const operations = source.ended(after, RECEIPTS_A_SLICE);
    for (const operation of operations) {
      count += 1;
      for (const why of await auditReceipt(operation, trust)) yield { part: `operation ${operation.id}`, why };
    }
    const last = operations.at(-1);
    if (last === undefined) return count;
    after = last.id;
    yield undefined;
  }
}
