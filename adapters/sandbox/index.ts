import type { Dispatcher } from 'undici';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { type CrmResponse, makeHttp, path, type ReadHttp } from '../sdk/http.ts';
import {
  type Adapter,
  AdapterError,
  type AdapterErrorCode,
  type AdapterManifest,
  type Capability,
  type Ctx,
  type PlanStep,
  type Ref,
  type Snapshot,
  type StepResult,
} from '../sdk/index.ts';
import { COLLECTION, DATA_FIELDS } from './fields.ts';
import { PLANNERS, same } from './plan.ts';

const CALL_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 1_048_576;

const writes = (action: string, objects: readonly string[]): Capability => ({
  action,
  version: '1',
  objects,
  modes: ['read', 'write'],
  idempotency: 'external_id',
  conflict: 'etag',
  reversal: action === 'human.handoff' ? 'none' : 'undo',
  preview: 'computed',
  stability: 'ga',
});

const manifest: AdapterManifest = {
  name: 'sandbox',
  version: '0.1.0',
  title: 'Sandbox CRM',
  capabilities: [
    writes('contract.renew', ['contract']),
    writes('data.validate', ['contact', 'account']),
    writes('human.handoff', ['ticket']),
  ],
};

export interface SandboxAdapterOptions {
  readonly origin: string;
  readonly token: string;
  readonly dispatcher?: Dispatcher;
}

/** The sandbox CRM over its HTTP API: conditional writes, each carrying an external id the CRM keeps unique. */
export function makeSandboxAdapter(options: SandboxAdapterOptions): Adapter {
  const http = makeHttp({
    origin: options.origin,
    headers: () => ({ authorization: `Bearer ${options.token}` }),
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
    timeoutMs: CALL_TIMEOUT_MS,
    bodyBytesMax: ANSWER_BYTES_MAX,
  });
  return {
    manifest,
    async health(ctx) {
      const before = ctx.clock().getTime();
      const response = await http.get(ctx, path`/v1/accounts`);
      return { ok: response.status === 200, latencyMs: ctx.clock().getTime() - before };
    },
    discover: async () => manifest.capabilities,
    read: (ctx, ref) => read(http, ctx, ref),
    async plan(ctx, request) {
      const planner = PLANNERS[request.action];
      if (planner === undefined)
        throw new AdapterError('unsupported', `The sandbox CRM does not know ${request.action}.`);
      return planner(request, (ref) => read(http, ctx, ref));
    },
    async execute(ctx, step) {
      const [precondition] = step.preconditions;
      const response =
        precondition === undefined
          ? await http.send(ctx, 'POST', path`/v1/tickets`, step.payload, { 'external-id': step.idempotencyKey })
          : await http.send(ctx, 'PATCH', target(precondition.ref), step.payload, {
              'external-id': step.idempotencyKey,
              'if-match': `"${precondition.version}"`,
            });
      return written(response, precondition?.ref.type ?? 'ticket', true);
    },
    async verify(ctx, step) {
      const found = await http.get(ctx, path`/v1/changes/${step.idempotencyKey}`);
      if (found.status === 404) return { state: 'not_applied', diff: [] };
      const change = memberOf(check(found, false).body, 'change');
      const type = step.preconditions[0]?.ref.type ?? 'ticket';
      const after = await read(http, ctx, { type, by: 'id', value: String(change['id']) });
      const raw = await rawRecord(http, ctx, after.ref);
      const diff = step.changes
        .filter(({ field, to }) => !same(raw[field] ?? null, to))
        .map((each) => ({ ...each, from: raw[each.field] ?? null }));
      return { state: diff.length === 0 ? 'applied' : 'diverged', after, diff };
    },
    compensate: (ctx, step, done) => undo(ctx, step, done),
  };

  async function undo(ctx: Ctx, step: PlanStep, done: StepResult): Promise<StepResult> {
    const [precondition] = step.preconditions;
    if (precondition === undefined)
      throw new AdapterError('unsupported', 'A ticket is not taken back; close it instead.');
    const payload = Object.fromEntries(step.changes.map(({ field, from }) => [field, from ?? '']));
    const response = await http.send(ctx, 'PATCH', target(precondition.ref), payload, {
      'external-id': `${step.idempotencyKey}:undo`,
      'if-match': `"${done.version}"`,
    });
    return written(response, precondition.ref.type, true);
  }
}

function target(ref: Ref) {
  const collection = COLLECTION[ref.type];
  if (collection === undefined) throw new AdapterError('unsupported', 'The sandbox CRM has no such type.');
  return path`/v1/${collection}/${ref.value}`;
}

async function rawRecord(http: ReadHttp, ctx: Ctx, ref: Ref): Promise<JsonObject> {
  return memberOf(check(await http.get(ctx, target(ref)), false).body, 'record');
}

/** Canonical data: a contract as its terms, a contact and an account by the paths of data.validate. */
async function read(http: ReadHttp, ctx: Ctx, ref: Ref): Promise<Snapshot> {
  const raw = await rawRecord(http, ctx, ref);
  if (raw['id'] !== ref.value) throw new AdapterError('bug', 'The CRM answered with another record.');
  const { revision, updated_at: _at, ...record } = raw;
  const named = [...DATA_FIELDS].flatMap(([name, { type, field }]) =>
    type === ref.type && record[field] !== undefined ? [[name, record[field] as Json] as const] : [],
  );
  const account = ref.type === 'account' ? record['id'] : record['account'];
  const data =
    ref.type === 'contract' || ref.type === 'ticket'
      ? record
      : { ...Object.fromEntries(named), id: record['id'] ?? null };
  return {
    ref,
    version: String(revision),
    versionKind: 'counter',
    readAt: ctx.clock().toISOString(),
    data: { ...data, account: account ?? null },
  };
}

function written(response: CrmResponse, type: string, isWrite: boolean): StepResult {
  const { body, headers } = check(response, isWrite);
  const record = memberOf(body, 'record');
  const request = headers['x-request-id'];
  return {
    state: body['replayed'] === true ? 'already_applied' : 'applied',
    ref: { type, by: 'id', value: String(record['id']) },
    version: String(record['revision']),
    ...(typeof request === 'string' ? { providerRequestId: request } : {}),
  };
}

const CODES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [400, 'invalid'],
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [412, 'conflict'],
  [428, 'bug'],
  [429, 'rate_limited'],
]);

/** A 5xx answer to a write says nothing about whether it was done. */
function check(response: CrmResponse, isWrite: boolean): CrmResponse {
  if (response.status < 300) return response;
  const code = CODES.get(response.status) ?? (isWrite ? 'unknown_outcome' : 'retryable');
  const error = response.body['error'];
  const fields =
    typeof error === 'object' && error !== null && 'fields' in error && Array.isArray(error['fields'])
      ? error['fields']
      : [];
  const retryAfter = Number(response.headers['retry-after']);
  throw new AdapterError(code, `The CRM refused: ${response.status}.`, {
    ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1000 } : {}),
    fields: fields.map((each) => ({ path: String(each.path), message: String(each.message) })),
  });
}

function memberOf(body: JsonObject, name: string): JsonObject {
  const value = body[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
  return value as JsonObject;
}
