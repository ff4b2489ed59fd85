/** What a definition says beyond its schemas, compiled: all the engine needs to carry out an action it has never heard of. */
import type { Expression, Scope } from '../../adapters/sdk/expression.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { dayIn, isTimeZone } from '../../protocol/base/zone.ts';
import type { Risk } from '../../protocol/mandate/mandate.ts';
import type { Operation } from './operation.ts';

/** What an action demands of whoever asks for it, and of the company. */
export interface Demands {
  readonly risk: Risk;
  /** The principal's fresh consent to this very action. */
  readonly step_up?: 'customer';
  /** `unless_allowed`: a person, unless the configuration allows it without one. `never`: no person may stand in its way. */
  readonly default_signoff: 'none' | 'policy' | 'unless_allowed' | 'always' | 'never';
}

/** A record the action is about: it must be the principal's. Where `id` gives nothing, none is named. */
export interface Subject {
  readonly name: string;
  readonly type: string;
  readonly id: Expression;
  /** The company's own, such as a product: it has no owner to check. */
  readonly shared: boolean;
  /** Of these there may be several: the records have a list under the name, also of one. */
  readonly many?: boolean;
  /** The members of the input that name it. */
  readonly members?: readonly string[];
}

/** What the expressions of `result` see beyond the request: what came of it. */
export interface ResultScope extends Scope {
  /** The records, with what was written. */
  readonly after: JsonObject;
  /** Ids of what was made, by type. */
  readonly made: JsonObject;
  /** The CRM's version of the last record written. */
  readonly revision: string | null;
  readonly effects: number;
  /** RFC 3339 UTC. */
  readonly now: string;
  readonly handoff: JsonObject;
  /** For a check: the claims with their results, and whether what was wrong has been corrected. */
  readonly checked: readonly Json[];
  readonly corrected: boolean;
  /** For a read: the records, each reduced to what was asked for and may be shown. */
  readonly shown: readonly Json[];
}

/** What must hold, and what is said where it does not. */
export interface Requirement {
  readonly that: Expression;
  readonly otherwise: string;
  /** Whether it speaks of terms: the others are judged before there are any. */
  readonly ofTerms: boolean;
}

/** What a request claims: of it there is only so much, or only one. */
export interface ClaimRule {
  /** Names what is claimed, the same for every request about it: `order/0815`. Where it gives nothing, nothing is claimed. */
  readonly name: Expression;
  /** One claim an element. */
  readonly each?: Expression;
  /** How much of it: money, or a whole number. */
  readonly amount?: Expression;
  /** How much there is in all, in its own currency. */
  readonly of?: Expression;
  /** A subject and its field in which the CRM says how much of it was granted already, by whomever. */
  readonly noted?: { readonly subject: string; readonly field: string };
  /** A span that overlaps no other under the name: RFC 3339 times or days, the end not part of it. */
  readonly from?: Expression;
  readonly to?: Expression;
}

export interface ActionRules {
  readonly subjects: readonly Subject[];
  readonly requires: readonly Requirement[];
  /** Actions that end what this one is about; `ended` in its requirements says which of them has. */
  readonly overtakenBy?: readonly string[];
  /** Whether one request may be about records of several accounts of the mandate. */
  readonly acrossAccounts: boolean;
  /** Over the input alone: known before anything is read. */
  readonly raise: readonly { readonly when: Expression; readonly to: Partial<Demands> }[];
  /** The time at which `records_then` has the records. */
  readonly thenAt?: Expression;
  /** The terms where nothing is negotiated; null: only an agreement gives terms. */
  readonly standardTerms: ReadonlyMap<string, Expression> | null;
  /** Without amount and span: once. */
  readonly claims: readonly ClaimRule[];
  /** Subjects whose terms it writes: while it is agreed or planned, no other may. */
  readonly exclusive?: readonly string[];
  /** While it waits for its day it leaves the record to those that know of it by the record's `next_…` and `planned_…` fields. */
  readonly sharesWhileScheduled?: boolean;
  /** What the customer is committed to: compared with the mandate's limits. A member left out is not stated and exceeds any. */
  readonly commits: {
    readonly total?: Expression;
    readonly term_months?: Expression;
    readonly seats?: Expression;
  };
  /** Two amounts of money whose difference a sign-off rule may look at, and how many times it is granted: for each seat and month. */
  readonly price: { readonly from: Expression; readonly to: Expression; readonly times?: Expression } | null;
  /** Money that is given outright. */
  readonly grants?: Expression;
  /** For a read: the fields of each type that may be shown. */
  readonly shows: ReadonlyMap<string, readonly string[]>;
  readonly result: ReadonlyMap<string, Expression<ResultScope>>;
}

/** In place of an expression, and of its value: the action commits to nothing of the kind. */
export const NOTHING = 'nothing';

export function scopeOf(operation: Operation, terms: JsonObject | null): Scope {
  return {
    operation: operation.id,
    input: operation.input,
    terms: terms ?? {},
    records: operation.records ?? {},
    ...askedOn(operation),
    asked_at: operation.createdAt,
    zone: operation.zone ?? 'UTC',
  };
}

/** The day of asking where the company is, and where the customer is if a record says so. */
export function askedOn({ createdAt, askedOn: day, records = {} }: Operation) {
  const asked_on = day ?? createdAt.slice(0, 10);
  const zones = Object.values(records).flatMap((record) => (isObject(record) ? [record['time_zone']] : []));
  const theirs = zones.find((zone) => typeof zone === 'string' && isTimeZone(zone));
  return {
    asked_on,
    asked_on_customer: typeof theirs === 'string' ? dayIn(theirs, Date.parse(createdAt)) : asked_on,
  };
}

/** The members whose expressions give something. Throws where one cannot be decided. */
export function evaluated<S extends Scope>(members: ReadonlyMap<string, Expression<S>>, scope: S): JsonObject {
  const values: Record<string, Json> = {};
  for (const [name, expression] of members) {
    const value = expression(scope);
    if (value !== undefined) values[name] = value;
  }
  return values;
}
