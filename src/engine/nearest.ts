/** Which of the known names somebody may have meant; `undefined` when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [meant, distance] = known
    .map((each) => [each, distanceOf(plain(name), plain(each))] as const)
    .reduce((best, each) => (each[1] < best[1] ? each : best), ['', Number.POSITIVE_INFINITY] as const);
  return distance <= Math.max(1, Math.floor(meant.length / 3)) ? meant : undefined;
}

/** `unitPrice`, `unit-price` and `UNIT_PRICE` are one name. Nobody's name is longer than this. */
const plain = (name: string): string =>
  name
    .slice(0, 64)
    .replace(/[^a-z0-9]/gi, '')
    .toLowerCase();

/** Letters to put in, leave out, change, or swap with their neighbour, to make one of the other. */
function distanceOf(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const [up = 0, left = 0, across = 0] = [row[j], next[j - 1], row[j - 1]];
      const swap = isSwapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(up + 1, left + 1, across + (isSame ? 0 : 1), swap));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}

/** What a writer may have meant, as the end of a sentence. */
export function meant(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? '' : `: did you mean ${near}?`;
}
