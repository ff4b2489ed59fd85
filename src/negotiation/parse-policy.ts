import { isObject, type Json, type JsonObject, objectOf } from '../../protocol/base/json.ts';
import { at, topName } from '../../protocol/base/pointer.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { meant } from '../engine/nearest.ts';
import { parseWindow, WINDOW_DEFAULT, WINDOW_WORDS, type Window } from '../engine/window.ts';
import type { Issue } from '../engine/world.ts';
import { type Mistakes, readBudget, readPace, readPeople, readSides } from './parse-parts.ts';
import { readSchedule } from './parse-schedule.ts';
import { NegotiationPolicy, type PolicyNumbers, type Sign, worthMost } from './policy.ts';

const MEMBERS = new Set([
  'main',
  'issues',
  'beta',
  'reciprocity',
  'pace',
  'alternatives',
  'hold',
  'people',
  'budget',
  'memory',
  'schedule',
]);
const MAIN_MEMBERS = new Set([
  'issue',
  'percent_of',
  'unit',
  'sample',
  'far',
  'since',
  'open',
  'concede_to',
  'limit',
  'never',
]);
/** What a policy has once said otherwise. */
const RENAMED = new Map([
  ['impasse_gap_percent', 'write people.within_percent: a person decides where they are no further apart than that'],
]);

/** What an action's records and terms have: where pointers and conditions may point. Left out where it is not known. */
export interface Known {
  readonly fields?: readonly string[] | undefined;
}

/** Reads one policy of the configuration. Every mistake at once; none of the messages repeats a value. `name` is whose budget it is. */
export function parseNegotiationPolicy(
  json: JsonObject,
  issues: readonly Issue[],
  budgetName: string,
  { fields }: Known = {},
): Result<NegotiationPolicy, readonly string[]> {
  const problems: string[] = [];
  const mistakes = collecting(problems);
  mistakes.known('', json, MEMBERS);
  const main = member(json, 'main');
  mistakes.known('/main', main, MAIN_MEMBERS);
  const issue = issues.find(({ pointer }) => pointer === main['issue']);
  if (issue === undefined) mistakes.add('/main/issue must be one of the action’s negotiable issues');
  else if (issue.kind === 'choice') mistakes.add('/main/issue must be a number, an amount or a date');
  const percentOf = main['percent_of'] ?? null;
  if (percentOf !== null && (typeof percentOf !== 'string' || !percentOf.startsWith('/')))
    mistakes.add(`/main/percent_of must be a pointer into the record, as ${issue?.pointer ?? '/unit_price'}`);
  else if (percentOf !== null && fields !== undefined) mistakes.oneOf('/main/percent_of', topName(percentOf), fields);
  const sample = readUnit(main, issue, mistakes);
  const most = percentOf === null ? AMOUNT_MAX : PERCENT_MAX;
  const points = (name: string) => Math.round(mistakes.number(`/main/${name}`, main[name], 0, most) * 100);
  const [open, concedeTo, limit] = [points('open'), points('concede_to'), points('limit')];
  const sign = directionOf(issue, open, limit);
  if (sign * open < sign * concedeTo || sign * concedeTo < sign * limit)
    mistakes.add(`/main must ${sign === 1 ? 'fall' : 'rise'}: open, concede_to, limit`);
  const never = main['never'] === undefined ? null : points('never');
  if (percentOf === null && main['since'] !== undefined)
    mistakes.add('/main/since needs /main/percent_of: what is looked at as it was then');
  if (never !== null && sign * never > sign * concedeTo) mistakes.add('/main/never must lie beyond concede_to');

  const worthMax = percentOf === null ? AMOUNT_MAX : WORTH_MAX;
  const sides = readSides(member(json, 'issues'), { issues, main: issue?.pointer ?? '', worthMax }, mistakes);
  // Where a path would come to it, what it is could be read off what it does there: by which packages then cost, or are not offered.
  // Nothing costs less than nothing: that is no secret.
  const isBound = never !== null && !(sign === 1 && never === 0) && sign * never <= sign * concedeTo;
  if (isBound && sign * (concedeTo - never) < worthMost(sides))
    mistakes.add(
      `/main/never is passed by the path to concede_to with everything the customer can give: ${sign === 1 ? 'raise concede_to, or lower worth or never' : 'lower concede_to or worth, or raise never'}`,
    );
  const numbers: PolicyNumbers = {
    main: issue?.pointer ?? '',
    sign,
    percentOf: typeof percentOf === 'string' ? percentOf : null,
    since: readWindow(main['since'], '/main/since', mistakes),
    far: mistakes.number('/main/far', main['far'] ?? FAR_DEFAULT, 0, PERCENT_MAX),
    sample,
    memory: json['memory'] === 'none' ? null : readWindow(json['memory'], '/memory', mistakes),
    open,
    concedeTo,
    beta: mistakes.number('/beta', json['beta'] ?? 1, 0.05, 20),
    reciprocity: mistakes.number('/reciprocity', json['reciprocity'] ?? 0, 0, 100) / 100,
    pace: readPace(json['pace'], mistakes),
    sides,
    schedule: readSchedule(json['schedule'], { issues, sides }, mistakes),
    alternatives: whole(mistakes, '/alternatives', json['alternatives'] ?? ALTERNATIVES_DEFAULT, 1, ALTERNATIVES_MAX),
    hold: readHold(json['hold'] ?? 'never', mistakes),
    people: readPeople(json['people'], budgetName.split('/')[0] ?? budgetName, mistakes),
    budget:
      json['budget'] === undefined ? null : readBudget(member(json, 'budget'), issues, sign, budgetName, mistakes),
  };
  if (numbers.budget !== null && issue?.kind !== 'money') mistakes.add('/budget needs a main issue that is money');
  if (numbers.budget !== null && sign === 1 && percentOf === null)
    mistakes.add('/budget needs /main/percent_of: what a discount is counted from');
  return problems.length > 0 ? err(problems) : ok(new NegotiationPolicy(numbers, limit, never));
}

function collecting(problems: string[]): Mistakes {
  return {
    add: (text) => void problems.push(text),
    number(path, value, min, max) {
      if (typeof value === 'number' && value >= min && value <= max) return value;
      problems.push(`${path} must be a number from ${min} to ${max}`);
      return min;
    },
    known(path, value, members) {
      for (const name of Object.keys(value)) {
        const now = RENAMED.get(name);
        if (members.has(name)) continue;
        if (now !== undefined) problems.push(`${path}/${name} is no more: ${now}`);
        else problems.push(`${path}/${name} is not known${meant(name, [...members])}`);
      }
    },
    oneOf(path, name, names) {
      if (!names.includes(name)) problems.push(`${path} names ${name}, which the record has not${meant(name, names)}`);
    },
  };
}

/** What the numbers of the main issue are in where they are no percentages: said, so that nobody reads 104 as percent and has it taken as
 * 1.04. What one record is like is said too, and the first offer is held against it. */
function readUnit(main: JsonObject, issue: Issue | undefined, mistakes: Mistakes): JsonObject {
  const { percent_of: percentOf, unit, sample = {} } = main;
  const own = issue === undefined || issue.kind === 'choice' ? undefined : OWN_UNITS[issue.kind];
  const inWords = own === undefined ? '' : UNIT_WORDS[own];
  if (!isObject(sample)) mistakes.add('/main/sample must be an object: a record such as the policy is for');
  const given = isObject(sample) ? sample : {};
  if (own === undefined) return given;
  if (percentOf !== undefined && unit !== undefined)
    mistakes.add('/main has percent_of and unit: numbers are percentages, or in units of their own');
  if (percentOf === undefined && unit !== own)
    mistakes.add(
      `/main needs percent_of (a pointer into the record, as ${issue?.pointer}: then its numbers are percentages) or "unit": "${own}" (${inWords})`,
    );
  if (percentOf === undefined && own === 'minor' && at(given, issue?.record ?? issue?.pointer ?? '') === undefined)
    mistakes.add(
      `/main/sample must name what ${issue?.record ?? issue?.pointer} usually is, as {"amount": 4900, "currency": "EUR"}: the first offer is held against it`,
    );
  return given;
}

const OWN_UNITS = {
  money: 'minor',
  months: 'months',
  count: 'count',
  date: 'days',
  days: 'days',
  percent: 'percent',
} as const;

const UNIT_WORDS = {
  minor: 'minor units: 104 is 1.04 in euros',
  months: 'its numbers are months',
  count: 'its numbers are pieces',
  days: 'its numbers are days; of a date, days after where it starts',
  percent: 'its numbers are percentages of their own',
} as const;

/** Which way the company's wishes run: against every customer's, or, where those differ, as the policy itself does. */
function directionOf(issue: Issue | undefined, open: number, limit: number): Sign {
  const { better_for_customer: better = open < limit ? 'higher' : 'lower' } = issue ?? {};
  return better === 'higher' ? -1 : 1;
}

/** Five times today's price is no negotiation. */
const PERCENT_MAX = 500;
/** In percent of the main issue's: more than the price itself no side issue is worth. */
const WORTH_MAX = 100;
/** A first ask at half of what the record says, or at half as much again, is more often a mistake than a policy. */
const FAR_DEFAULT = 50;
/** As in every terms schema: 10^12 minor units. */
const AMOUNT_MAX = 1_000_000_000_000;
/** More than five at once is a price list, not a choice: that is what schedules are. */
const ALTERNATIVES_MAX = 5;
const ALTERNATIVES_DEFAULT = 3;

function readWindow(value: Json | undefined, path: string, mistakes: Mistakes): Window {
  const window = value === undefined ? WINDOW_DEFAULT : parseWindow(value);
  if (window === undefined) mistakes.add(`${path} must be ${WINDOW_WORDS}`);
  return window ?? WINDOW_DEFAULT;
}

function readHold(value: Json, mistakes: Mistakes): PolicyNumbers['hold'] {
  if (value === 'never' || value === 'final' || value === 'always') return value;
  mistakes.add('/hold must be never, final or always');
  return 'never';
}

function whole(mistakes: Mistakes, path: string, value: Json, min: number, max: number): number {
  const read = mistakes.number(path, value, min, max);
  if (!Number.isInteger(read)) mistakes.add(`${path} must be a whole number`);
  return read;
}

function member(json: JsonObject, name: string): JsonObject {
  return objectOf(json[name]);
}
