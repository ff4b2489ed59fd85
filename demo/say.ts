import type { JsonObject } from '../protocol/base/json.ts';
import { formatMoney, type Money } from '../protocol/base/money.ts';

const NAME_WIDTH = 9;
const NEXT = 'next_';
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

/** What the CRM keeps for the term after the running one, under the names of the running one's fields. */
function nextTerm(record: CrmRecord): CrmRecord {
  const next = Object.entries(record).flatMap(([name, value]) =>
    name.startsWith(NEXT) ? [[name.slice(NEXT.length), value]] : [],
  );
  return Object.fromEntries(next);
}

export function nextTermLine(record: CrmRecord): string {
  const next = nextTerm(record);
  return `${termsLine(next)}, from ${String(next['start_date'])} to ${String(next['end_date'])}`;
}

/** What the CRM holds of the agreed terms: for the next term where that begins on the agreed day, else for the running one. */
export function heldTerms(record: CrmRecord, agreed: JsonObject): CrmRecord {
  const next = nextTerm(record);
  const held = next['start_date'] === agreed['start_date'] ? next : record;
  // The CRM has its own name for one of the terms.
  return { ...held, payment_days: held['payment_terms_days'] };
}
