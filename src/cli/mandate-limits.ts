import { fromDecimal } from '../../protocol/base/money.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { type MandateConstraints, PERIODS } from '../../protocol/mandate/facts.ts';

/** The limits `parley mandate` takes, as `parseArgs` wants them. */
export const LIMIT_OPTIONS = {
  'max-total': { type: 'string' },
  'max-total-per-period': { type: 'string' },
  'max-uses': { type: 'string' },
  'max-term-months': { type: 'string' },
  'max-seats': { type: 'string' },
  'max-delegations': { type: 'string' },
} as const;

export const LIMIT_USAGE =
  '[--max-total 1200.00:EUR] [--max-total-per-period 100.00:EUR/month] [--max-uses 10] [--max-term-months 36] [--max-seats 40] [--max-delegations 1]';

export type LimitsGiven = { readonly [K in keyof typeof LIMIT_OPTIONS]?: string | undefined };
type Limits = Omit<MandateConstraints, 'actions' | 'accounts'>;

/** `1200.00:EUR` and `100.00:EUR/month` are amounts as people write them; the rest are whole numbers. */
export function readLimits(given: LimitsGiven): Result<Limits, string> {
  const limits: Record<string, unknown> = {};
  for (const name of ['max-uses', 'max-term-months', 'max-seats', 'max-delegations'] as const) {
    const text = given[name];
    if (text === undefined) continue;
    if (!/^\d{1,9}$/.test(text)) return err(`--${name} must be a whole number, not ${text}`);
    limits[name.replaceAll('-', '_')] = Number(text);
  }
  const total = given['max-total'];
  if (total !== undefined) {
    const money = moneyOf(total);
    if (money === undefined) return err(`--max-total must be like 1200.00:EUR, not ${total}`);
    limits['max_total'] = money;
  }
  const inPeriod = given['max-total-per-period'];
  if (inPeriod !== undefined) {
    const [text = '', wanted = ''] = inPeriod.split('/');
    const [money, period] = [moneyOf(text), PERIODS.find((each) => each === wanted)];
    if (money === undefined || period === undefined)
      return err(`--max-total-per-period must be like 100.00:EUR/month (day, month or year), not ${inPeriod}`);
    limits['max_total_per_period'] = { ...money, period };
  }
  return ok(limits);
}

function moneyOf(text: string) {
  const [amount = '', currency = ''] = text.split(':');
  return /^[A-Z]{3}$/.test(currency) ? fromDecimal(amount, currency) : undefined;
}
