/** The functions of expressions that know a calendar. */
import type { Environment } from '@marcbachmann/cel-js';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { dayIn, isTimeZone } from '../../protocol/base/zone.ts';
import { addDays, addMonths, endOf, lastDay, nextAnchor, termEnd } from './calendar.ts';
import { endingOf } from './notice.ts';
import { isDay, momentOf } from './values.ts';

export function registerCalendar(env: Environment): void {
  env.registerFunction('last_day(string, int): string', (start: string, months: bigint) =>
    lastDay(day(start), Number(months)),
  );
  env.registerFunction('add_days(string, int): string', (start: string, days: bigint) =>
    addDays(day(start), Number(days)),
  );
  env.registerFunction('add_months(string, int): string', (start: string, months: bigint) =>
    addMonths(day(start), Number(months)),
  );
  env.registerFunction('seconds_between(string, string): int', (from: string, to: string) =>
    BigInt(Math.floor((moment(to) - moment(from)) / 1_000)),
  );
  env.registerFunction('add_seconds(string, int): string', (time: string, seconds: bigint) =>
    new Date(moment(time) + Number(seconds) * 1_000).toISOString(),
  );
  env.registerFunction('day_in(string, string): string', (time: string, zone: string) => {
    if (!isTimeZone(zone)) throw new TypeError('not a time zone');
    return dayIn(zone, moment(time));
  });
  env.registerFunction('month_end(string): string', (each: string) => endOf('month', day(each)));
  env.registerFunction('quarter_end(string): string', (each: string) => endOf('quarter', day(each)));
  env.registerFunction('term_end(map, string, int): string', (term: unknown, start: string, months: bigint) =>
    termEnd({ term: members(term, TERM), start: day(start), months: Number(months) }),
  );
  env.registerFunction('next_anchor(map, string): int', (term: unknown, start: string) =>
    BigInt(nextAnchor({ term: members(term, TERM), start: day(start) })),
  );
}

export function registerNotice(env: Environment): void {
  const law = (contract: unknown) => (field: string) => members(contract, [field])[field] ?? null;
  const ending = (contract: unknown, asked: unknown, before: unknown) => {
    const { when, on = '', early_exit, given, given_there, cooling_off_days } = members(asked, NOTICE);
    if (when !== 'now' && when !== 'period_end' && when !== 'date') throw new TypeError('not a kind of notice');
    const { endsOn, coolingOff, fee } = endingOf(law(contract), {
      when,
      on: isDay(on) ? on : undefined,
      earlyExit: early_exit === true,
      given: day(String(given)),
      givenThere: day(String(given_there)),
      coolingOffDays: Number(cooling_off_days),
      ...(before === undefined ? {} : { before: law(before) }),
    });
    const fees = fee === undefined ? [] : [{ ...fee, amount: BigInt(fee.amount) }];
    return { ends_on: endsOn, cooling_off: coolingOff, fees };
  };
  env.registerFunction('notice(map, map): map', (contract: unknown, asked: unknown) =>
    ending(contract, asked, undefined),
  );
  // The third: the contract as it was.
  env.registerFunction('notice(map, map, map): map', ending);
}

const NOTICE = ['when', 'on', 'early_exit', 'given', 'given_there', 'cooling_off_days'];

/** What of a record says how its terms follow each other. */
const TERM = ['anchor_day', 'start_date', 'end_date', 'term_months'];

/** Some members of a map, as data; only these are read. */
function members(map: unknown, names: readonly string[]): JsonObject {
  if (typeof map !== 'object' || map === null) throw new TypeError('not a record');
  const held = map as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.map((name) => [name, Object.hasOwn(held, name) ? plain(held[name]) : null]));
}

/** A value of CEL's as data. */
export function plain(value: unknown): Json {
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new RangeError('a number is too large');
    return number;
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, each]) => [String(name), plain(each)]));
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
  throw new TypeError('an expression gave something that is not data');
}

function moment(text: string): number {
  const ms = momentOf(text);
  if (Number.isNaN(ms)) throw new TypeError('not a time');
  return ms;
}

function day(text: string): string {
  if (!isDay(text)) throw new TypeError('not a date');
  return text;
}
