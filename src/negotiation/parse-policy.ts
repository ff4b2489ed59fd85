import type { Json, JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { parseWindow, WINDOW_DEFAULT, WINDOW_WORDS, type Window } from '../engine/window.ts';
import type { Issue } from '../engine/world.ts';
import { type Mistakes, readBudget, readPeople, readSides } from './parse-parts.ts';
import { readSchedule } from './parse-schedule.ts';
import { NegotiationPolicy, type PolicyNumbers, type Sign } from './policy.ts';

const MEMBERS = new Set([
  'main',
  'issues',
  'beta',
  'reciprocity',
  'alternatives',
  'hold',
  'people',
  'budget',
  'memory',
  'schedule',
]);
const MAIN_MEMBERS = new Set(['issue', 'percent_of', 'since', 'open', 'concede_to', 'limit', 'never']);

/** Reads one policy of the configuration. Every mistake at once; none of the messages repeats a value. `name` is whose budget it is. */
export function parseNegotiationPolicy(
  json: JsonObject,
  issues: readonly Issue[],
  budgetName: string,
): Result<NegotiationPolicy, readonly string[]> {
  const problems: string[] = [];
  const mistakes: Mistakes = {
    add: (text) => void problems.push(text),
    number(path, value, min, max) {
      if (typeof value === 'number' && value >= min && value <= max) return value;
      problems.push(`${path} must be a number from ${min} to ${max}`);
      return min;
    },
    known(path, value, members) {
      for (const name of Object.keys(value)) if (!members.has(name)) problems.push(`${path}/${name} is not known`);
    },
  };
  mistakes.known('', json, MEMBERS);
  const main = member(json, 'main');
  mistakes.known('/main', main, MAIN_MEMBERS);
  const issue = issues.find(({ pointer }) => pointer === main['issue']);
  if (issue === undefined) mistakes.add('/main/issue must be one of the action’s negotiable issues');
  else if (issue.kind === 'choice') mistakes.add('/main/issue must be a number, an amount or a date');
  const percentOf = main['percent_of'] ?? null;
  if (percentOf !== null && typeof percentOf !== 'string')
    mistakes.add('/main/percent_of must be a pointer into the record');
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

  const sides = readSides(member(json, 'issues'), issues, issue?.pointer ?? '', mistakes);
  const numbers: PolicyNumbers = {
    main: issue?.pointer ?? '',
    sign,
    percentOf: typeof percentOf === 'string' ? percentOf : null,
    since: readWindow(main['since'], '/main/since', mistakes),
    memory: json['memory'] === 'none' ? null : readWindow(json['memory'], '/memory', mistakes),
    open,
    concedeTo,
    beta: mistakes.number('/beta', json['beta'] ?? 1, 0.05, 20),
    reciprocity: mistakes.number('/reciprocity', json['reciprocity'] ?? 0, 0, 100) / 100,
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

/** Which way the company's wishes run: against every customer's, or, where those differ, as the policy itself does. */
function directionOf(issue: Issue | undefined, open: number, limit: number): Sign {
  const { better_for_customer: better = open < limit ? 'higher' : 'lower' } = issue ?? {};
  return better === 'higher' ? -1 : 1;
}

/** Five times today's price is no negotiation. */
const PERCENT_MAX = 500;
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
  const value = json[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
