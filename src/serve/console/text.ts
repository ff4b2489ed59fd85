import { html } from 'hono/html';
import type { Json } from '../../../protocol/base/json.ts';
import { formatMoney, type Money, type Price } from '../../../protocol/base/money.ts';
import { revealed } from '../../../protocol/words/revealed.ts';
import type { Html } from './layout.ts';

/** What a stranger wrote may be this long on a page; the rest is counted, not shown. */
const QUOTE_CHARS_MAX = 4_000;

/** A stranger's text for a person's eyes: what hides, reorders or looks like something else becomes visible, and it is cut. Escaping is the template's. */
export function quoted(text: string): string {
  const cut = text.slice(0, QUOTE_CHARS_MAX);
  const shown = revealed(cut, { lines: true });
  return text.length > QUOTE_CHARS_MAX
    ? `${shown}\n… ${text.length - QUOTE_CHARS_MAX} more characters are not shown.`
    : shown;
}

/** A value of a plan or of terms, for people. */
export function shown(value: Json | undefined): string {
  if (value === null || value === undefined || value === '') return '—';
  if (isMoney(value)) return money(value);
  return typeof value === 'object' ? quoted(JSON.stringify(value)) : quoted(String(value));
}

/** `51,471.36 EUR`, with a minus that is one. */
export function money(value: Price): string {
  return formatMoney(value)
    .replace(/\d+/, (units) => units.replace(/\B(?=(?:\d{3})+$)/g, ','))
    .replace(/^-/, '−');
}

/** As {@link quoted}, with dates, numbers and names of records in one piece. */
export function whole(text: string): Html {
  const parts = quoted(text).split(/(?<=\s)|(?=\s)/);
  return html`${parts.map((part) => (/^(?=.*\d)\S*-\S{1,24}$/.test(part) && part.length <= 24 ? html`<span class="nb">${part}</span>` : part))}`;
}

export function isMoney(value: unknown): value is Money {
  return (
    typeof value === 'object' &&
    value !== null &&
    'amount' in value &&
    typeof value.amount === 'number' &&
    'currency' in value &&
    typeof value.currency === 'string'
  );
}

/** `24 Nov 2026, 13:05 UTC`. */
export function when(at: string): string {
  const date = new Date(at);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}

export function label(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
