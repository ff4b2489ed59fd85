/** What was done to records through us: the memory that limits are measured against. */
import type { PlanStep, Ref } from '../../adapters/sdk/index.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { Money } from '../../protocol/base/money.ts';
import { isFinalState, type State } from '../../protocol/operation.ts';
import { mayLeaveEffect } from './effects.ts';
import type { Operation } from './operation.ts';

/** One operation's part in one record, from the moment the company was bound to it. */
export interface Dealing {
  readonly operation: string;
  /** {@link recordName} */
  readonly record: string;
  readonly account: string | null;
  /** Thumbprint of the agent's key. */
  readonly agent: string;
  /** Of the mandate it acted under. */
  readonly issuer: string | null;
  readonly action: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly changes: readonly FieldChange[];
  /** What the whole operation granted, beside the record it is about only. */
  readonly granted?: Money;
}

export interface FieldChange {
  readonly field: string;
  readonly from: Json;
  readonly to: Json;
  /** It begins on a later day. */
  readonly later?: true;
}

/** Whose dealings, and since when: Unix milliseconds. */
export interface DealingsOf {
  readonly by: 'record' | 'account' | 'agent' | 'issuer';
  readonly value: string;
  readonly since: number;
}

export function recordName(type: string, id: string): string {
  return `${type}/${id}`;
}

/** In these the company is bound, or the write may have happened. */
const BOUND: ReadonlySet<State> = new Set<State>([
  'authorized',
  'scheduled',
  'executing',
  'unknown',
  'reconciling',
  'reversing',
  'needs_human',
  'completed',
]);

/** What an operation counts for now: nothing before it binds, nothing once it has ended without effect. */
export function dealingsOf(operation: Operation): readonly Dealing[] {
  const { id, plan, mandate, agent, action, history } = operation;
  const at = history.findLast(({ to, from }) => to === 'authorized' && from !== to)?.at;
  if (plan === undefined || at === undefined || !mayCount(operation)) return [];
  const changes = new Map<string, FieldChange[]>();
  const owners = new Map<string, string | null>();
  const { steps, touched = [] } = plan.plan;
  for (const { ref } of steps.flatMap(({ preconditions }) => preconditions)) {
    const record = recordName(ref.type, ref.value);
    changes.set(record, []);
    owners.set(record, accountOf(operation, ref));
  }
  for (const { changes: all, not_before: on } of steps)
    for (const { ref, field, from, to } of all) {
      const made = changes.get(recordName(ref.type, ref.value));
      const change = { field, from, to, ...(on === undefined ? {} : { later: true as const }) };
      made?.push(change, ...laterOf(recordOf(operation, ref), change));
    }
  for (const [record, made] of changes) made.push(...changesTo(laterFields(steps, record)));
  for (const { record, ...kept } of keptBy(operation)) {
    if (changes.has(record)) continue;
    changes.set(record, [kept.change]);
    owners.set(record, accountOf(operation, kept.ref));
  }
  // What was granted is remembered beside what it was asked about, also where only something new was made.
  const about = touched.find(({ ref }) => ref.by === 'id' && isOf(recordsOf(operation)[0], ref));
  const granted = plan.granted === undefined || steps.length === 0 ? undefined : plan.granted;
  if (granted !== undefined && about !== undefined && !changes.has(recordName(about.ref.type, about.ref.value))) {
    changes.set(recordName(about.ref.type, about.ref.value), []);
    owners.set(recordName(about.ref.type, about.ref.value), about.account);
  }
  const grantedOn = about === undefined ? [...changes.keys()][0] : recordName(about.ref.type, about.ref.value);
  return [...changes].map(([record, made]) => ({
    operation: id,
    record,
    account: owners.get(record) ?? null,
    agent: agent.keyid,
    issuer: mandate?.issuer ?? null,
    action,
    at: Date.parse(at),
    changes: made,
    ...(record === grantedOn && granted !== undefined ? { granted } : {}),
  }));
}

/** Of one record, what these steps will have written on their days, as a CRM has it that has a place for it: `next_…` for another term,
 * `planned_…` for a change of the running one. */
export function laterFields(steps: readonly PlanStep[], record: string): JsonObject {
  const fields: Record<string, Json> = {};
  for (const { not_before: on, changes } of steps) {
    const own = changes.filter(({ ref }) => recordName(ref.type, ref.value) === record);
    if (on === undefined || own.length === 0) continue;
    const isTerm = own.some(({ field }) => field === 'start_date');
    for (const { field, to } of own) fields[`${isTerm ? 'next' : 'planned'}_${field}`] = to;
    if (!isTerm) fields['planned_from'] = on;
  }
  return fields;
}

const changesTo = (fields: JsonObject): readonly FieldChange[] =>
  Object.entries(fields).map(([field, to]) => ({ field, from: null, to }));

function mayCount(operation: Operation): boolean {
  return BOUND.has(operation.state) || (isFinalState(operation.state) && mayLeaveEffect(operation));
}

/** Contracts that the operation was about and whose end was as it should be: nothing is written, and still something was done. */
function keptBy(operation: Operation): readonly { record: string; ref: Ref; change: FieldChange }[] {
  return (operation.plan?.plan.touched ?? []).flatMap(({ ref, mode }) => {
    const found = ref.by === 'id' && mode === 'read' ? recordOf(operation, ref) : undefined;
    if (found === undefined || !Object.hasOwn(found, 'end_date')) return [];
    const end = found['end_date'] ?? null;
    return [{ record: recordName(ref.type, ref.value), ref, change: { field: 'end_date', from: end, to: end } }];
  });
}

/** What is written beside the running term comes into it by the CRM itself, on its day: `next_unit_price`, `planned_seats`. */
const LATER = /^(?:next|planned)_([a-z_]+)$/;

function laterOf(record: JsonObject | undefined, { field, to }: FieldChange): readonly FieldChange[] {
  const [, name = ''] = LATER.exec(field) ?? [];
  return to !== null && record !== undefined && Object.hasOwn(record, name)
    ? [{ field: name, from: record[name] ?? null, to, later: true }]
    : [];
}

interface ReadRecord {
  /** None in operations from before it was kept. */
  readonly type: string | undefined;
  readonly data: JsonObject;
}

/** Records of two types may have the same id. */
const isOf = (record: ReadRecord | undefined, { type, value }: Ref): boolean =>
  record !== undefined && record.data['id'] === value && (record.type ?? type) === type;

function recordOf(operation: Operation, ref: Ref): JsonObject | undefined {
  return recordsOf(operation).find((each) => isOf(each, ref))?.data;
}

/** In the order its definition names them. */
function recordsOf({ records = {}, recordTypes = {} }: Operation): readonly ReadRecord[] {
  return Object.entries(records).flatMap(([name, value]) =>
    [value].flat().flatMap((data) => (isObject(data) ? [{ type: recordTypes[name], data }] : [])),
  );
}

function accountOf(operation: Operation, ref: Ref): string | null {
  const { mandate } = operation;
  const found = recordOf(operation, ref)?.['account'];
  return typeof found === 'string' ? found : (mandate?.constraints.accounts[0] ?? null);
}
