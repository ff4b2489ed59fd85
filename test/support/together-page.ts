/** The page docs/actions-together.md, made from the table and the definitions. */
export interface Cell {
  readonly allowed: boolean;
  /** What becomes of what the first left on the record. */
  readonly marks?: string;
  /** Why it is refused. */
  readonly why?: string;
}

/** By the type of record, the first action and the second. */
export type Together = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Cell>>>>>>;

interface Definition {
  readonly name: string;
  readonly kind: string;
  readonly subjects: Readonly<Record<string, { readonly type: string; readonly shared?: boolean }>>;
}

export function pageOf(together: Together, definitions: readonly Definition[]): string {
  const names = definitions.map(({ name }) => name).toSorted();
  const cellOf = (first: string, second: string): Cell | undefined =>
    Object.values(together)
      .map((rows) => rows[first]?.[second])
      .find((cell) => cell !== undefined);
  const short = new Map(names.map((name, index) => [name, index + 1]));
  const mark = (cell: Cell | undefined) => (cell === undefined ? '·' : cell.allowed ? '✓' : '✗');
  const grid = names.map(
    (first) => `| ${short.get(first)} ${first} | ${names.map((second) => mark(cellOf(first, second))).join(' | ')} |`,
  );
  const rows = Object.entries(together).flatMap(([type, firsts]) => [
    `## On one ${type}`,
    '',
    '| first | then | | |',
    '|---|---|---|---|',
    ...Object.entries(firsts).flatMap(([first, seconds]) =>
      Object.entries(seconds).map(
        ([second, cell]) => `| ${first} | ${second} | ${mark(cell)} | ${cell.allowed ? cell.marks : cell.why} |`,
      ),
    ),
    '',
  ]);
  return [
    '# Actions on one record, one after another',
    '',
    'Made from `protocol/actions-together.json`. `npm run soak:together` walks all of it on every kind of CRM, through a whole gateway.',
    '',
    '✓ allowed · ✗ refused · `·` independent: they write no record in common, or one of them writes nothing that the other looks at.',
    'Where a CRM has no place for what is agreed for later, the step waits here for its day, and every other change or renewal sees it as if it',
    'were in the record.',
    '',
    `| first \\ then | ${names.map((name) => short.get(name)).join(' | ')} |`,
    `|---|${names.map(() => '---').join('|')}|`,
    ...grid,
    '',
    ...rows,
  ].join('\n');
}
