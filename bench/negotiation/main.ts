/** `npm run bench:negotiation`: the company's negotiator and two simpler ways to use the same policy, against every family of opponents, on
 * the same drawn scenes. Prints the table and writes bench/RESULTS-negotiation.md. Seeded: the same code gives the same figures. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scriptOptions } from '../../src/cli/script.ts';
import { packaged, parley, scalar, withoutSchedules } from '../../src/simulate/companies.ts';
import { WEIGHED } from '../../src/simulate/opponents.ts';
import { table } from '../../src/simulate/report.ts';
import type { Estimate } from '../../src/simulate/stats.ts';
import { drawMix } from './mix.ts';
import { type Entry, runTournament, type Tournament } from './tournament.ts';

const values = scriptOptions({
  usage: `npm run bench:negotiation [-- --scenes 250] [--seed 1] [--gap 0,2] [--reciprocity PERCENT] [--only COMPANIES]

The company's negotiator beside simpler ones, against every family of opponents. Writes bench/RESULTS-negotiation.md.
  --gap LEAST,MOST       points between where concessions end by themselves and the limit
  --reciprocity PERCENT  the last part of the path for those who come near; nothing is written
  --only COMPANIES       only these, separated by commas; nothing is written`,
  options: {
    scenes: { type: 'string', default: '250' },
    seed: { type: 'string', default: '1' },
    /** Least and most, in points, between where concessions end by themselves and the limit. */
    gap: { type: 'string', default: '0,2' },
    /** The last part of the path for those who come near, in percent; nothing is written. */
    reciprocity: { type: 'string' },
    /** Only these of the companies, and nothing is written. */
    only: { type: 'string' },
  },
});

const COMPANIES: readonly Entry[] = [
  { name: 'Parley', play: parley },
  { name: 'offers alone', play: withoutSchedules },
  { name: 'scalar', play: scalar },
  { name: 'packaged', play: packaged },
];
const GAPS = [1, 3, 7] as const;

const [least = 0, most = least] = values.gap.split(',').map(Number);
const settings = { scenes: Number(values.scenes), seed: Number(values.seed) };
const entries = COMPANIES.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
const more = values.reciprocity === undefined ? undefined : { reciprocity: Number(values.reciprocity) };
const main = runTournament(drawMix({ ...settings, gap: [least, most], more }), entries);
for (const line of table(rowsOf(main))) process.stdout.write(`${line}\n`);
process.stdout.write(`\n${caption(main)}\n`);
if (values.only === undefined && more === undefined) {
  const gaps = GAPS.map((gap) => ({
    gap,
    of: runTournament(drawMix({ ...settings, gap }), COMPANIES.slice(0, 1)),
  }));
  writeFileSync(join(import.meta.dirname, '..', 'RESULTS-negotiation.md'), written(main, gaps));
}
process.exitCode = main.sums.some(({ breaches }) => breaches > 0) ? 1 : 0;

function share({ value }: Estimate): string {
  return (value * 100).toFixed(0);
}

function rowsOf({ entries: companies, rows, sums }: Tournament): readonly (readonly string[])[] {
  const all = (cells: readonly string[]) => cells.join(' / ');
  const [first] = sums;
  const interval = ({ value, low, high }: Estimate, scale: number, digits: number) =>
    `${(value * scale).toFixed(digits)} (${(low * scale).toFixed(digits)}–${(high * scale).toFixed(digits)})`;
  return [
    ['opponent', 'agreed %', 'joint %', 'company', 'customer', 'to Nash', 'rounds', 'persons', 'breaches'],
    ...rows.map(({ family, results }) => [
      WEIGHED.includes(family) ? family : `${family} †`,
      all(results.map(({ agreed }) => share(agreed))),
      all(results.map(({ joint }) => share(joint))),
      all(results.map(({ company }) => company.value.toFixed(1))),
      all(results.map(({ customer }) => customer.value.toFixed(1))),
      all(results.map(({ nashDistance }) => nashDistance.toFixed(1))),
      all(results.map(({ rounds }) => rounds.toFixed(1))),
      `${results[0]?.persons ?? 0} (${results[0]?.forPersons ?? 0})`,
      all(results.map(({ breaches }) => String(breaches))),
    ]),
    ...companies.map(({ name }, index) => {
      const own = sums[index] ?? first;
      if (own === undefined) return [name];
      return [
        `mean, ${name}`,
        interval(own.agreed, 100, 0),
        interval(own.joint, 100, 0),
        interval(own.company, 1, 1),
        interval(own.customer, 1, 1),
        interval(own.nash, 1, 1),
        own.rounds.toFixed(1),
        `${own.persons} (${own.forPersons})`,
        String(own.breaches),
      ];
    }),
  ];
}

function caption({ scenes, feasible, possible, entries: companies, against }: Tournament): string {
  const compared = against.map(({ value, low, high, verdict }, index) => {
    const by = `${value.toFixed(1)} points (${low.toFixed(1)} to ${high.toFixed(1)})`;
    return verdict === 'too_few'
      ? `Against ${companies[index + 1]?.name}: too few scenes to say.`
      : `The company gains ${by} more a talk with ${companies[0]?.name} than with ${companies[index + 1]?.name}, scene by scene.`;
  });
  return [
    `${scenes} scenes, ${feasible} of them with something to gain for both, ${possible.toFixed(1)} points on average. Columns: ${companies.map(({ name }) => name).join(' / ')}.`,
    'All of the feasible scenes, no agreement counted as no gain. Points are percent of the reference price. In brackets: 95 of 100 repetitions (bootstrap over scenes).',
    'Persons: talks of Parley that a person has in the end, and in brackets those in which the customer proposed something within the policy.',
    '† asks for what it would not sign, and is not in the means.',
    ...compared,
  ].join('\n');
}

/** In columns, as the formatter has them. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const padded = rows.map((row) =>
    line(
      widths.map((width, column) =>
        column === 0 ? (row[0] ?? '').padEnd(width) : (row[column] ?? '').padStart(width),
      ),
    ),
  );
  const rule = line(widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
  return [padded[0], rule, ...padded.slice(1)].join('\n');
}

function written(tournament: Tournament, gaps: readonly { readonly gap: number; readonly of: Tournament }[]): string {
  const byGap = gaps.map(({ gap, of: { sums } }) => [
    String(gap),
    ...(sums[0] === undefined
      ? []
      : [
          share(sums[0].agreed),
          share(sums[0].joint),
          sums[0].company.value.toFixed(1),
          `${sums[0].persons} (${sums[0].forPersons})`,
          (sums[0].missed * 100).toFixed(1),
        ]),
  ]);
  return `# Negotiation, measured

\`npm run bench:negotiation\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, seed ${settings.seed}. The opponents are in
\`src/simulate/opponents.ts\` with where they were published, the scenes in \`bench/negotiation/mix.ts\`: renewals and refunds, policies and customers drawn at random,
customers' dislikes from nothing to twice what an issue is worth to the company.

${markdown(rowsOf(tournament))}

${caption(tournament)}

## How far the path ends from the limit

Between \`concede_to\` and \`limit\` only a person agrees. Parley, the same scenes but for that distance; missed: feasible talks that came to
nothing, and to no person, although the customer proposed something within the policy.

${markdown([['points', 'agreed %', 'joint %', 'company', 'persons', 'missed %'], ...byGap])}
`;
}
