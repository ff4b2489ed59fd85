/** Mutual information of two things observed together, in bits, by their frequencies (the plug-in estimate: never below the truth on
 * average). 0 where one tells nothing of the other. */
export function mutualInformation(pairs: readonly (readonly [a: string, b: string])[]): number {
  const [as, bs, both] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const count = (of: Map<string, number>, key: string) => of.set(key, (of.get(key) ?? 0) + 1);
  for (const [a, b] of pairs) {
    count(as, a);
    count(bs, b);
    count(both, JSON.stringify([a, b]));
  }
  const entropy = (of: Map<string, number>) =>
    [...of.values()].reduce((sum, n) => sum - (n / pairs.length) * Math.log2(n / pairs.length), 0);
  return Math.max(0, entropy(as) + entropy(bs) - entropy(both));
}
