/** Growing and proving the log's Merkle tree from stored hashes. Pure.
 *
 * A tree of n leaves is stored as the hashes of all its complete subtrees, in the order in which leaves complete them
 * (the layout of Go's checksum database, after Crosby and Wallach 2009, §3.3): appending only ever appends. */
import { EMPTY_ROOT, leafHash, nodeHash } from '../../protocol/receipt/merkle.ts';

/** Where the hash of node `n` of `level` is stored (level 0: leaves). */
export function storedHashIndex(level: number, n: number): number {
  // A node is stored right after its right child: walk down to the leaf that completed it.
  let leaf = n;
  for (let at = level; at > 0; at--) leaf = 2 * leaf + 1;
  let before = 0;
  for (let rest = leaf; rest > 0; rest = half(rest)) before += rest;
  return before + level;
}

/** How many hashes a tree of `size` leaves stores. */
export function storedHashCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = half(rest)) count += rest;
  return count;
}

/** The roots of the largest complete subtrees that cover the tree, left to right: all that is needed to grow it or to know its root. */
export type Frontier = readonly Uint8Array[];

/** Stored indexes of the {@link Frontier} of a tree of `size` leaves. */
export function frontierIndexes(size: number): number[] {
  return coverIndexes(0, size);
}

/** RFC 6962 §2.1 root of the tree with this frontier. */
export function rootOf(frontier: Frontier): Uint8Array {
  return frontier.length === 0 ? EMPTY_ROOT : frontier.reduceRight((right, left) => nodeHash(left, right));
}

export interface Grown {
  readonly frontier: Frontier;
  /** To be stored from index {@link storedHashCount}(old size) on: the leaf's hash, then every subtree it completes. */
  readonly stored: readonly Uint8Array[];
}

/** Adds one leaf to a tree of `size` leaves. */
export function storedHashesForNewLeaf(size: number, frontier: Frontier, leaf: Uint8Array): Grown {
  return storedHashesForLeafHash(size, frontier, leafHash(leaf));
}

/** {@link storedHashesForNewLeaf} of a leaf that only its hash is known of. */
export function storedHashesForLeafHash(size: number, frontier: Frontier, leafHash: Uint8Array): Grown {
  let hash = leafHash;
  const stored = [hash];
  const rest = [...frontier];
  // Each trailing 1 bit of the size is a subtree that this leaf makes a left half of a larger one.
  for (let bits = size; bits % 2 === 1; bits = half(bits)) {
    const left = rest.pop();
    if (left === undefined) throw new RangeError('the frontier is not that of a tree of this size');
    hash = nodeHash(left, hash);
    stored.push(hash);
  }
  return { frontier: [...rest, hash], stored };
}

/** Reads stored hashes; must give exactly one for each index, in order. */
export type HashReader = (indexes: readonly number[]) => Promise<readonly Uint8Array[]>;

/** Audit path of the leaf `index` in the tree of `size` leaves, leaf to root. RFC 6962 §2.1.1. */
export async function inclusionPath(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  if (!(Number.isSafeInteger(size) && index >= 0 && index < size))
    throw new RangeError('no such leaf in a tree of this size');
  return readSubtrees(inclusionSpans(index, 0, size), read);
}

/** Proof that the tree of `older` leaves is a prefix of the tree of `newer`. RFC 6962 §2.1.2. */
export async function consistencyPath(older: number, newer: number, read: HashReader): Promise<Uint8Array[]> {
  if (!(Number.isSafeInteger(newer) && older >= 0 && older <= newer))
    throw new RangeError('the older tree is not a prefix of the newer');
  if (older === 0) return [];
  return readSubtrees(consistencySpans(older, 0, newer), read);
}

/** Leaves `from` (included) to `to` (excluded). */
interface Span {
  readonly from: number;
  readonly to: number;
}

function inclusionSpans(index: number, from: number, to: number): Span[] {
  if (to - from === 1) return [];
  const middle = from + largestPowerBelow(to - from);
  return index < middle
    ? [...inclusionSpans(index, from, middle), { from: middle, to }]
    : [...inclusionSpans(index, middle, to), { from, to: middle }];
}

function consistencySpans(older: number, from: number, to: number): Span[] {
  // The older tree as a whole is known to the verifier and left out.
  if (older === to) return from === 0 ? [] : [{ from, to }];
  const middle = from + largestPowerBelow(to - from);
  return older <= middle
    ? [...consistencySpans(older, from, middle), { from: middle, to }]
    : [...consistencySpans(older, middle, to), { from, to: middle }];
}

async function readSubtrees(spans: readonly Span[], read: HashReader): Promise<Uint8Array[]> {
  const covers = spans.map(({ from, to }) => coverIndexes(from, to));
  const hashes = await read(covers.flat());
  let taken = 0;
  return covers.map((cover) => {
    const part = hashes.slice(taken, taken + cover.length);
    taken += cover.length;
    if (part.length !== cover.length) throw new RangeError('the log is missing stored hashes');
    return rootOf(part);
  });
}

/** Stored indexes of the complete subtrees that cover a span which begins where RFC 6962 splits trees. */
function coverIndexes(from: number, to: number): number[] {
  const indexes: number[] = [];
  for (let at = from; at < to; ) {
    const width = largestPowerBelow(to - at + 1);
    indexes.push(storedHashIndex(Math.log2(width), at / width));
    at += width;
  }
  return indexes;
}

const half = (n: number): number => Math.floor(n / 2);

/** The largest power of two smaller than n (n > 1). */
function largestPowerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}
