import { hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT, leafHash, nodeHash, verifyConsistency, verifyInclusion } from './merkle.ts';

/** The eight leaves, roots and proofs of the Certificate Transparency reference implementation. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  hexToBytes,
);
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
].map(hexToBytes);

/** RFC 6962 §2.1, written as the RFC writes it: recursively over the leaves. Slow, and independent of what it checks. */
function referenceRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return leafHash(only);
  const k = split(leaves.length);
  return nodeHash(referenceRoot(leaves.slice(0, k)), referenceRoot(leaves.slice(k)));
}

/** RFC 6962 §2.1.1. */
function referencePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k
    ? [...referencePath(m, left), referenceRoot(right)]
    : [...referencePath(m - k, right), referenceRoot(left)];
}

const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);
const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe('RFC 6962 hashing', () => {
  it('has the known root of the empty tree', () => {
    expect(EMPTY_ROOT).toEqual(hexToBytes('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'));
  });

  it.each(ROOTS.map((root, at) => [at + 1, root] as const))('has the reference root of %i leaves', (size, root) => {
    expect(referenceRoot(LEAVES.slice(0, size))).toEqual(root);
  });
});

describe('inclusion proofs', () => {
  const root = ROOTS[7] ?? EMPTY_ROOT;
  const proof = {
    index: 0,
    size: 8,
    path: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ].map(hexToBytes),
  };
  const leaf = leafHash(LEAVES[0] ?? EMPTY_ROOT);

  it('verifies the reference proof', () => {
    expect(verifyInclusion(proof, leaf, root)).toBe(true);
  });

  it('refuses every single-bit flip of leaf, root and path', () => {
    for (let bit = 0; bit < 256; bit++) {
      expect(verifyInclusion(proof, flip(leaf, bit), root)).toBe(false);
      expect(verifyInclusion(proof, leaf, flip(root, bit))).toBe(false);
      for (const at of proof.path.keys()) {
        const path = proof.path.map((hash, each) => (each === at ? flip(hash, bit) : hash));
        expect(verifyInclusion({ ...proof, path }, leaf, root)).toBe(false);
      }
    }
  });

  it.each([
    ['another index', { index: 1 }],
    ['an index outside the tree', { index: 8 }],
    ['a negative index', { index: -1 }],
    ['a fractional index', { index: 0.5 }],
    ['another depth', { size: 9 }],
    ['an unsafe size', { size: 2 ** 53 }],
    ['a short path', { path: proof.path.slice(1) }],
    ['a long path', { path: [...proof.path, leaf] }],
    ['a short hash in the path', { path: [...proof.path.slice(0, 2), leaf.slice(1)] }],
  ])('refuses %s', (_what, change) => {
    expect(verifyInclusion({ ...proof, ...change }, leaf, root)).toBe(false);
  });

  it('verifies what the RFC’s own recursion proves, and only at its own position', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 40 }),
        fc.nat(39),
        fc.nat(39),
        (data, a, b) => {
          const leaves = data.map((bytes, at) => Uint8Array.of(at, ...bytes));
          const [index, other] = [a % leaves.length, b % leaves.length];
          const path = referencePath(index, leaves);
          const at = (position: number) =>
            verifyInclusion(
              { index: position, size: leaves.length, path },
              leafHash(leaves[index] ?? EMPTY_ROOT),
              referenceRoot(leaves),
            );
          return at(index) && (other === index || !at(other));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('consistency proofs', () => {
  // PROOF(6, D[8]) of the reference implementation.
  const path = [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ].map(hexToBytes);
  const head = (size: number) => ({ size, root: size === 0 ? EMPTY_ROOT : (ROOTS[size - 1] ?? EMPTY_ROOT) });

  it('verifies the reference proof', () => {
    expect(verifyConsistency(head(6), head(8), path)).toBe(true);
  });

  it('refuses every single-bit flip of either root and of the path', () => {
    for (let bit = 0; bit < 256; bit++) {
      expect(verifyConsistency({ ...head(6), root: flip(head(6).root, bit) }, head(8), path)).toBe(false);
      expect(verifyConsistency(head(6), { ...head(8), root: flip(head(8).root, bit) }, path)).toBe(false);
      for (const at of path.keys()) {
        const changed = path.map((hash, each) => (each === at ? flip(hash, bit) : hash));
        expect(verifyConsistency(head(6), head(8), changed)).toBe(false);
      }
    }
  });

  it('takes only an empty proof from the empty tree and from the same tree', () => {
    expect(verifyConsistency(head(0), head(8), [])).toBe(true);
    expect(verifyConsistency(head(8), head(8), [])).toBe(true);
    expect(verifyConsistency(head(0), head(8), path)).toBe(false);
    expect(verifyConsistency({ size: 0, root: head(1).root }, head(8), [])).toBe(false);
    expect(verifyConsistency(head(8), { size: 8, root: head(7).root }, [])).toBe(false);
    expect(verifyConsistency(head(8), head(6), path)).toBe(false);
    expect(verifyConsistency(head(6), head(8), [])).toBe(false);
  });
});
