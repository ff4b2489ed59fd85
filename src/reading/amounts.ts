/** Amounts of money in a text, as people write them: 38.00 EUR, 38,00 €, $38.50, EUR 1.234,50, 1'234.50 CHF. */
import { digitsOf, fromDecimal, type Price } from '../../protocol/base/money.ts';

export interface Found<T> {
  readonly value: T;
  /** Where it stands in the text. */
  readonly from: number;
  readonly to: number;
}

const SIGNS: Readonly<Record<string, string>> = {
  '€': 'EUR',
  $: 'USD',
  '£': 'GBP',
  '¥': 'JPY',
  zł: 'PLN',
  '₹': 'INR',
  '₺': 'TRY',
};
const NAMES: Readonly<Record<string, string>> = {
  euro: 'EUR',
  euros: 'EUR',
  eur: 'EUR',
  dollar: 'USD',
  dollars: 'USD',
  franken: 'CHF',
  francs: 'CHF',
  pound: 'GBP',
  pounds: 'GBP',
};
const CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

const NUMBER = "\\d{1,3}(?:[ .,'’\\u00a0\\u202f]\\d{3})+(?:[.,]\\d{1,6})?(?!\\d)|\\d{1,12}(?:[.,]\\d{1,6})?(?!\\d)";
const CURRENCY =
  '[€$£¥₹₺]|zł|(?<!\\p{L})(?:[A-Z]{3}|[Ee]uros?|eur|[Dd]ollars?|[Ff]ranken|[Ff]rancs|[Pp]ounds?)(?!\\p{L})';
const AMOUNT = new RegExp(
  `(?<!\\p{N} ?)(?<before>${CURRENCY})[ \\u00a0\\u202f]?(?<first>${NUMBER})|(?<![\\p{L}\\d.,-])(?<!\\d[ '’\\u00a0\\u202f])(?<second>${NUMBER})[ \\u00a0\\u202f]?(?<after>${CURRENCY})(?!\\d| \\d{2}(?![\\d.,]| ?\\p{L}))`,
  'gu',
);

/** `finest`: digits after the point that the price may have. */
export function amountsIn(text: string, finest: number): readonly Found<Price>[] {
  return [...text.matchAll(AMOUNT)].flatMap((match) => {
    const { before, first, second, after } = match.groups ?? {};
    const currency = currencyOf(before ?? after ?? '');
    const value = currency === undefined ? undefined : priceOf(first ?? second ?? '', { currency, finest });
    return value === undefined ? [] : [{ value, from: match.index, to: match.index + match[0].length }];
  });
}

/** A number as people write it, in a currency. */
export function priceOf(
  written: string,
  { currency, finest }: { readonly currency: string; readonly finest: number },
): Price | undefined {
  const decimal = decimalOf(written);
  return decimal === undefined ? undefined : fromDecimal(decimal, currency, Math.max(finest, digitsOf(currency)));
}

function currencyOf(written: string): string | undefined {
  const named = SIGNS[written] ?? NAMES[written.toLowerCase()];
  return named ?? (CODES.has(written) ? written : undefined);
}

/** With a point before the fraction and nothing between the digits. Of the two signs the last is the fraction's; one that stands alone
 * before three digits, or more than once, parts thousands. What was meant is shown before it counts. */
export function decimalOf(written: string): string | undefined {
  const bare = written.replace(/[ '’\u00a0\u202f]/gu, '');
  const marks = bare.match(/[.,]/g) ?? [];
  const last = marks.at(-1);
  if (last === undefined) return bare;
  const fraction = bare.slice(bare.lastIndexOf(last) + 1);
  const partsThousands =
    new Set(marks).size === 1 && (marks.length > 1 || (fraction.length === 3 && !bare.startsWith('0')));
  if (partsThousands) return bare.replaceAll(last, '');
  const units = bare.slice(0, bare.lastIndexOf(last)).replace(/[.,]/g, '');
  return `${units}.${fraction}`;
}
