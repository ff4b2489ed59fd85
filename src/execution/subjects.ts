import { withoutOwn } from '../../adapters/sdk/dated.ts';
import { AdapterError, type Ref, type Snapshot } from '../../adapters/sdk/index.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { withLater } from '../engine/later.ts';
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
  /** One of a list. */
  readonly many?: boolean;
}

/** Reads what the action is about, one after the other: each may be named by those before it. Every record must be the principal's,
 * before anything is done with any. Throws the adapter's errors. */
export async function readSubjects(world: World, operation: Operation): Promise<Result<readonly Read[], Refusal>> {
  const rules = actionOf(world, operation)?.rules;
  const at = world.clock.now().toISOString();
  const reads: Read[] = [];
  for (const subject of rules?.subjects ?? []) {
    const ids = idsOf(withRecords(operation, reads), subject);
    if (!ids.ok) return ids;
    for (const id of ids.value) {
      if (reads.length === RECORDS_MAX) return err(refusal('record-unusable', 'The request is about too much.'));
      const snapshot = await readOne(world, operation, { type: subject.type, by: 'id', value: id });
      if (snapshot === undefined || !(subject.shared || isOwn(operation, snapshot))) return err(NOT_THERE(subject));
      const { name, type, shared, many = false } = subject;
      const data = withLater(world, operation, { ...snapshot, data: assumed(world, operation, { type, snapshot }) });
      reads.push({ name, type, snapshot: { ...snapshot, data }, shared, many, at });
    }
  }
  const accounts = new Set(reads.filter((each) => !each.shared).map(({ snapshot }) => snapshot.data['account']));
  return accounts.size > 1 && rules?.acrossAccounts !== true ? err(SEVERAL_ACCOUNTS()) : ok(reads);
}

/** With what the company says of such records where the CRM says nothing. What is read out to a customer is the record alone. */
function assumed(world: World, operation: Operation, { type, snapshot }: Pick<Read, 'type' | 'snapshot'>): JsonObject {
  const { data } = snapshot;
  const defaults = world.settings.recordDefaults?.[type];
  if (defaults === undefined || actionOf(world, operation)?.definition.kind === 'read') return data;
  const lacking = Object.entries(defaults).filter(([name]) => (data[name] ?? null) === null);
  return { ...data, ...Object.fromEntries(lacking) };
}

/** The operation with its records as read, without what it wrote itself so far: of a subject that may be several there is a list. */
export function withRecords(operation: Operation, reads: readonly Read[]): Operation {
  const records: Record<string, Json> = {};
  const recordTypes: Record<string, string> = {};
  const done = doneSteps(operation);
  for (const { name, type, snapshot, many = false } of reads) {
    recordTypes[name] = type;
    const before = records[name];
    const data: JsonObject = withoutOwn(snapshot.ref, snapshot.data, done);
    records[name] = many ? [...(Array.isArray(before) ? before : []), data] : data;
  }
  const [first] = reads;
  return { ...operation, records, recordTypes, ...(first === undefined ? {} : { recordsAt: first.at }) };
}

function idsOf(operation: Operation, subject: Subject): Result<readonly string[], Refusal> {
  let value: Json | undefined;
  try {
    value = subject.id(scopeOf(operation, null));
  } catch {
    return err(NOT_THERE(subject));
  }
  if (value === undefined) return ok([]);
  // A list where the definition speaks of one: a mistake of its author's, whatever the customer asks.
  if (Array.isArray(value) && subject.many !== true)
    return err(refusal('record-unusable', 'This action cannot be carried out as it is defined. Ask for a human.'));
  const ids: readonly Json[] = Array.isArray(value) ? value : [value];
  return ids.every((each) => typeof each === 'string') ? ok([...new Set(ids)]) : err(NOT_THERE(subject));
}

/** What cannot be an id of this CRM names nothing in it. */
async function readOne(world: World, operation: Operation, ref: Ref): Promise<Snapshot | undefined> {
  try {
    return await world.crm.read(crmContext(world, operation), ref);
  } catch (error) {
    if (error instanceof AdapterError && (error.code === 'not_found' || error.code === 'invalid')) return undefined;
    throw error;
  }
}

/** A record outside the mandate's accounts looks the same as one that does not exist. */
function isOwn({ mandate }: Operation, { data }: Snapshot): boolean {
  const { account } = data;
  return typeof account === 'string' && (mandate?.constraints.accounts ?? []).includes(account);
}

/** Names the members of the input that the record was looked for by, and not whether somebody else has one. */
export const NOT_THERE = ({ members = [] }: Pick<Subject, 'members'> = {}) =>
  refusal(
    'not-found',
    'There is no such record for this principal.',
    members.length === 0
      ? {}
      : { errors: members.map((name) => ({ pointer: `/${name}`, message: 'names no record of this principal' })) },
  );
export const SEVERAL_ACCOUNTS = () =>
  refusal('record-unusable', 'The records are of different accounts: name those of one.');
