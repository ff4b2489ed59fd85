import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT, leafHash, nodeHash, verifyConsistency, verifyInclusion } from '../../protocol/receipt/merkle.ts';
import {
  consistencyPath,
  type Frontier,
  frontierIndexes,
  inclusionPath,
  rootOf,
  storedHashCount,
  storedHashesForNewLeaf,
  storedHashIndex,
} from './tree.ts';

const SIZE = 200;
const leafOf = (index: number): Uint8Array => new TextEncoder().encode(`entry ${index}`);

/** A tree grown leaf by leaf, with the root after each. */
function grow(size: number) {
  let frontier: Frontier = [];
  const hashes: Uint8Array[] = [];
  const roots = [rootOf(frontier)];
  for (let index = 0; index < size; index++) {
    const grown = storedHashesForNewLeaf(index, frontier, leafOf(index));
    expect(hashes.length).toBe(storedHashCount(index));
    hashes.push(...grown.stored);
    frontier = grown.frontier;
    roots.push(rootOf(frontier));
  }
  const read = async (indexes: readonly number[]) => indexes.flatMap((index) => hashes[index] ?? []);
  return { hashes, roots, read };
}

/** RFC 6962 §2.1 by recursion over all leaves. */
function referenceRoot(from: number, to: number): Uint8Array {
  if (from === to) return EMPTY_ROOT;
  if (to - from === 1) return leafHash(leafOf(from));
  const middle = from + 2 ** Math.ceil(Math.log2(to - from) - 1);
  return nodeHash(referenceRoot(from, middle), referenceRoot(middle, to));
}

describe('stored hashes', () => {
  it('are numbered as in the Go checksum database', () => {
    // Leaves 0…3 and the subtrees they complete: h0 h1 h01 h2 h3 h23 h0123.
    expect([0, 1, 2, 3, 4].map((n) => storedHashIndex(0, n))).toEqual([0, 1, 3, 4, 7]);
    expect([0, 1, 2].map((n) => storedHashIndex(1, n))).toEqual([2, 5, 9]);
    expect(storedHashIndex(2, 0)).toBe(6);
    expect([0, 1, 2, 3, 4, 5, 8].map(storedHashCount)).toEqual([0, 1, 3, 4, 7, 8, 15]);
  });

  it('keep their numbers beyond 32 bits', () => {
    const leaf = 2 ** 40;
    expect(storedHashIndex(0, leaf)).toBe(2 * leaf - 1);
    expect(storedHashCount(leaf)).toBe(2 * leaf - 1);
  });

  it('give the root that RFC 6962 defines, grown or read back', async () => {
    const { roots, read } = grow(SIZE);
    for (let size = 0; size <= SIZE; size++) {
      expect(roots[size]).toEqual(referenceRoot(0, size));
      expect(rootOf(await read(frontierIndexes(size)))).toEqual(roots[size]);
    }
  });
});

describe('proofs', () => {
  it(`of inclusion verify for every leaf of every tree of up to ${SIZE}`, async () => {
    const { roots, read } = grow(SIZE);
    for (let size = 1; size <= SIZE; size++) {
      for (let index = 0; index < size; index++) {
        const path = await inclusionPath(index, size, read);
        const verifies = verifyInclusion({ index, size, path }, leafHash(leafOf(index)), roots[size] ?? EMPTY_ROOT);
        if (!verifies) expect.fail(`leaf ${index} of ${size}`);
      }
    }
  });

  it('of consistency verify for every pair of trees of up to 64', async () => {
    const { roots, read } = grow(64);
    for (let newer = 0; newer <= 64; newer++) {
      for (let older = 0; older <= newer; older++) {
        const path = await consistencyPath(older, newer, read);
        const head = (size: number) => ({ size, root: roots[size] ?? EMPTY_ROOT });
        if (!verifyConsistency(head(older), head(newer), path)) expect.fail(`${older} to ${newer}`);
        // A tree of the same size with another last leaf is never a prefix.
        const forged = { size: older, root: leafHash(leafOf(older)) };
        if (older > 0 && verifyConsistency(forged, head(newer), path)) expect.fail(`forged ${older} to ${newer}`);
      }
    }
  });

  it('are refused outside the tree, and when stored hashes are missing', async () => {
    const { read } = grow(5);
    await expect(inclusionPath(5, 5, read)).rejects.toThrow(RangeError);
    await expect(inclusionPath(-1, 5, read)).rejects.toThrow(RangeError);
    await expect(consistencyPath(6, 5, read)).rejects.toThrow(RangeError);
    await expect(inclusionPath(0, 5, async () => [])).rejects.toThrow('missing');
  });
});
