/** An amount of money: integer minor units and an ISO 4217 code. `{amount: 1999, currency: 'EUR'}` is 19.99 EUR. Never a float. */
export interface Money {
  /** Integer, in the currency's minor units (cents for EUR). Safe integer. */
  readonly amount: number;
  /** ISO 4217 alphabetic code. */
  readonly currency: string;
}

/** Digits after the point, per ISO 4217, for the currencies that do not have two. */
const MINOR_DIGITS = new Map<string, number>([
  ...[
    'BIF',
    'CLP',
    'DJF',
    'GNF',
    'ISK',
    'JPY',
    'KMF',
    'KRW',
    'PYG',
    'RWF',
    'UGX',
    'VND',
    'VUV',
    'XAF',
    'XOF',
    'XPF',
  ].map((code) => [code, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3] as const),
]);

/** Exact decimal text for people and for CRMs that want decimals: `1999 EUR` → `19.99`. */
export function toDecimal(money: Money): string {
  const digits = MINOR_DIGITS.get(money.currency) ?? 2;
  const sign = money.amount < 0 ? '-' : '';
  const units = String(Math.abs(money.amount)).padStart(digits + 1, '0');
  return digits === 0 ? `${sign}${units}` : `${sign}${units.slice(0, -digits)}.${units.slice(-digits)}`;
}

/** The other way, for CRMs that hold decimals; undefined where there is a fraction of a minor unit, or more than can be counted exactly. */
export function fromDecimal(text: string, currency: string): Money | undefined {
  const digits = MINOR_DIGITS.get(currency) ?? 2;
  const [, sign, units, fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text) ?? [];
  if (units === undefined || /[^0]/.test(fraction.slice(digits))) return undefined;
  const amount = Number(`${sign}${units}${fraction.slice(0, digits).padEnd(digits, '0')}`);
  return Number.isSafeInteger(amount) ? { amount: amount + 0, currency } : undefined;
}

/** `19.99 EUR`. */
export function formatMoney(money: Money): string {
  return `${toDecimal(money)} ${money.currency}`;
}
