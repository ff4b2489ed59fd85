import { digest } from '../../protocol/base/canonical.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { amountAt as amountOf, digitsOf, inOneScale, type Price } from '../../protocol/base/money.ts';
import { at, topName, withAt } from '../../protocol/base/pointer.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Terms } from '../../protocol/operation.ts';
import type { Issue } from '../engine/world.ts';
import { dayAfter, isCount, isDate, isMoney, type Level, levelOf, type Origin, valueAt } from './issues.ts';

/** A whole set of terms as numbers: one level for each issue, in the definition's order. */
export type Package = readonly Level[];

/** What a negotiation is about: an action's issues over one record. Knows the facts and no policy. */
export interface Space {
  readonly issues: readonly Issue[];
  /** Where everything stands today. */
  readonly base: Package;
  readonly currency: string;
  /** Levels of money in one minor unit. */
  readonly perUnit: number;
  /** A money amount or number of the record, or of the record as it was. */
  amountAt(pointer: string, record?: JsonObject): number | undefined;
  /** Where an issue stood in the record as it was. */
  baseAt(place: number, record?: JsonObject): Level | undefined;
  read(terms: Terms): Result<Package, Refusal>;
  write(levels: Package): Terms;
  /** An issue at a level, as terms have it. */
  valueAt(place: number, level: Level): Json;
  /** A proposal, completed: what it leaves out stays as last offered, or as it is today. */
  complete(proposal: JsonObject, last: Terms | null): Result<Terms, Refusal>;
}

export interface SpaceFacts {
  readonly issues: readonly Issue[];
  /** The terms schema's top members. */
  readonly members: readonly string[];
  /** The CRM's record: where today's values come from. */
  readonly record: JsonObject;
  /** What was asked: non-negotiable terms come from here first. */
  readonly input: JsonObject;
  /** `YYYY-MM-DD`: the starting point of dates the record knows nothing of. */
  readonly today: string;
}

export function makeSpace({ issues, members, record, input, today }: SpaceFacts): Result<Space, Refusal> {
  const found = originOf(issues, record, today);
  if (found === undefined) return unusable();
  const origin: Origin = found;
  const base: Level[] = [];
  for (const issue of issues) {
    const level = baseLevel(issue, record, origin);
    if (level === undefined) return unusable();
    base.push(level);
  }
  const fixed = fixedTerms(issues, members, record, input);
  const write = (levels: Package): Terms =>
    issues.reduce<JsonObject>(
      (terms, issue, index) => withAt(terms, issue.pointer, valueAt(issue, levels[index] ?? 0, origin)),
      fixed,
    );

  function read(terms: Terms): Result<Package, Refusal> {
    const levels: Level[] = [];
    for (const issue of issues) {
      const value = at(terms, issue.pointer);
      const level = levelOf(issue, value, origin);
      if (level === undefined) return err(unreadable(issue, { value, currency: origin.currency }));
      levels.push(level);
    }
    return ok(levels);
  }

  return ok({
    issues,
    base,
    currency: origin.currency,
    perUnit: 10 ** (origin.scale - digitsOf(origin.currency)),
    amountAt: (pointer, from = record) => {
      const issue = issues.find((each) => (each.record ?? each.pointer) === pointer);
      const value = issue === undefined ? at(from, pointer) : standing(issue, from);
      if (isMoney(value)) return value.currency === origin.currency ? amountOf(value, origin.scale) : undefined;
      return isCount(value) ? value : undefined;
    },
    baseAt: (place, from = record) => {
      const issue = issues[place];
      return issue === undefined ? undefined : baseLevel(issue, from, origin);
    },
    read,
    write,
    valueAt(place, level) {
      const issue = issues[place];
      return issue === undefined ? null : valueAt(issue, level, origin);
    },
    complete(proposal, last) {
      const merged: JsonObject = { ...(last ?? write(base)), ...proposal };
      const levels = read(merged);
      if (!levels.ok) return levels;
      const whole = write(levels.value);
      const stranger = Object.keys(proposal).find((name) => !same(proposal[name], whole[name]));
      return stranger === undefined
        ? ok(whole)
        : err(refusal('terms-invalid', `${stranger} is not open to negotiation. Open are: ${openTo(issues)}.`));
    },
  });
}

function originOf(issues: readonly Issue[], record: JsonObject, today: string): Origin | undefined {
  const days = new Map<string, string>();
  let [currency, scale] = ['', 0];
  for (const issue of issues) {
    const value = standing(issue, record);
    if (issue.kind === 'date') {
      const start = value ?? today;
      if (!isDate(start)) return undefined;
      days.set(issue.pointer, dayAfter(start, issue.days_after ?? 0));
    }
    if (issue.kind !== 'money' || !isMoney(value)) continue;
    if (currency === '') currency = value.currency;
    scale = Math.max(scale, scaleFor(issue, value));
  }
  return { currency, days, scale: Math.max(scale, digitsOf(currency)) };
}

/** Below this many units a step is more than a percent, and too coarse to talk about. */
const UNITS_MIN = 100;

/** As fine as the price is; a price of a few units finer, as far as its issue may be. */
function scaleFor({ decimals }: Issue, value: Price): number {
  const own = value.scale ?? digitsOf(value.currency);
  if (decimals === undefined || value.amount === 0) return digitsOf(value.currency);
  let scale = own;
  while (scale < decimals && (amountOf(value, scale) ?? UNITS_MIN) < UNITS_MIN) scale += 1;
  return scale;
}

/** Whether there is something for the issue to start from. */
export function hasStart(issue: Issue, record: JsonObject): boolean {
  return standing(issue, record) !== undefined;
}

/** Where an issue starts from: the value it is to change to before, else today's, as the record or else the definition has it. */
function standing(issue: Issue, record: JsonObject): Json | undefined {
  const planned = issue.planned === undefined ? undefined : at(record, issue.planned);
  return planned ?? at(record, issue.record ?? issue.pointer) ?? issue.default;
}

function baseLevel(issue: Issue, record: JsonObject, origin: Origin): Level | undefined {
  if (issue.kind === 'date') return 0;
  const value = standing(issue, record);
  // A fee that nobody has charged yet is no fee.
  if (issue.kind === 'money' && value === undefined && origin.currency !== '') return 0;
  return levelOf(issue, value, origin);
}

function fixedTerms(
  issues: readonly Issue[],
  members: readonly string[],
  record: JsonObject,
  input: JsonObject,
): JsonObject {
  const open = new Set(issues.map(({ pointer }) => topName(pointer)));
  const fixed = members.flatMap((name): [string, Json][] => {
    const value = open.has(name) ? undefined : (input[name] ?? record[name]);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(fixed);
}

function unreadable(
  issue: Pick<Issue, 'pointer'>,
  { value, currency }: { readonly value: Json | undefined; readonly currency: string },
): Refusal {
  return isMoney(value) && value.currency !== currency
    ? refusal('terms-invalid', `The record is in ${currency}; terms in another currency cannot be offered.`)
    : refusal('terms-invalid', `${issue.pointer} is not a value that can be offered.`);
}

const openTo = (issues: readonly Issue[]): string =>
  [...new Set(issues.map(({ pointer }) => topName(pointer)))].join(', ');

function unusable(): Result<never, Refusal> {
  return err(refusal('record-unusable', 'The record lacks what terms start from.'));
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (isMoney(a) && isMoney(b)) return a.currency === b.currency && inOneScale(a, b)[0] === inOneScale(a, b)[1];
  return a === b || (a !== undefined && b !== undefined && digest(a) === digest(b));
}
