import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Issue } from '../engine/world.ts';
import type { Level } from './issues.ts';
import { PERIODS, type Period } from './period.ts';
import type { BudgetRule, Pace, PeopleRule, Points, SideIssue, Sign, Worth } from './policy.ts';

/** Collects what is wrong, so that everything is said at once. Messages name places and ranges, never what was written there. */
export interface Mistakes {
  add(text: string): void;
  number(path: string, value: Json | undefined, min: number, max: number): number;
  known(path: string, value: JsonObject, members: ReadonlySet<string>): void;
  /** A field that the record must have. */
  oneOf(path: string, name: string, names: readonly string[]): void;
}

const SIDE_MEMBERS = new Set(['range', 'allow', 'open', 'worth']);
const BUDGET_MEMBERS = new Set(['per', 'amount', 'currency', 'times', 'exhausted']);
const LEVEL_MAX = 1_000_000_000_000;

interface SidesOf {
  readonly issues: readonly Issue[];
  readonly main: string;
  readonly worthMax: number;
}

export function readSides(
  json: JsonObject,
  { issues, main, worthMax }: SidesOf,
  mistakes: Mistakes,
): ReadonlyMap<string, SideIssue> {
  const sides = new Map<string, SideIssue>();
  for (const [pointer, value] of Object.entries(json)) {
    const path = `/issues/${pointer}`;
    const issue = issues.find((each) => each.pointer === pointer);
    if (issue === undefined) mistakes.add(`${path} is not a negotiable issue of the action`);
    else if (pointer === main) mistakes.add(`${path} is the main issue`);
    else if (!isObject(value)) mistakes.add(`${path} must be an object`);
    else sides.set(pointer, readSide(path, value, { issue, worthMax }, mistakes));
  }
  return sides;
}

function readSide(
  path: string,
  json: JsonObject,
  { issue, worthMax }: { readonly issue: Issue; readonly worthMax: number },
  mistakes: Mistakes,
): SideIssue {
  mistakes.known(path, json, SIDE_MEMBERS);
  const worth = readWorth(`${path}/worth`, json['worth'] ?? {}, { issue, worthMax }, mistakes);
  if (issue.kind === 'choice') {
    const choices = issue.choices ?? [];
    const allowed = list(json['allow'] ?? choices).map((each) => choices.indexOf(String(each)));
    if (allowed.length === 0 || allowed.includes(-1)) mistakes.add(`${path}/allow must name choices of the issue`);
    const open = json['open'] === undefined ? null : choices.indexOf(String(json['open']));
    if (open !== null && !allowed.includes(open)) mistakes.add(`${path}/open must be an allowed choice`);
    if (json['range'] !== undefined) mistakes.add(`${path}/range is for numbers; a choice has allow`);
    for (const [index] of worth.knots)
      if (index >= 0 && !allowed.includes(index))
        mistakes.add(`${path}/worth/${choices[index]} is not allowed: it never counts`);
    return { min: 0, max: Math.max(0, choices.length - 1), allowed, open, worth };
  }
  if (json['allow'] !== undefined) mistakes.add(`${path}/allow is for choices; a number has range`);
  const range = list(json['range']);
  if (range.length !== 2) mistakes.add(`${path}/range must be [least, most]`);
  const min = level(mistakes, `${path}/range/0`, range[0] ?? 0, 0, LEVEL_MAX);
  const max = level(mistakes, `${path}/range/1`, range[1] ?? LEVEL_MAX, 0, LEVEL_MAX);
  if (min > max) mistakes.add(`${path}/range is empty`);
  const open = json['open'] === undefined ? null : level(mistakes, `${path}/open`, json['open'], 0, LEVEL_MAX);
  if (open !== null && (open < min || open > max)) mistakes.add(`${path}/open must lie in the range`);
  if (!worth.relative && min <= max)
    for (const [position] of worth.knots)
      if (position < min || position > max)
        mistakes.add(
          `${path}/worth/${position} lies outside the range: name its ends, ${min} and ${max}, and what is between`,
        );
  return { min, max, allowed: null, open, worth };
}

/** `{"12": 0, "24": 4}`: points at positions; `{"100%": 0, "125%": 2}`: positions in percent of today's value; `{"credit": 10}`: of choices. */
function readWorth(
  path: string,
  json: Json,
  { issue, worthMax }: { readonly issue: Issue; readonly worthMax: number },
  mistakes: Mistakes,
): Worth {
  if (!isObject(json)) {
    mistakes.add(`${path} must be an object`);
    return { relative: false, knots: [] };
  }
  const names = Object.keys(json);
  const relative = names.length > 0 && names.every((name) => name.endsWith('%'));
  if (relative && (issue.kind === 'choice' || issue.kind === 'date'))
    mistakes.add(`${path} cannot be in percent of a ${issue.kind}`);
  const knots = names.map((name): readonly [number, Points] => {
    const points = Math.round(mistakes.number(`${path}/${name}`, json[name], -worthMax, worthMax) * 100);
    if (issue.kind === 'choice') {
      const index = (issue.choices ?? []).indexOf(name);
      if (index < 0) mistakes.add(`${path}/${name} is not a choice of the issue`);
      return [index, points];
    }
    if (!/^\d{1,13}%?$/.test(name) || name.endsWith('%') !== relative)
      mistakes.add(`${path}/${name} must be a whole number, or all of them percentages`);
    return [Number.parseInt(name, 10) || 0, points];
  });
  return { relative, knots: knots.sort(([a], [b]) => a - b) };
}

export function readBudget(
  json: JsonObject,
  issues: readonly Issue[],
  sign: Sign,
  name: string,
  mistakes: Mistakes,
): BudgetRule {
  mistakes.known('/budget', json, BUDGET_MEMBERS);
  const { per, currency } = json;
  const period = readPeriod('/budget/per', per, mistakes);
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) mistakes.add('/budget/currency must be ISO 4217');
  const times = list(json['times'] ?? []).map(String);
  const countable = issues.filter(({ kind }) => kind !== 'money' && kind !== 'choice' && kind !== 'date');
  if (!times.every((each) => countable.some(({ pointer }) => pointer === each)))
    mistakes.add('/budget/times must name issues that are numbers');
  const exhausted = json['exhausted'] ?? (sign === 1 ? 'no_discount' : 'person');
  if (exhausted !== 'no_discount' && exhausted !== 'person')
    mistakes.add('/budget/exhausted must be no_discount or person');
  return {
    period,
    currency: String(currency),
    limit: level(mistakes, '/budget/amount', json['amount'], 0, LEVEL_MAX),
    times,
    exhausted: exhausted === 'person' ? 'person' : 'no_discount',
    name,
  };
}

const PEOPLE_MEMBERS = new Set(['within_percent', 'per', 'cases', 'per_account']);
const CASES_MAX = 100_000;

/** What people give of their time where a policy says nothing of it: about four cases a working day, and no customer more than a tenth. */
const PEOPLE_DEFAULT = { within_percent: 10, per: 'week', cases: 20, per_account: 2 };

export function readPeople(json: Json | undefined, name: string, mistakes: Mistakes): PeopleRule | null {
  if (json === 'none') return null;
  if (json !== undefined && !isObject(json)) mistakes.add('/people must be an object, or none');
  const given = isObject(json) ? json : {};
  mistakes.known('/people', given, PEOPLE_MEMBERS);
  const { within_percent: within, per, cases, per_account: perAccount } = { ...PEOPLE_DEFAULT, ...given };
  return {
    withinPercent: mistakes.number('/people/within_percent', within, 0, 100),
    period: readPeriod('/people/per', per, mistakes),
    cases: level(mistakes, '/people/cases', cases, 0, CASES_MAX),
    perAccount: level(mistakes, '/people/per_account', perAccount, 1, CASES_MAX),
    name,
  };
}

const PACE_MEMBERS = new Set(['between_rounds', 'offers_stand']);
const SECONDS = { minute: 60, hour: 3_600, day: 86_400 } as const;
/** Six rounds a week apart are longer than any customer waits. */
const BETWEEN_MAX = 7 * SECONDS.day;

export function readPace(json: Json | undefined, mistakes: Mistakes): Pace {
  if (json !== undefined && !isObject(json)) mistakes.add('/pace must be an object');
  const given = isObject(json) ? json : {};
  mistakes.known('/pace', given, PACE_MEMBERS);
  const span = (name: string, otherwise: number, max: number): number => {
    const value = given[name];
    if (value === undefined) return otherwise;
    const [, count = '', unit] = /^([1-9]\d{0,3}) (minute|hour|day)s?$/.exec(String(value)) ?? [];
    const seconds = unit === 'minute' || unit === 'hour' || unit === 'day' ? Number(count) * SECONDS[unit] : undefined;
    if (seconds === undefined || seconds > max)
      mistakes.add(
        `/pace/${name} must be a number of minutes, hours or days (“4 hours”), ${max / SECONDS.hour} hours at most`,
      );
    return seconds ?? otherwise;
  };
  return {
    between: span('between_rounds', 0, BETWEEN_MAX),
    offers: span('offers_stand', LIMITS.offerLifetimeSeconds, LIMITS.negotiationLifetimeSeconds),
  };
}

function readPeriod(path: string, value: Json | undefined, mistakes: Mistakes): Period {
  const period = PERIODS.find((each) => each === value);
  if (period === undefined) mistakes.add(`${path} must be ${PERIODS.slice(0, -1).join(', ')} or ${PERIODS.at(-1)}`);
  return period ?? 'month';
}

function level(mistakes: Mistakes, path: string, value: Json | undefined, min: number, max: number): Level {
  const read = mistakes.number(path, value, min, max);
  if (!Number.isInteger(read)) mistakes.add(`${path} must be a whole number`);
  return Math.trunc(read);
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
