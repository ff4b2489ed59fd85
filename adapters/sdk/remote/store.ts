/** Records over somebody else’s operations: the same whatever they are called by. */
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { RecordStore, Trace, Versions, View, Write } from '../by-recipe.ts';
import { AdapterError, type Ctx, type Ref, type StepResult } from '../index.ts';
import type { ReadRecord } from '../payload.ts';
import { at, saysNothingAt } from '../pointer.ts';
import { same } from '../values.ts';
import { byReading, makeTurns } from '../writing.ts';
import { type Answer, bodyOf, recordOf, textOf } from './records.ts';
import type { Bound, Resource, Resources } from './resource.ts';

export interface Given {
  readonly id?: string;
  readonly key?: string;
  readonly version?: string | undefined;
  readonly body?: JsonObject;
}

/** Calls one operation, and throws every refusal. */
export interface Caller<B> {
  read(bound: B, given: Given): Promise<Answer>;
  /** Undefined when the CRM itself says that there is nothing: whatever stands in between and answers for it says nothing. */
  find(bound: B, given: Given): Promise<Answer | undefined>;
  write(bound: B, given: Given): Promise<Answer>;
}

export interface Remote<B> {
  /** One connection for one call of the adapter. A reader’s caller must not be able to write. */
  reading<T>(ctx: Ctx, work: (caller: Reads<B>) => Promise<T>): Promise<T>;
  writing<T>(ctx: Ctx, work: (caller: Caller<B>) => Promise<T>): Promise<T>;
  check(ctx: Ctx): Promise<void>;
}

type AnyBound = Bound<unknown, unknown>;
export type Reads<B> = Pick<Caller<B>, 'read' | 'find'>;

export function makeRemoteStore<B extends AnyBound>(remote: Remote<B>, resources: Resources<B>): RecordStore {
  const inTurn = makeTurns();
  const viewOf = (caller: Reads<B>): View => ({
    read: (ref) => readRecord(caller, resources, ref),
    find: (write) => find(caller, resources, write),
  });
  return {
    versionKind: (type) => KINDS[resources.byType.get(type)?.versions ?? 'opaque'],
    view: (ctx, work) => remote.reading(ctx, (caller) => work(viewOf(caller))),
    write: (ctx, write) =>
      inTurn(write.key, () => remote.writing(ctx, (caller) => send(caller, resources, viewOf(caller), write))),
    isOlder: (versions) => isOlder(resourceOf(resources, versions.type).versions, versions),
    check: remote.check,
  };
}

const KINDS = { counter: 'counter', timestamp: 'timestamp', opaque: 'etag' } as const;

function isOlder(order: Resource<unknown>['versions'], { read, left }: Versions): boolean {
  const number = (text: string) => (order === 'counter' ? Number(text.replace(/\D/g, '')) : Date.parse(text));
  return order === 'opaque' ? read !== left : number(read) < number(left);
}

async function readRecord<B>(caller: Reads<B>, resources: Resources<B>, ref: Ref): Promise<ReadRecord> {
  const resource = resourceOf(resources, ref.type);
  const record = recordOf(resource, await caller.read(resource.read, { id: ref.value }), resources.money);
  if (record === undefined) throw new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
  if (record.ref.value !== ref.value) throw new AdapterError('bug', 'The CRM answered with another record.');
  return record;
}

async function find<B extends AnyBound>(
  caller: Reads<B>,
  resources: Resources<B>,
  write: Write,
): Promise<readonly Trace[] | undefined> {
  const { update, create } = write.payload;
  const type = update?.type ?? create?.type ?? '';
  const bound = resourceOf(resources, type).find;
  // Without keys, a change is only seen by what it changed.
  if (bound === undefined || (update !== null && resources.idempotency === 'none'))
    return byReading((ref) => readRecord(caller, resources, ref), write);
  const answer = await caller.find(bound, { key: write.key, ...(update === null ? {} : { id: update.id }) });
  if (answer === undefined || saysNothingAt(answer.json, bound.found.id)) return undefined;
  const id = textOf(at(answer.json, bound.found.id));
  if (id === undefined) throw new AdapterError('retryable', 'The CRM’s answer to a search has not the promised shape.');
  if (update !== null && id !== update.id)
    throw new AdapterError('bug', 'The CRM applied this step to another record.');
  const version = bound.found.version === undefined ? undefined : textOf(at(answer.json, bound.found.version));
  return [{ ref: { type, by: 'id', value: id }, version }];
}

async function send<B extends AnyBound>(
  caller: Caller<B>,
  resources: Resources<B>,
  view: View,
  write: Write,
): Promise<StepResult> {
  const { key, version, payload } = write;
  const { update, create } = payload;
  const target = update ?? create;
  if (target === null) throw new AdapterError('bug', 'A step writes nothing.');
  const resource = resourceOf(resources, target.type);
  const bound = update === null ? resource.create : resource.update;
  if (bound === undefined) throw new AdapterError('unsupported', 'The CRM cannot write this here.');
  // Something new is always made under a key.
  const isKeyed = update === null || resources.idempotency !== 'none';
  const done = bound.tellsRepeats ? undefined : await before(view, write, bound, isKeyed);
  if (done !== undefined) return done;
  const body = bodyOf(bound.values, resource.type, target.values, create?.account ?? null, resources.money);
  const given = { key, version, body, ...(update === null ? {} : { id: update.id }) };
  try {
    return await resultOf(await caller.write(bound, given), resource, bound, resources, view, write);
  } catch (error) {
    if (!(error instanceof AdapterError) || error.code !== 'conflict' || !isKeyed) throw error;
    // A key that is taken is refused as one, by some; whose it is can be asked.
    const found = await view.find(write);
    if (found !== undefined) return alreadyDone(view, found);
    // Neither our key nor our version: it is a rule of the company's own, such as a field that must be unique.
    if (await isUnchanged(view, write)) throw ofItsOwn(error);
    throw error;
  }
}

async function isUnchanged(view: View, { version, payload: { update } }: Write): Promise<boolean> {
  if (update === null) return true;
  return (await view.read({ type: update.type, by: 'id', value: update.id })).version === version;
}

function ofItsOwn({ fields, providerRequestId }: AdapterError): AdapterError {
  return new AdapterError('invalid', 'The CRM refuses this beside what it has.', {
    fields,
    ...(providerRequestId === undefined ? {} : { providerRequestId }),
  });
}

/** For a CRM that does not tell a repeat: whether this was done, and whether the record is still as it was. */
async function before(
  view: View,
  write: Write,
  { guard }: AnyBound,
  isKeyed: boolean,
): Promise<StepResult | undefined> {
  const { version, payload } = write;
  const { update } = payload;
  const found = isKeyed ? await view.find(write) : undefined;
  if (found !== undefined) return alreadyDone(view, found);
  if (update === null || (isKeyed && guard !== undefined)) return undefined;
  const record = await view.read({ type: update.type, by: 'id', value: update.id });
  if (record.version === version) return undefined;
  const isThere = Object.entries(update.values).every(([name, value]) => same(record.data[name] ?? null, value));
  if (isThere && !isKeyed) return { state: 'already_applied', ref: record.ref, version: record.version };
  throw new AdapterError('conflict', 'The record has changed.');
}

async function alreadyDone(view: View, [first]: readonly Trace[]): Promise<StepResult> {
  if (first === undefined) throw new AdapterError('bug', 'A write left no record.');
  const version = first.version ?? (await view.read(first.ref)).version;
  return { state: 'already_applied', ref: first.ref, version };
}

/** A success that does not say what it wrote is looked up, not believed. */
async function resultOf<B>(
  answer: Answer,
  resource: Resource<B>,
  { isAnswered }: AnyBound,
  { money }: Resources<B>,
  view: View,
  write: Write,
): Promise<StepResult> {
  const more = answer.requestId === undefined ? {} : { providerRequestId: answer.requestId };
  const state = answer.isRepeat ? 'already_applied' : 'applied';
  const record = isAnswered ? recordOf(resource, answer, money) : undefined;
  if (record !== undefined) return { state, ref: record.ref, version: record.version, ...more };
  const open = new AdapterError('unknown_outcome', 'The CRM’s answer to a write has not the promised shape.');
  if (isAnswered) throw open;
  try {
    const { ref, version } = await alreadyDone(view, (await view.find(write)) ?? []);
    return { state, ref, version, ...more };
  } catch {
    throw open;
  }
}

function resourceOf<B>({ byType }: Pick<Resources<B>, 'byType'>, type: string): Resource<B> {
  const resource = byType.get(type);
  if (resource === undefined) throw new AdapterError('unsupported', 'The CRM has no such type here.');
  return resource;
}
