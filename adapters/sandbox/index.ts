import type { Dispatcher } from 'undici';
import { makeHttp, path, type ReadHttp, readOnly } from '../sdk/http.ts';
import {
  type Adapter,
  AdapterError,
  type AdapterManifest,
  type Capability,
  type Ctx,
  type Health,
  type PlanStep,
  type Verification,
} from '../sdk/index.ts';
import { accepted, changeOf, saysAbsent, writtenOf } from './answers.ts';
import { changesSince } from './feed.ts';
import { differences, PLANNERS } from './plan.ts';
import { collectionOf, readRecord, snapshotOf, target } from './records.ts';

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
  /** One call's time; 5 s unless told. */
  readonly timeoutMs?: number;
}

/** The sandbox CRM over its HTTP API: conditional writes, each carrying an external id the CRM keeps unique. */
export function makeSandboxAdapter(options: SandboxAdapterOptions): Adapter {
  const http = makeHttp({
    origin: options.origin,
    headers: () => ({ authorization: `Bearer ${options.token}` }),
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
    timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
    bodyBytesMax: ANSWER_BYTES_MAX,
    // A program of the company’s own machine or network.
    allowPrivate: true,
  });
  const reader = readOnly(http);
  return {
    manifest,
    health: (ctx) => health(reader, ctx),
    discover: async () => manifest.capabilities,
    read: async (ctx, ref) => snapshotOf(ctx, ref.type, await readRecord(reader, ctx, ref)),
    async plan(ctx, request) {
      const planner = PLANNERS.get(request.action);
      if (planner === undefined)
        throw new AdapterError('unsupported', `The sandbox CRM does not know ${request.action}.`);
      return planner(request, (ref) => readRecord(reader, ctx, ref));
    },
    async execute(ctx, { idempotencyKey, payload, preconditions: [precondition] }) {
      const key = { 'external-id': idempotencyKey };
      if (precondition === undefined)
        return writtenOf(await http.send(ctx, 'POST', path`/v1/tickets`, payload, key), 'ticket');
      const { ref, version } = precondition;
      const headers = { ...key, 'if-match': `"${version}"` };
      return writtenOf(await http.send(ctx, 'PATCH', target(ref), payload, headers), ref.type);
    },
    verify: (ctx, step) => verify(reader, ctx, step),
    changes: (ctx, type, cursor) => changesSince(reader, ctx, type, cursor),
    async compensate(ctx, step, done) {
      const [precondition] = step.preconditions;
      if (precondition === undefined)
        throw new AdapterError('unsupported', 'A ticket is not taken back; close it instead.');
      const before = Object.fromEntries(step.changes.map(({ field, from }) => [field, from]));
      const headers = { 'external-id': `${step.idempotencyKey}:undo`, 'if-match': `"${done.version}"` };
      return writtenOf(await http.send(ctx, 'PATCH', target(precondition.ref), before, headers), precondition.ref.type);
    },
  };
}

async function health(http: ReadHttp, ctx: Ctx): Promise<Health> {
  const before = ctx.clock().getTime();
  const latency = () => ctx.clock().getTime() - before;
  try {
    accepted(await http.get(ctx, path`/v1/accounts?limit=1`), 'read');
    return { ok: true, latencyMs: latency() };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return { ok: false, latencyMs: latency(), detail: error.message };
  }
}

/** Asks the CRM whether it has the change, then compares the record with every planned value. Throws when it cannot read. */
async function verify(http: ReadHttp, ctx: Ctx, step: PlanStep): Promise<Verification> {
  const found = await http.get(ctx, path`/v1/changes/${step.idempotencyKey}`);
  if (saysAbsent(found)) return { state: 'not_applied', diff: [] };
  if (found.status === 404) return { state: 'unknown', diff: [] };
  const made = changeOf(accepted(found, 'read'));
  const type = step.preconditions[0]?.ref.type ?? 'ticket';
  const planned = step.preconditions[0]?.ref.value ?? made.id;
  if (made.type !== collectionOf(type) || made.id !== planned)
    throw new AdapterError('bug', 'The CRM applied this step to another record.');
  const record = await readRecord(http, ctx, { type, by: 'id', value: made.id });
  // An eventually consistent read may be older than the change it should show.
  if (record.revision < made.revision) return { state: 'unknown', diff: [] };
  const diff = differences(step.changes, record);
  return { state: diff.length === 0 ? 'applied' : 'diverged', after: snapshotOf(ctx, type, record), diff };
}
