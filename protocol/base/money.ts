/** An amount of money: an integer and an ISO 4217 code. `{amount: 1999, currency: 'EUR'}` is 19.99 EUR. Never a float. */
export interface Money {
  /** Integer, in the currency's minor units (cents for EUR). Safe integer. */
  readonly amount: number;
  /** ISO 4217 alphabetic code. */
  readonly currency: string;
}

/** A unit price, which may be finer than the minor unit. A total never is. */
export interface Price extends Money {
  /** Digits after the point, 0 to 6, of `amount`: `{amount: 4995, currency: 'EUR', scale: 3}` is 4.995 EUR. Left out: minor units. */
  readonly scale?: number;
}

export const SCALE_MAX = 6;

/** Digits after the point, per ISO 4217, for the currencies that do not have two. */
const MINOR_DIGITS: ReadonlyMap<string, number> = new Map([
  ...codes(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...codes(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...codes(4, 'CLF UYW'),
]);

function codes(digits: number, names: string): (readonly [string, number])[] {
  return names.split(' ').map((name) => [name, digits] as const);
}

export function digitsOf(currency: string): number {
  return MINOR_DIGITS.get(currency) ?? 2;
}

const scaleOf = ({ scale, currency }: Price): number => scale ?? digitsOf(currency);

/** Exact decimal text for people and for CRMs that want decimals: `1999 EUR` → `19.99`. */
export function toDecimal(money: Price): string {
  const digits = scaleOf(money);
  const sign = money.amount < 0 ? '-' : '';
  const units = String(Math.abs(money.amount)).padStart(digits + 1, '0');
  return digits === 0 ? `${sign}${units}` : `${sign}${units.slice(0, -digits)}.${units.slice(-digits)}`;
}

/** The other way, for CRMs that hold decimals; undefined where there is a fraction of a minor unit, or more than can be counted exactly.
 * A unit price (`finest`: its scale at most) keeps its fraction. */
export function fromDecimal(text: string, currency: string, finest = 0): Price | undefined {
  const [, sign, units, fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text) ?? [];
  const scale = Math.max(digitsOf(currency), finest);
  if (units === undefined || /[^0]/.test(fraction.slice(scale))) return undefined;
  const amount = BigInt(`${units}${fraction.slice(0, scale).padEnd(scale, '0')}`);
  return leastScaled({ amount: sign === '-' ? -amount : amount, currency, scale });
}

/** In minor units, for CRMs that count them: `4.995 EUR` → `499.5`. */
export function toMinor(money: Price): number | string {
  const digits = digitsOf(money.currency);
  return amountAt(money, digits) ?? toDecimal({ ...money, scale: scaleOf(money) - digits });
}

/** The other way. */
export function fromMinor(text: string, currency: string, finest = 0): Price | undefined {
  const [, sign, units, fraction = ''] = /^(-?)(\d{1,16})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  const scale = digitsOf(currency) + fraction.length;
  if (units === undefined || (fraction !== '' && scale > finest)) return undefined;
  const amount = BigInt(`${units}${fraction}`);
  return leastScaled({ amount: sign === '-' ? -amount : amount, currency, scale });
}

interface Exact {
  readonly amount: bigint;
  readonly currency: string;
  readonly scale: number;
}

/** Without zeros at the end that say nothing, and without a scale where minor units will do. */
function leastScaled({ amount, currency, scale }: Exact): Price | undefined {
  const digits = digitsOf(currency);
  let [least, at] = [amount, scale];
  while (at > digits && least % 10n === 0n) [least, at] = [least / 10n, at - 1];
  if (at < digits) [least, at] = [least * 10n ** BigInt(digits - at), digits];
  const number = Number(least);
  if (!Number.isSafeInteger(number)) return undefined;
  return { amount: number + 0, currency, ...(at === digits ? {} : { scale: at }) };
}

/** Exactly so many times: as fine as the price is. Throws a `RangeError` where that is too much to count. */
export function times(money: Price, by: bigint): Price {
  return counted({ amount: BigInt(money.amount) * by, currency: money.currency, scale: scaleOf(money) });
}

/** Exactly the sum of two amounts of one currency. */
export function plus(a: Price, b: Price): Price {
  if (a.currency !== b.currency) throw new TypeError('two currencies cannot be added');
  const scale = Math.max(scaleOf(a), scaleOf(b));
  return counted({ amount: BigInt(raised(a, scale)) + BigInt(raised(b, scale)), currency: a.currency, scale });
}

/** In whole minor units, half a unit away from zero: the one rounding there is, done once, on the total. */
export function total(money: Price): Money {
  const { currency } = money;
  const [scale, digits] = [scaleOf(money), digitsOf(currency)];
  if (scale <= digits)
    return counted({ amount: BigInt(money.amount) * 10n ** BigInt(digits - scale), currency, scale: digits });
  const unit = 10n ** BigInt(scale - digits);
  const amount = BigInt(money.amount);
  const size = amount < 0n ? -amount : amount;
  const rounded = (size + unit / 2n) / unit;
  return counted({ amount: amount < 0n ? -rounded : rounded, currency, scale: digits });
}

/** The amount in units of a scale; undefined where it is finer than that. */
export function amountAt(money: Price, scale: number): number | undefined {
  const own = scaleOf(money);
  if (own <= scale) {
    const amount = Number(raised(money, scale));
    return Number.isSafeInteger(amount) ? amount : undefined;
  }
  const unit = 10 ** (own - scale);
  return money.amount % unit === 0 ? money.amount / unit : undefined;
}

/** Two amounts as numbers that can be compared: in the finer one's units. */
export function inOneScale(a: Price, b: Price): readonly [number, number] {
  const scale = Math.max(scaleOf(a), scaleOf(b));
  return [Number(raised(a, scale)), Number(raised(b, scale))];
}

/** How much more the one is than the other, in minor units, any part of one counting as one. */
export function excess(more: Price, less: Price, by: bigint): number {
  const digits = digitsOf(more.currency);
  const scale = Math.max(scaleOf(more), scaleOf(less), digits);
  const unit = 10n ** BigInt(scale - digits);
  const difference = (raised(more, scale) - raised(less, scale)) * by;
  return difference <= 0n ? 0 : Number((difference + unit - 1n) / unit);
}

/** The other way: money of so many units of a scale. */
export function moneyAt({ amount, currency, scale }: Required<Price>): Price {
  return counted({ amount: BigInt(amount), currency, scale });
}

const raised = (money: Price, scale: number): bigint => BigInt(money.amount) * 10n ** BigInt(scale - scaleOf(money));

function counted(exact: Exact): Price {
  const money = leastScaled(exact);
  if (money === undefined) throw new RangeError('a number is too large');
  return money;
}

/** `19.99 EUR`. */
export function formatMoney(money: Price): string {
  return `${toDecimal(money)} ${money.currency}`;
}
