import type { Json } from '../../protocol/base/json.ts';
import { amountAt, moneyAt, type Price } from '../../protocol/base/money.ts';
import type { Issue } from '../engine/world.ts';

/** A position on one issue as a whole number: minor units, months, days after the starting date, or a choice's index. */
export type Level = number;

/** Where the levels of one negotiation start from. */
export interface Origin {
  /** ISO 4217: of every money issue. */
  readonly currency: string;
  /** By pointer of a date issue: the day that is level 0. */
  readonly days: ReadonlyMap<string, string>;
  /** Digits after the point that money is talked about in. */
  readonly scale: number;
}

/** The level of a value; `undefined` for what is not a value of this issue. */
export function levelOf(issue: Issue, value: Json | undefined, origin: Origin): Level | undefined {
  switch (issue.kind) {
    case 'money':
      return isMoney(value) && value.currency === origin.currency ? amountAt(value, origin.scale) : undefined;
    case 'date': {
      const start = origin.days.get(issue.pointer);
      return start !== undefined && isDate(value) ? daysBetween(start, value) : undefined;
    }
    case 'choice': {
      const index = typeof value === 'string' ? (issue.choices ?? []).indexOf(value) : -1;
      return index < 0 ? undefined : index;
    }
    default:
      return isCount(value) ? value : undefined;
  }
}

export function valueAt(issue: Issue, level: Level, origin: Origin): Json {
  switch (issue.kind) {
    case 'money':
      return { ...moneyAt({ amount: level, currency: origin.currency, scale: origin.scale }) };
    case 'date':
      return dayAfter(origin.days.get(issue.pointer) ?? '', level);
    case 'choice':
      return issue.choices?.[level] ?? '';
    default:
      return level;
  }
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isMoney(value: unknown): value is Price {
  return (
    typeof value === 'object' &&
    value !== null &&
    'amount' in value &&
    isCount(value.amount) &&
    'currency' in value &&
    typeof value.currency === 'string'
  );
}

export function isDate(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value));
}

const DAY_MS = 86_400_000;

export function dayAfter(date: string, days = 1): string {
  if (days === 0) return date;
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Whole days from `a` to `b`. */
export function daysBetween(a: string, b: string): number {
  return Math.round((Date.parse(`${b}T00:00:00Z`) - Date.parse(`${a}T00:00:00Z`)) / DAY_MS);
}
