/** The Merkle tree of RFC 6962 §2.1 (SHA-256), as used by C2SP tlog formats: hashing, and verifying proofs. Pure.
 *
 * ```
 * leaf hash   SHA-256(0x00 || data)
 * node hash   SHA-256(0x01 || left || right)
 * empty tree  SHA-256()
 * ```
 * Sizes and indexes are safe integers: halved by division, since JavaScript's shifts stop at 32 bits. */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

export const HASH_BYTES = 32;
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array());

const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = Uint8Array.of(0x01);

export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, data));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  /** From the leaf's sibling to the root's child (RFC 6962 §2.1.1). */
  readonly path: readonly Uint8Array[];
}

/** True when the tree of `size` leaves with this root has the leaf at `index`. RFC 9162 §2.1.3.2. */
export function verifyInclusion(proof: InclusionProof, leaf: Uint8Array, root: Uint8Array): boolean {
  const { index, size, path } = proof;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  let walk: Walk = { fn: index, sn: size - 1 };
  let hash = leaf;
  for (const sibling of path) {
    if (walk.sn === 0 || sibling.length !== HASH_BYTES) return false;
    if (isRightmostOrRight(walk)) {
      hash = nodeHash(sibling, hash);
      walk = climbToRight(walk);
    } else {
      hash = nodeHash(hash, sibling);
    }
    walk = climb(walk);
  }
  return walk.sn === 0 && equalBytes(hash, root);
}

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** True when the newer tree has the older one as its prefix. RFC 9162 §2.1.4.2; a proof from the empty tree is empty. */
export function verifyConsistency(older: TreeHead, newer: TreeHead, path: readonly Uint8Array[]): boolean {
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && equalBytes(older.root, newer.root);
  if (older.size === 0) return path.length === 0 && equalBytes(older.root, EMPTY_ROOT);
  if (path.length === 0 || path.some((hash) => hash.length !== HASH_BYTES)) return false;

  // An older tree that is a whole subtree of the newer one is not repeated in the proof.
  let walk = climbWhileRight({ fn: older.size - 1, sn: newer.size - 1 });
  const [first, ...rest] = walk.fn === 0 ? [older.root, ...path] : path;
  if (first === undefined) return false;
  let olderHash = first;
  let newerHash = first;
  for (const sibling of rest) {
    if (walk.sn === 0) return false;
    if (isRightmostOrRight(walk)) {
      olderHash = nodeHash(sibling, olderHash);
      newerHash = nodeHash(sibling, newerHash);
      walk = climbToRight(walk);
    } else {
      newerHash = nodeHash(newerHash, sibling);
    }
    walk = climb(walk);
  }
  return walk.sn === 0 && equalBytes(olderHash, older.root) && equalBytes(newerHash, newer.root);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** `fn`: the node being proven on its level; `sn`: the level's last node (names of RFC 9162). */
interface Walk {
  readonly fn: number;
  readonly sn: number;
}

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isRight = (n: number): boolean => n % 2 === 1;
const isRightmostOrRight = ({ fn, sn }: Walk): boolean => isRight(fn) || fn === sn;
const climb = ({ fn, sn }: Walk): Walk => ({ fn: Math.floor(fn / 2), sn: Math.floor(sn / 2) });

/** A last node without sibling moves up unchanged, until it is a right child or the root. */
function climbToRight(from: Walk): Walk {
  let walk = from;
  while (!isRight(walk.fn) && walk.fn !== 0) walk = climb(walk);
  return walk;
}

function climbWhileRight(from: Walk): Walk {
  let walk = from;
  while (isRight(walk.fn)) walk = climb(walk);
  return walk;
}
