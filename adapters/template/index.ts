import {
  type Adapter,
  AdapterError,
  type AdapterErrorCode,
  type AdapterManifest,
  type Capability,
  type CrmResponse,
  type Ctx,
  type Dispatcher,
  FEW_RETRIES,
  type Health,
  type JsonObject,
  makeHttp,
  makeLimiter,
  type PlanStep,
  path,
  type ReadHttp,
  type Ref,
  readOnly,
  retryAfter,
  retryAfterMs,
  type Snapshot,
  type StepResult,
  staticToken,
  type Verification,
} from '../sdk/public.ts';
import { differences, plan } from './plan.ts';

/** What is promised here is what the conformance kit tests. Promise less where your CRM can less: `none` is an honest answer. */
const capability = (action: string, object: string, reversal: Capability['reversal']): Capability => ({
  action,
  version: '1',
  objects: [object],
  modes: ['read', 'write'],
  idempotency: 'external_id',
  conflict: 'etag',
  reversal,
  preview: 'computed',
  stability: 'ga',
});

const manifest: AdapterManifest = {
  name: 'template',
  version: '0.1.0',
  title: 'Template CRM',
  capabilities: [capability('data.validate', 'contact', 'undo'), capability('human.handoff', 'ticket', 'none')],
};

export interface Options {
  /** The only origin that is ever called. */
  readonly origin: string;
  readonly token: string;
  /** One try’s time; 5 s unless told. */
  readonly timeoutMs?: number;
  /** For a CRM in your own network, and for the simulator. */
  readonly allowPrivate?: boolean;
  /** The kit hands its own in, to count what really leaves. */
  readonly dispatcher?: Dispatcher;
}

const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 1_048_576;
/** Longer than any id of this CRM, and far below what a request line holds. */
const ID_CHARS_MAX = 256;

export function makeAdapter({
  origin,
  token,
  timeoutMs = TIMEOUT_MS,
  allowPrivate = false,
  dispatcher,
}: Options): Adapter {
  const http = makeHttp({
    origin,
    auth: staticToken({ token }),
    limiter: makeLimiter({ rate: { burst: 100, perSecond: 100 }, readers: [retryAfter] }),
    retry: FEW_RETRIES,
    timeoutMs,
    bodyBytesMax: ANSWER_BYTES_MAX,
    allowPrivate,
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  // All that reading, planning and verifying get: it cannot write.
  const reader = readOnly(http);
  return {
    manifest,
    health: (ctx) => health(reader, ctx),
    discover: async () => manifest.capabilities,
    read: (ctx, ref) => read(reader, ctx, ref),
    plan: (ctx, request) => plan(request, (ref) => read(reader, ctx, ref)),
    async execute(ctx, { idempotencyKey, payload, preconditions: [precondition] }) {
      const headers = { 'external-id': idempotencyKey };
      if (precondition === undefined)
        return writtenOf(ctx, 'ticket', await http.send(ctx, 'POST', path`/tickets`, payload, headers));
      const { ref, version } = precondition;
      const conditional = { ...headers, 'if-match': `"${version}"` };
      return writtenOf(ctx, ref.type, await http.send(ctx, 'PATCH', target(ref), payload, conditional));
    },
    verify: (ctx, step) => verify(reader, ctx, step),
    async compensate(ctx, step, done) {
      if (step.preconditions.length === 0) throw new AdapterError('unsupported', 'A ticket is not taken back.');
      const before = Object.fromEntries(step.changes.map(({ field, from }) => [field, from]));
      const headers = { 'external-id': `${step.idempotencyKey}:undo`, 'if-match': `"${done.version}"` };
      return writtenOf(ctx, done.ref.type, await http.send(ctx, 'PATCH', target(done.ref), before, headers));
    },
  };
}

function target({ type, value }: Ref) {
  if (value.length > ID_CHARS_MAX) throw new AdapterError('invalid', 'An identifier is not usable.');
  if (type === 'contact') return path`/contacts/${value}`;
  if (type === 'ticket') return path`/tickets/${value}`;
  throw new AdapterError('unsupported', 'This CRM has no such type.');
}

async function health(http: ReadHttp, ctx: Ctx): Promise<Health> {
  const before = ctx.clock().getTime();
  const latency = () => ctx.clock().getTime() - before;
  try {
    accepted(ctx, 'read', await http.get(ctx, path`/health`));
    return { ok: true, latencyMs: latency() };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return { ok: false, latencyMs: latency(), detail: error.message };
  }
}

async function read(http: ReadHttp, ctx: Ctx, ref: Ref): Promise<Snapshot> {
  const { body } = accepted(ctx, 'read', await http.get(ctx, target(ref)));
  const { id, revision, ...data } = body;
  // What is not the record asked for is nobody’s record.
  if (id !== ref.value || typeof revision !== 'number')
    throw new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
  return {
    ref,
    version: String(revision),
    versionKind: 'counter',
    readAt: ctx.clock().toISOString(),
    data: { ...data, id },
  };
}

/** Asks the CRM whether it has this step’s change, then compares every planned value. Reads only. */
async function verify(http: ReadHttp, ctx: Ctx, step: PlanStep): Promise<Verification> {
  const found = await http.get(ctx, path`/changes/${step.idempotencyKey}`);
  // The CRM’s own 404 says “not done”; one from something in between says nothing.
  if (found.status === 404) return { state: found.body['error'] === 'not_found' ? 'not_applied' : 'unknown', diff: [] };
  const { type, id, revision } = changeOf(accepted(ctx, 'read', found).body);
  const after = await read(http, ctx, { type, by: 'id', value: id });
  // A read may be older than the change it should show.
  if (Number(after.version) < revision) return { state: 'unknown', diff: [] };
  const diff = differences(step.changes, after.data);
  return { state: diff.length === 0 ? 'applied' : 'diverged', after, diff };
}

function changeOf({ type, id, revision }: JsonObject) {
  if (typeof type !== 'string' || typeof id !== 'string' || typeof revision !== 'number')
    throw new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
  return { type, id, revision };
}

/** A write’s answer. A success that does not say what it wrote is looked up later, not believed. */
function writtenOf(ctx: Ctx, type: string, response: CrmResponse): StepResult {
  const { id, revision, replayed } = accepted(ctx, 'write', response).body;
  if (typeof id !== 'string' || typeof revision !== 'number')
    throw new AdapterError('unknown_outcome', 'The CRM’s answer to a write has not the promised shape.');
  const state = replayed === true ? 'already_applied' : 'applied';
  return { state, ref: { type, by: 'id', value: id }, version: String(revision) };
}

/** Your CRM’s statuses in Parley’s words. Any other leaves the outcome of a write open. */
const CODES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [400, 'invalid'],
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [412, 'conflict'],
  [429, 'rate_limited'],
]);

function accepted(ctx: Ctx, kind: 'read' | 'write', response: CrmResponse): CrmResponse {
  const { status, headers } = response;
  if (status >= 200 && status < 300) return response;
  const wait = retryAfterMs(headers, ctx.clock().getTime());
  const code = CODES.get(status) ?? (kind === 'write' ? 'unknown_outcome' : 'retryable');
  throw new AdapterError(code, `The CRM refused: ${status}.`, wait === undefined ? {} : { retryAfterMs: wait });
}
