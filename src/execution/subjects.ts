import { withoutOwn } from '../../adapters/sdk/dated.ts';
import type { Snapshot } from '../../adapters/sdk/index.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Operation } from '../engine/operation.ts';
import { type Subject, scopeOf } from '../engine/rules.ts';
import { doneSteps } from '../engine/schedule.ts';
import { actionOf, type World } from '../engine/world.ts';
import { crmContext } from './crm.ts';

/** Records one request may be about: more is a way to make the CRM work for nothing. */
const RECORDS_MAX = 20;

/** A subject as it was read just now. */
export interface Read {
  readonly name: string;
  readonly type: string;
  readonly snapshot: Snapshot;
  /** The company's own: it has no owner to check. */
  readonly shared: boolean;
  /** When the reading of all of them began. */
  readonly at: string;
}

/** Reads what the action is about; every record must be the principal's, before anything is done with any. Throws the adapter's errors. */
export async function readSubjects(world: World, operation: Operation): Promise<Result<readonly Read[], Refusal>> {
  const named = subjectIds(operation, actionOf(world, operation)?.rules.subjects ?? []);
  if (!named.ok) return named;
  const at = world.clock.now().toISOString();
  const reads: Read[] = [];
  for (const { name, type, id, shared } of named.value) {
    const snapshot = await world.crm.read(crmContext(world, operation), { type, by: 'id', value: id });
    if (!shared && !isOwn(operation, snapshot)) return err(NOT_THERE());
    reads.push({
      name,
      type,
      snapshot: { ...snapshot, data: assumed(world, operation, { type, snapshot }) },
      shared,
      at,
    });
  }
  const accounts = new Set(reads.filter((each) => !each.shared).map(({ snapshot }) => snapshot.data['account']));
  const isMixed = accounts.size > 1 && actionOf(world, operation)?.rules.acrossAccounts !== true;
  return isMixed ? err(SEVERAL_ACCOUNTS()) : ok(reads);
}

/** With what the company says of such records where the CRM says nothing. What is read out to a customer is the record alone. */
function assumed(world: World, operation: Operation, { type, snapshot }: Pick<Read, 'type' | 'snapshot'>): JsonObject {
  const { data } = snapshot;
  const defaults = world.settings.recordDefaults?.[type];
  if (defaults === undefined || actionOf(world, operation)?.definition.kind === 'read') return data;
  const lacking = Object.entries(defaults).filter(([name]) => (data[name] ?? null) === null);
  return { ...data, ...Object.fromEntries(lacking) };
}

/** The operation with its records as read, without what it wrote itself so far: a name whose expression gave a list has a list. */
export function withRecords(operation: Operation, reads: readonly Read[]): Operation {
  const records: Record<string, Json> = {};
  const done = doneSteps(operation);
  for (const { name, snapshot } of reads) {
    const before = records[name];
    const data: JsonObject = withoutOwn(snapshot.ref, snapshot.data, done);
    if (before === undefined) records[name] = data;
    else records[name] = Array.isArray(before) ? [...before, data] : [before, data];
  }
  const [first] = reads;
  return { ...operation, records, ...(first === undefined ? {} : { recordsAt: first.at }) };
}

interface Named extends Omit<Subject, 'id'> {
  readonly id: string;
}

function subjectIds(operation: Operation, subjects: readonly Subject[]): Result<Named[], Refusal> {
  const scope = scopeOf(operation, null);
  const named: Named[] = [];
  for (const { name, type, id, shared } of subjects) {
    let value: Json | undefined;
    try {
      value = id(scope);
    } catch {
      return err(NOT_THERE());
    }
    const ids: readonly Json[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
    for (const each of new Set(ids)) {
      if (typeof each !== 'string') return err(NOT_THERE());
      named.push({ name, type, id: each, shared });
    }
  }
  return named.length <= RECORDS_MAX ? ok(named) : err(refusal('record-unusable', 'The request is about too much.'));
}

/** A record outside the mandate's accounts looks the same as one that does not exist. */
function isOwn({ mandate }: Operation, { data }: Snapshot): boolean {
  const { account } = data;
  return typeof account === 'string' && (mandate?.constraints.accounts ?? []).includes(account);
}

export const NOT_THERE = () => refusal('not-found', 'There is no such record for this principal.');
export const SEVERAL_ACCOUNTS = () =>
  refusal('record-unusable', 'The records are of different accounts: name those of one.');
