/** Negotiation domains from files: issues with any values, what each is worth to either side, and with or without money between them. Public
 * domains in other forms become this one by copying weights, values and reservations (docs/simulation.md). */
import { type Json, type JsonObject, objectOf } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Issue } from '../engine/world.ts';
import { parseNegotiationPolicy } from '../negotiation/core.ts';
import type { SpaceFacts } from '../negotiation/space.ts';
import { type Customer, makeScenario, type Scenario } from './scenario.ts';

export interface Domain {
  readonly name: string;
  /** Whether money may change hands; else only the issues are bargained over. */
  readonly transfer: boolean;
  readonly issues: readonly DomainIssue[];
  readonly company: DomainSide & Path;
  readonly customer: DomainSide;
}

interface DomainIssue {
  readonly name: string;
  readonly values: readonly string[];
  /** By value, weights counted in. */
  readonly company: readonly number[];
  readonly customer: readonly number[];
}

interface DomainSide {
  /** What no agreement is worth. */
  readonly reservation: number;
}

/** Where the company begins and where its concessions end, as utilities. */
interface Path {
  readonly open: number;
  readonly concedeTo: number;
  readonly beta: number;
}

const MEMBERS = ['name', 'about', 'transfer', 'issues', 'company', 'customer'];
const ISSUE_MEMBERS = ['name', 'company', 'customer', 'weights'];
const ISSUES_MAX = 30;
const VALUES_MAX = 1_000;

/** Every mistake at once, each with its place. */
export function parseDomain(json: JsonObject): Result<Domain, readonly string[]> {
  const mistakes: string[] = [];
  const number = (path: string, value: Json | undefined, fallback?: number): number => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (value !== undefined || fallback === undefined) mistakes.push(`${path} must be a number`);
    return fallback ?? 0;
  };
  const known = (path: string, value: JsonObject, members: readonly string[]) => {
    for (const name of Object.keys(value))
      if (!members.includes(name)) mistakes.push(`${path}/${name} is not known; known are ${members.join(', ')}`);
  };
  known('', json, MEMBERS);
  const list = json['issues'];
  if (!Array.isArray(list) || list.length === 0 || list.length > ISSUES_MAX)
    mistakes.push(`/issues must be a list of 1 to ${ISSUES_MAX} issues`);
  if (json['transfer'] !== undefined && typeof json['transfer'] !== 'boolean')
    mistakes.push('/transfer must be true (money may change hands) or false');
  const issues = (Array.isArray(list) ? list : []).map((value, index): DomainIssue => {
    const path = `/issues/${index}`;
    const issue = objectOf(value);
    known(path, issue, ISSUE_MEMBERS);
    if (typeof issue['name'] !== 'string') mistakes.push(`${path}/name must be a text`);
    const [own, others] = [objectOf(issue['company']), objectOf(issue['customer'])];
    const values = Object.keys(own);
    if (values.length === 0 || values.length > VALUES_MAX)
      mistakes.push(`${path}/company must say what each value is worth to the company: 1 to ${VALUES_MAX} values`);
    for (const each of values)
      if (others[each] === undefined)
        mistakes.push(`${path}/customer says nothing of “${each}”, which the company values`);
    known(`${path}/customer`, others, values);
    const weights = objectOf(issue['weights']);
    known(`${path}/weights`, weights, ['company', 'customer']);
    const worth = (side: 'company' | 'customer', of: JsonObject) => {
      const weight = number(`${path}/weights/${side}`, weights[side], 1);
      return values.map((each) => weight * number(`${path}/${side}/${each}`, of[each], 0));
    };
    return { name: String(issue['name']), values, company: worth('company', own), customer: worth('customer', others) };
  });
  const [company, customer] = [objectOf(json['company']), objectOf(json['customer'])];
  known('/company', company, ['reservation', 'open', 'concede_to', 'beta']);
  known('/customer', customer, ['reservation']);
  const reservation = number('/company/reservation', company['reservation']);
  const best = bestOf(issues, 'company');
  const open = number('/company/open', company['open'], best);
  const concedeTo = number('/company/concede_to', company['concede_to'], reservation + (open - reservation) / 10);
  const beta = number('/company/beta', company['beta'], 1);
  if (open < concedeTo || concedeTo < reservation)
    mistakes.push('/company must fall: open (its best package unless told), concede_to, reservation');
  if (best <= 0) mistakes.push('/issues: some package must be worth something to the company');
  if (mistakes.length > 0) return err(mistakes);
  return ok({
    name: typeof json['name'] === 'string' ? json['name'] : 'domain',
    transfer: json['transfer'] !== false,
    issues,
    company: { reservation, open, concedeTo, beta },
    customer: { reservation: number('/customer/reservation', customer['reservation'], 0) },
  });
}

/** What a side's favourite package is worth to it. */
function bestOf(issues: readonly DomainIssue[], side: 'company' | 'customer'): number {
  return issues.reduce((sum, issue) => sum + Math.max(...issue[side]), 0);
}

const MAIN = '/compensation';
const pointerOf = (index: number) => `/issue_${index + 1}`;
/** So many levels of money are 100 %: what either side has is exact to a hundredth of a percent. */
const UNITS = 10_000;
const POINTS = 100;

/** The domain as a negotiation of the company's own code. Utilities become percent of the company's best package; without transfer the
 * customer's become percent of its own, since the two cannot be compared. What one side pays the other is the main issue; where nothing is
 * paid, a package can be had when the company asks nothing for it. */
export function scenarioFrom(domain: Domain): Result<Scenario, readonly string[]> {
  const { issues, company, customer, transfer } = domain;
  const unit = 100 / bestOf(issues, 'company');
  const customersUnit = transfer ? unit : 100 / Math.max(Number.MIN_VALUE, bestOf(issues, 'customer'));
  const negotiable: readonly Issue[] = [
    { pointer: MAIN, label: 'Compensation', kind: 'money', better_for_customer: 'lower' },
    ...issues.map(({ name, values }, index) => ({
      pointer: pointerOf(index),
      label: name,
      kind: 'choice' as const,
      choices: [...values],
    })),
  ];
  const sides = issues.map(({ values, company: worth }, index): [string, JsonObject] => [
    pointerOf(index),
    {
      open: values[worth.indexOf(Math.max(...worth))] ?? '',
      worth: Object.fromEntries(values.map((each, at) => [each, (worth[at] ?? 0) * unit])),
    },
  ]);
  const policy = parseNegotiationPolicy(
    {
      main: {
        issue: MAIN,
        percent_of: '/reference',
        open: company.open * unit,
        concede_to: company.concedeTo * unit,
        limit: company.reservation * unit,
      },
      issues: Object.fromEntries(sides),
      beta: company.beta,
    },
    negotiable,
    domain.name,
  );
  if (!policy.ok) return policy;
  const record: JsonObject = {
    reference: { amount: UNITS, currency: 'EUR' },
    compensation: { amount: 0, currency: 'EUR' },
    ...Object.fromEntries(issues.map(({ values }, index) => [pointerOf(index).slice(1), values[0] ?? ''])),
  };
  const facts: SpaceFacts = {
    issues: negotiable,
    members: Object.keys(record),
    record,
    input: {},
    today: '2026-01-01',
  };
  const scenario = makeScenario(policy.value, facts, {
    draw: () => customerOf(issues, customer, customersUnit),
    transfer,
  });
  return scenario.ok ? scenario : err([scenario.error.detail ?? scenario.error.code]);
}

function customerOf(issues: readonly DomainIssue[], { reservation }: DomainSide, unit: number): Customer {
  const most = issues.map(({ customer }) => Math.max(...customer));
  const gain = Math.round((bestOf(issues, 'customer') - reservation) * unit * POINTS);
  return {
    reservation: gain,
    aspiration: Math.max(0, gain),
    ideal: [0, ...issues.map(({ customer }, index) => customer.indexOf(most[index] ?? 0))],
    minds: (place, level) => ((most[place - 1] ?? 0) - (issues[place - 1]?.customer[level] ?? 0)) * unit * POINTS,
  };
}
