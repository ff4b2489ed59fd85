import type { FamilyResult, Simulation } from './measure.ts';
import type { Replayed } from './replay.ts';

const COLUMNS: readonly (readonly [title: string, of: (result: FamilyResult) => string])[] = [
  ['family', ({ family, cooperative }) => `${family}${cooperative ? ' *' : ''}`],
  ['talks', ({ talks }) => String(talks)],
  ['feasible', ({ feasible }) => String(feasible)],
  ['agreed', ({ agreementRate }) => percent(agreementRate)],
  ['joint', ({ jointUtility }) => percent(jointUtility)],
  ['to Pareto', ({ paretoDistance }) => points(paretoDistance)],
  ['to Nash', ({ nashDistance }) => points(nashDistance)],
  ['company', ({ companyGain }) => points(companyGain)],
  ['customer', ({ customerGain }) => points(customerGain)],
  ['discount', ({ discount }) => points(discount)],
  ['rounds', ({ rounds }) => rounds.toFixed(1)],
  ['persons', ({ persons }) => String(persons)],
  ['breaches', ({ breaches }) => String(breaches)],
];

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const points = (value: number) => value.toFixed(2);

/** Title row and one row a family. */
export function rowsOf({ families }: Simulation): readonly (readonly string[])[] {
  return [COLUMNS.map(([title]) => title), ...families.map((each) => COLUMNS.map(([, of]) => of(each)))];
}

/** One row a talk, then the sums. */
export function replayRows(results: readonly Replayed[]): readonly (readonly string[])[] {
  const worth = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));
  const rows = results.map(({ operation, was, would, rounds, worth: { before, now }, beyond }) => [
    operation,
    was,
    would,
    String(rounds.before),
    String(rounds.now),
    worth(before),
    worth(now),
    beyond ? 'yes' : '',
  ]);
  const count = (holds: (each: Replayed) => boolean) => String(results.filter(holds).length);
  const sums = [
    `${results.length} talks`,
    `${count(({ was }) => was === 'agreed')} agreed`,
    `${count(({ would }) => would === 'agreed')} agreed, ${count(({ would }) => would === 'open')} open`,
    '',
    '',
    '',
    '',
    count(({ beyond }) => beyond),
  ];
  return [['operation', 'was', 'would be', 'turns', 'then', 'worth', 'then', 'beyond the policy'], ...rows, sums];
}

export const LEGEND =
  '* moves towards an agreement. Agreed and joint are of the talks in which both could gain; gains, distances and discount are in percent of what the record says, above or away from each side’s limit.';

/** For a terminal. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}
