import type { RecordStore, Trace, View, Write } from '../sdk/by-recipe.ts';
import type { CrmResponse, ReadHttp, WriteHttp } from '../sdk/http.ts';
import { readOnly } from '../sdk/http.ts';
import { AdapterError, type Ctx, type Ref, type StepResult } from '../sdk/index.ts';
import type { ReadRecord } from '../sdk/planner.ts';
import { at } from '../sdk/pointer.ts';
import { byReading, makeTurns } from '../sdk/writing.ts';
import { accepted, recordOf, requestId, says, textOf } from './answers.ts';
import type { Bound } from './bind.ts';
import type { Resource, Resources } from './mapping.ts';
import { bodyOf, callOf } from './request.ts';

/** Records over a REST API. `base` is the path that all operations are below. */
export function makeHttpStore(http: WriteHttp, base: string, resources: Resources, probe: string): RecordStore {
  const reader = readOnly(http);
  const inTurn = makeTurns();
  const view = (ctx: Ctx): View => ({
    read: (ref) => readRecord(ctx, reader, base, resources, ref),
    find: (write) => find(ctx, reader, base, resources, write),
  });
  return {
    versionKind: (type) => KINDS[resources.byType.get(type)?.versions ?? 'opaque'],
    view: async (ctx, work) => work(view(ctx)),
    write: (ctx, write) => inTurn(write.key, () => send(ctx, http, base, resources, view(ctx), write)),
    isOlder: (type, read, left) => isOlder(resourceOf(resources, type).versions, read, left),
    async check(ctx) {
      // Any answer of the API’s will do, and there is no such record.
      const [resource] = resources.byType.values();
      if (resource === undefined) return;
      const { target, headers } = callOf(resource.read, base, { id: probe });
      const response = await reader.get(ctx, target, headers);
      if (response.status !== 404) accepted(ctx, response, 'read', resources.errors);
    },
  };
}

const KINDS = { counter: 'counter', timestamp: 'timestamp', opaque: 'etag' } as const;

function isOlder(order: Resource['versions'], read: string, left: string): boolean {
  const number = (text: string) => (order === 'counter' ? Number(text.replace(/\D/g, '')) : Date.parse(text));
  return order === 'opaque' ? read !== left : number(read) < number(left);
}

async function readRecord(
  ctx: Ctx,
  http: ReadHttp,
  base: string,
  { byType, money, errors }: Resources,
  ref: Ref,
): Promise<ReadRecord> {
  const resource = resourceOf({ byType }, ref.type);
  const { target, headers } = callOf(resource.read, base, { id: ref.value });
  const record = recordOf(resource, accepted(ctx, await http.get(ctx, target, headers), 'read', errors), money);
  if (record === undefined) throw new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
  if (record.ref.value !== ref.value) throw new AdapterError('bug', 'The CRM answered with another record.');
  return record;
}

async function find(
  ctx: Ctx,
  http: ReadHttp,
  base: string,
  resources: Resources,
  write: Write,
): Promise<readonly Trace[] | undefined> {
  const { update, create } = write.payload;
  const type = update?.type ?? create?.type ?? '';
  const bound = resourceOf(resources, type).find;
  if (bound === undefined) return byReading((ref) => readRecord(ctx, http, base, resources, ref), write);
  const { target, headers } = callOf(bound, base, { key: write.key, ...(update === null ? {} : { id: update.id }) });
  let response: CrmResponse;
  try {
    response = accepted(ctx, await http.get(ctx, target, headers), 'read', resources.errors);
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'not_found') return undefined;
    throw error;
  }
  const id = textOf(at(response.json, bound.found.id));
  if (id === undefined) return undefined;
  if (update !== null && id !== update.id)
    throw new AdapterError('bug', 'The CRM applied this step to another record.');
  const version = bound.found.version === undefined ? undefined : textOf(at(response.json, bound.found.version));
  return [{ ref: { type, by: 'id', value: id }, version }];
}

async function send(
  ctx: Ctx,
  http: WriteHttp,
  base: string,
  resources: Resources,
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
  const done = bound.replayed === undefined ? await before(view, write, bound) : undefined;
  if (done !== undefined) return done;
  const body = bodyOf(bound, resource.type, target.values, create?.account ?? null, resources.money);
  const given = { key, version, body, ...(update === null ? {} : { id: update.id }) };
  const call = callOf(bound, base, given);
  const method = bound.operation.method === 'patch' ? 'PATCH' : bound.operation.method === 'put' ? 'PUT' : 'POST';
  const idempotent = resources.idempotency === 'key' || resources.idempotency === 'external_id';
  const response = await http.send(ctx, method, call.target, call.body, call.headers, { idempotent });
  try {
    return await resultOf(accepted(ctx, response, 'write', resources.errors), resource, bound, resources, view, write);
  } catch (error) {
    if (!(error instanceof AdapterError) || error.code !== 'conflict' || resource.find === undefined) throw error;
    const found = await view.find(write);
    if (found === undefined) throw error;
    return alreadyDone(view, found);
  }
}

/** For an API that does not tell a repeat: whether this was done, and whether the record is still as it was. */
async function before(view: View, write: Write, bound: Bound): Promise<StepResult | undefined> {
  const found = await view.find(write);
  if (found !== undefined) return alreadyDone(view, found);
  const { update } = write.payload;
  if (update === null || bound.guard !== undefined) return undefined;
  const record = await view.read({ type: update.type, by: 'id', value: update.id });
  if (record.version !== write.version) throw new AdapterError('conflict', 'The record has changed.');
  return undefined;
}

async function alreadyDone(view: View, [first]: readonly Trace[]): Promise<StepResult> {
  if (first === undefined) throw new AdapterError('bug', 'A write left no record.');
  const version = first.version ?? (await view.read(first.ref)).version;
  return { state: 'already_applied', ref: first.ref, version };
}

/** A success that does not say what it wrote is looked up, not believed. */
async function resultOf(
  response: CrmResponse,
  resource: Resource,
  bound: Bound,
  resources: Resources,
  view: View,
  write: Write,
): Promise<StepResult> {
  const request = requestId(response);
  const more = request === undefined ? {} : { providerRequestId: request };
  const state = says(response, bound.replayed) ? 'already_applied' : 'applied';
  const record = bound.isAnswered ? recordOf(resource, response, resources.money) : undefined;
  if (record !== undefined) return { state, ref: record.ref, version: record.version, ...more };
  const open = new AdapterError('unknown_outcome', 'The CRM’s answer to a write has not the promised shape.');
  if (bound.isAnswered) throw open;
  const found = await view.find(write).catch(() => undefined);
  if (found === undefined) throw open;
  const { ref, version } = await alreadyDone(view, found);
  return { state, ref, version, ...more };
}

function resourceOf({ byType }: Pick<Resources, 'byType'>, type: string): Resource {
  const resource = byType.get(type);
  if (resource === undefined) throw new AdapterError('unsupported', 'The CRM has no such type here.');
  return resource;
}
