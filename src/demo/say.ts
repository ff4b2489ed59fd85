import type { JsonObject } from '../../protocol/json.ts';
import { formatMoney, type Money } from '../../protocol/money.ts';

const NAME_WIDTH = 9;
const bold = (text: string) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);

export function scene(title: string): void {
  process.stdout.write(`\n${bold(title)}\n`);
}

export function say(who: string, text: string): void {
  process.stdout.write(`  ${who.padStart(NAME_WIDTH)}  ${text}\n`);
}

export function termsLine(terms: Readonly<Record<string, unknown>> | JsonObject): string {
  const { unit_price: price, seats, term_months: months, notice_days: notice } = terms;
  return `${formatMoney(price as Money)} per seat and month, ${String(seats)} seats, ${String(months)} months, ${String(notice)} days’ notice`;
}

export type CrmRecord = Readonly<Record<string, unknown>>;

export function recordLine(record: CrmRecord): string {
  return `${termsLine(record)}, ends ${String(record['end_date'])}, revision ${String(record['revision'])}`;
}
