import type { FamilyResult, Simulation } from './measure.ts';
import type { Replayed } from './replay.ts';
import type { Estimate } from './stats.ts';

const COLUMNS: readonly (readonly [title: string, of: (result: FamilyResult) => string])[] = [
  ['family', ({ family, cooperative }) => `${family}${cooperative ? ' *' : ''}`],
  ['feasible', ({ feasible }) => String(feasible)],
  ['agreed', ({ agreed }) => percent(agreed)],
  ['joint', ({ joint }) => percent(joint)],
  ['company', ({ company }) => points(company)],
  ['customer', ({ customer }) => points(customer)],
  ['to Nash', ({ nashDistance }) => nashDistance.toFixed(1)],
  ['to K-S', ({ kalaiDistance }) => kalaiDistance.toFixed(1)],
  ['to Pareto', ({ paretoDistance }) => paretoDistance.toFixed(1)],
  ['discount', ({ discount }) => discount.toFixed(1)],
  ['rounds', ({ rounds }) => rounds.toFixed(1)],
  ['persons', ({ persons }) => String(persons)],
  ['missed', ({ missed }) => String(missed)],
  ['breaches', ({ breaches }) => String(breaches)],
];

const percent = ({ value, low, high }: Estimate) =>
  `${(value * 100).toFixed(0)} % (${(low * 100).toFixed(0)} to ${(high * 100).toFixed(0)})`;
const points = ({ value, low, high }: Estimate) => `${value.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;

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
  '* moves towards an agreement. Agreed, joint, gains and distances are of the talks in which both could gain, and count as nothing where nothing was agreed; in percent of what the record says, above each side’s limit, with where they lie 95 times in 100. Missed: the customer proposed something within the policy, and it came to nothing.';

/** For a terminal. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}
