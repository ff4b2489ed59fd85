/** A schedule as a table in words: what a model, or a person, reads at a glance. */
import type { Json } from '../base/json.ts';
import { formatMoney, toDecimal } from '../base/money.ts';
import type { OperationView, Schedule } from '../operation.ts';
import { choiceAt, priceAt } from '../schedule.ts';

/** The schedules that may be accepted from now, with how to; empty where there are none. */
export function schedulesInWords({ offers = [], open_offers: open = [] }: OperationView): string {
  return offers
    .flatMap(({ id, schedule }) => (schedule === undefined || !open.includes(id) ? [] : [aboutTable(id, schedule)]))
    .join('\n\n');
}

function aboutTable(id: string, schedule: Schedule): string {
  const { main, unit, issues, prices, firmness, indicative } = schedule;
  const firm = indicative.length === 0 ? '' : `; *: indicative, the others are ${firmness}`;
  const none = prices.includes(null) ? '; –: not offered' : '';
  const example = JSON.stringify(
    choiceAt(
      schedule,
      Math.max(
        0,
        prices.findIndex((price) => price !== null),
      ),
    ),
  );
  return [
    `Every package has its price: ${nameOf(main)}${unit === undefined ? '' : ` in ${unit.currency}`}, by ${issues.map(({ pointer }) => nameOf(pointer)).join(', ')}${firm}${none}.`,
    scheduleTable(schedule),
    `To take one, accept offer ${id} with its \`choice\`, e.g. ${example}. All else is as in that offer’s terms.`,
  ].join('\n');
}

/** One row for each package of all issues but the last, whose values are the columns. */
export function scheduleTable(schedule: Schedule): string {
  const { head, rows } = scheduleCells(schedule);
  return [head, ...rows].map((cells) => cells.join(' | ')).join('\n');
}

export interface Cells {
  readonly head: readonly string[];
  /** `*` behind what is indicative; `–` for what is not offered. */
  readonly rows: readonly (readonly string[])[];
}

export function scheduleCells(schedule: Schedule): Cells {
  const { issues, prices, indicative } = schedule;
  const [last, left] = [issues.at(-1), issues.slice(0, -1)];
  const columns = last?.values ?? [];
  const [first, ...others] = columns.map(shown);
  const head = [
    ...left.map(({ pointer }) => nameOf(pointer)),
    `${nameOf(last?.pointer ?? '')} ${first ?? ''}`,
    ...others,
  ];
  const rows = Array.from({ length: prices.length / Math.max(1, columns.length) }, (_, row) => {
    const at = row * columns.length;
    const choice = choiceAt(schedule, at);
    const cells = columns.map((_column, column) => {
      const price = priceAt(schedule, at + column);
      return price === null ? '–' : `${amountOf(price)}${indicative.includes(at + column) ? '*' : ''}`;
    });
    return [...left.map(({ pointer }) => shown(choice[pointer] ?? null)), ...cells];
  });
  return { head, rows };
}

const nameOf = (pointer: string): string => pointer.slice(1).replaceAll('/', '.');

function shown(value: Json): string {
  return isPrice(value) ? formatMoney(value) : String(value);
}

/** The currency stands above the table. */
function amountOf(value: Json): string {
  return isPrice(value) ? toDecimal(value) : String(value);
}

function isPrice(value: Json): value is { readonly amount: number; readonly currency: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'amount' in value &&
    'currency' in value &&
    typeof value['amount'] === 'number'
  );
}
