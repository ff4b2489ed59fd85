import type { Comparison } from './compare.ts';
import { cornersOf, type Frontier } from './frontier.ts';
import type { FamilyResult } from './measure.ts';
import type { Replayed } from './replay.ts';
import { type Difference, type Estimate, PAIRS_MIN } from './stats.ts';

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
export function rowsOf(families: readonly FamilyResult[]): readonly (readonly string[])[] {
  return [COLUMNS.map(([title]) => title), ...families.map((each) => COLUMNS.map(([, of]) => of(each)))];
}

/** What a policy says first about a record, in money. */
export interface Opening {
  readonly record: string;
  readonly today: string;
  readonly first: string;
  /** What else it has that the record has not. */
  readonly besides: readonly string[];
}

/** As an operator would read them out. */
export function openingRows(openings: readonly Opening[]): readonly (readonly string[])[] {
  const rows = openings.map(({ record, today, first, besides }) => [
    record,
    today,
    first,
    besides.length === 0 ? 'all as today' : besides.join(', '),
  ]);
  return [['record', 'today', 'first offer', 'with'], ...rows];
}

/** Whether the other policy is better than this one, and how sure that is. */
export function comparisonWords({ company, customer, agreed, persons }: Comparison): readonly string[] {
  if (company.verdict === 'too_few')
    return [
      `${company.pairs} talks are too few to say anything: at least ${PAIRS_MIN} are needed, and a few hundred tell more. Give more --runs.`,
    ];
  const said = (
    { value, low, high, verdict }: Difference,
    scale: number,
    words: { readonly unit: string; readonly of: string },
  ) => {
    const number = (each: number) => Math.abs(each * scale).toFixed(1);
    const range = [low, high].map((each) => `${each < 0 ? '−' : ''}${number(each)}`).join(' to ');
    return verdict === 'no_difference_seen'
      ? `${words.of}: no difference seen in ${company.pairs} talks; it may lie anywhere from ${range} ${words.unit}.`
      : `${words.of}: ${number(value)} ${words.unit} ${verdict === 'more' ? 'more' : 'less'} with the other policy (${range}).`;
  };
  const better =
    company.verdict === 'more'
      ? 'Yes, for the company'
      : company.verdict === 'less'
        ? 'No, not for the company'
        : 'It cannot be told from these talks';
  return [
    `${better}. Both are measured by what this policy says things are worth, before the same customers.`,
    said(company, 1, { unit: '% of the record a talk', of: 'The company’s gain' }),
    said(customer, 1, { unit: '% of the record a talk', of: 'The customer’s gain' }),
    said(agreed, 100, { unit: 'of 100 talks', of: 'Agreements' }),
    said(persons, 100, { unit: 'of 100 talks', of: 'Talks that go to a person' }),
  ];
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

/** Where the deals are that are best by one measure or another; in percent. */
export function pointsRows({ feasible, joint, nash, kalai, pareto }: Frontier): readonly (readonly string[])[] {
  const number = (points: number) => (points / 100).toFixed(1);
  if (!feasible) return [['no deal is good for both']];
  return [
    ['deal', 'company', 'customer', 'sum'],
    ['Nash', number(nash.company), number(nash.customer), number(nash.company + nash.customer)],
    ['Kalai–Smorodinsky', number(kalai.company), number(kalai.customer), number(kalai.company + kalai.customer)],
    ['largest sum', '', '', number(joint)],
    [`${cornersOf(pareto).length} corners of the frontier`, '', '', ''],
  ];
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
