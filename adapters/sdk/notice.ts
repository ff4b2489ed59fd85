/** When a contract ends by notice, as the contract's own law has it: the data of the record, and the same arithmetic for every CRM. */
import type { Json } from '../../protocol/base/json.ts';
import { times, total } from '../../protocol/base/money.ts';
import { addDays, addMonths, endOf, lastDay, termEnd } from './calendar.ts';
import { isDay, isMoney, isWhole } from './values.ts';

/** One field of the contract; throws where it holds something that cannot be read. Only what decides is asked for. */
export type Law = (field: string) => Json;

export interface Notice {
  readonly when: 'now' | 'period_end' | 'date';
  /** With `date`: the day that is wished for. */
  readonly on: string | undefined;
  /** Whether the customer would pay to leave before the minimum term, or the term, is over. */
  readonly earlyExit: boolean;
  /** The day of notice at the company. */
  readonly given: string;
  /** The day of notice where the customer is: withdrawal counts by it. */
  readonly givenThere: string;
  /** Where the contract says nothing else. */
  readonly coolingOffDays: number;
  /** The contract as it was when its term began: what was agreed on since does not lower what leaving costs. */
  readonly before?: Law;
}

export interface Ending {
  /** The contract's last day. */
  readonly endsOn: string;
  readonly coolingOff: boolean;
  /** What leaving early costs. */
  readonly fee: { readonly amount: number; readonly currency: string } | undefined;
}

/** Terms looked ahead at most: a century of monthly ones. */
const TERMS_MAX = 1_200;

export function endingOf(law: Law, notice: Notice): Ending {
  const { when, on, given } = notice;
  if (when === 'now' && isWithdrawal(law, notice)) return { endsOn: given, coolingOff: true, fee: undefined };
  const { lawful, early } = earliestOf(law, given);
  const isEarly = notice.earlyExit && early < lawful && hasExit(law);
  const earliest = isEarly ? early : lawful;
  const last = lastOf(law);
  const wished = when === 'date' ? on : when === 'period_end' ? (last ?? dayOf(law, 'end_date')) : undefined;
  const ends = wished !== undefined && wished > earliest ? wished : earliest;
  const endsOn = last !== undefined && last < ends ? last : ends;
  // What ends on its own last day costs nothing, whatever its minimum term says.
  const isLeft = isEarly && endsOn < lawful && endsOn !== last;
  return { endsOn, coolingOff: false, fee: isLeft ? feeOf(law, notice.before) : undefined };
}

/** Within the cooling-off days of the contract's conclusion, the day itself not counted. */
function isWithdrawal(law: Law, { givenThere, coolingOffDays }: Notice): boolean {
  const concluded = dayOf(law, 'concluded_on') ?? dayOf(law, 'start_date');
  return (
    concluded !== undefined && givenThere <= addDays(concluded, wholeOf(law, 'cooling_off_days') ?? coolingOffDays)
  );
}

/** The first day the contract's law lets a notice end it on; and without its minimum term and the rest of its term. */
function earliestOf(law: Law, given: string): { readonly lawful: string; readonly early: string } {
  const notBefore = dayOf(law, 'no_notice_before');
  const from = notBefore !== undefined && notBefore > given ? notBefore : given;
  const counted = addDays(addMonths(from, wholeOf(law, 'notice_months') ?? 0), wholeOf(law, 'notice_days') ?? 0);
  const to = law('notice_to');
  const early = to === 'month' || to === 'quarter' || to === 'year' ? endOf(to, counted) : counted;
  const ended = to === 'term' ? endOfTerm(law, counted) : early;
  const minimum = minimumOf(law);
  return { lawful: minimum !== undefined && minimum > ended ? minimum : ended, early };
}

function minimumOf(law: Law): string | undefined {
  const until = dayOf(law, 'minimum_until');
  const [start, months] = [dayOf(law, 'start_date'), wholeOf(law, 'minimum_months')];
  return until ?? (start === undefined || months === undefined ? undefined : lastDay(start, months));
}

/** The end of the term that a day lies in: the present one, or one that follows by itself. */
function endOfTerm(law: Law, day: string): string {
  const months = wholeOf(law, 'term_months');
  let end = dayOf(law, 'next_end_date') ?? dayOf(law, 'end_date');
  if (end === undefined || months === undefined || law('auto_renew') !== true) return end ?? day;
  const present = dayOf(law, 'end_date') ?? end;
  if (present >= day) return present;
  let start = dayOf(law, 'start_date') ?? end;
  for (let n = 0; n < TERMS_MAX && end < day; n += 1) {
    const term = { anchor_day: law('anchor_day'), start_date: start, end_date: end, term_months: months };
    start = addDays(end, 1);
    end = termEnd({ term, start, months });
  }
  return end;
}

/** The last day of a contract that does not go on by itself, with what has been agreed to follow. */
function lastOf(law: Law): string | undefined {
  return law('auto_renew') === true ? undefined : (dayOf(law, 'next_end_date') ?? dayOf(law, 'end_date'));
}

const hasExit = (law: Law): boolean => law('early_exit_fee') !== null || law('early_exit_months') !== null;

/** The greater of what it costs by the contract as it is and as it was. */
function feeOf(law: Law, before: Law | undefined): Ending['fee'] {
  const now = feeBy(law);
  const then = before === undefined ? now : feeBy(before);
  return then.currency === now.currency && then.amount > now.amount ? then : now;
}

function feeBy(law: Law): NonNullable<Ending['fee']> {
  const fee = law('early_exit_fee');
  if (isMoney(fee)) return { amount: fee.amount, currency: fee.currency };
  const [months, price, seats] = [wholeOf(law, 'early_exit_months'), law('unit_price'), wholeOf(law, 'seats')];
  if (months === undefined || !isMoney(price)) throw new TypeError('the early-exit fee cannot be told');
  return total(times(price, BigInt((seats ?? 1) * months)));
}

function dayOf(law: Law, field: string): string | undefined {
  const value = law(field);
  return isDay(value) ? value : undefined;
}

function wholeOf(law: Law, field: string): number | undefined {
  const value = law(field);
  return isWhole(value, 0) ? value : undefined;
}
