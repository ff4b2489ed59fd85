import type { MiddlewareHandler } from 'hono';
import type { Env } from './env.ts';
import { SfError } from './errors.ts';

/** Faults on order, for tests: each is used up by the next matching request, in the order they were ordered.
 * The sandbox's kinds, as far as Salesforce can do them: its 429 is a 403 without Retry-After (`429`, `429-bare` and `limit` are one).
 * `lock-row`, `entity-locked` and `validation` refuse the first record of a write, wherever it stands in the request. */
const FAULT_KINDS = [
  'refuse',
  'delay',
  '429',
  '429-bare',
  'limit',
  '401',
  '403',
  '500-before',
  '500-after',
  '503',
  'reset-after',
  'hang',
  'hang-after',
  'slow',
  'bad-schema',
  'stale-read',
  'partial',
  'lock-row',
  'entity-locked',
  'validation',
] as const;
type FaultKind = (typeof FAULT_KINDS)[number];
type Op = 'read' | 'write' | 'any' | 'token';

interface Fault {
  readonly op: Op;
  readonly kind: FaultKind;
  readonly count: number;
  readonly ms: number;
}

export type Faults = ReturnType<typeof makeFaults>;

export function makeFaults() {
  let queue: Fault[] = [];
  return {
    clear() {
      queue = [];
    },
    add(value: unknown): boolean {
      const fault = parseFault(value);
      if (fault !== undefined) queue.push(fault);
      return fault !== undefined;
    },
    take(op: 'read' | 'write' | 'token'): Fault | undefined {
      const found = queue.find((each) => each.op === op || (each.op === 'any' && op !== 'token'));
      if (found !== undefined)
        queue = queue.flatMap((each) =>
          each !== found ? each : each.count > 1 ? { ...each, count: each.count - 1 } : [],
        );
      return found;
    },
  };
}

function parseFault(value: unknown): Fault | undefined {
  if (typeof value !== 'object' || value === null || !('op' in value) || !('kind' in value)) return undefined;
  const kind = FAULT_KINDS.find((each) => each === value.kind);
  const op = (['read', 'write', 'any', 'token'] as const).find((each) => each === value.op);
  if (kind === undefined || op === undefined) return undefined;
  const count = 'count' in value && typeof value.count === 'number' ? value.count : 1;
  const ms = 'ms' in value && typeof value.ms === 'number' ? value.ms : 1_000;
  return { op, kind, count, ms };
}

type Refusal = readonly [status: 401 | 403 | 500 | 503, code: string, text: string];
const limit: Refusal = [403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'];
const BEFORE: ReadonlyMap<FaultKind, Refusal> = new Map<FaultKind, Refusal>([
  ['401', [401, 'INVALID_SESSION_ID', 'Session expired or invalid']],
  ['403', [403, 'INSUFFICIENT_ACCESS', 'The user has no access.']],
  ['429', limit],
  ['429-bare', limit],
  ['limit', limit],
  ['500-before', [500, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred.']],
  ['503', [503, 'SERVER_UNAVAILABLE', 'The server is too busy.']],
]);
const RECORD: ReadonlyMap<FaultKind, () => SfError> = new Map<FaultKind, () => SfError>([
  ['lock-row', () => new SfError(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record')],
  ['entity-locked', () => new SfError(400, 'ENTITY_IS_LOCKED', 'the entity is locked for editing')],
  [
    'validation',
    () => new SfError(400, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', 'A rule of the org refuses this.', ['Description']),
  ],
]);

const never = () => new Promise<never>(() => undefined);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets the next ordered fault happen to a request. */
export function withFaults(faults: Faults): MiddlewareHandler<Env> {
  return async (c, next) => {
    const isToken = c.req.path.startsWith('/services/oauth2/');
    const fault = faults.take(isToken ? 'token' : c.req.method === 'GET' ? 'read' : 'write');
    if (fault === undefined) return next();
    const refusal = BEFORE.get(fault.kind);
    if (refusal !== undefined) {
      const [status, errorCode, message] = refusal;
      return c.json([{ message, errorCode }], status);
    }
    if (fault.kind === 'refuse') {
      c.env.outgoing.destroy();
      return c.body(null);
    }
    if (fault.kind === 'hang') await never();
    if (fault.kind === 'delay') await sleep(fault.ms);
    if (fault.kind === 'stale-read') c.set('stale', true);
    if (fault.kind === 'partial') c.set('partial', true);
    c.set('refusal', RECORD.get(fault.kind)?.());
    await next();
    if (fault.kind === 'hang-after') await never();
    if (fault.kind === 'reset-after') c.env.outgoing.destroy();
    if (fault.kind === '500-after')
      c.res = c.json([{ message: 'An unexpected error occurred.', errorCode: 'UNKNOWN_EXCEPTION' }], 500);
    if (fault.kind === 'bad-schema') c.res = c.html('<h1>Down for maintenance</h1>');
    if (fault.kind === 'slow') {
      if (c.res.status === 204) await sleep(5 * fault.ms);
      else c.res = new Response(drip(await c.res.bytes(), fault.ms), c.res);
    }
    return undefined;
  };
}

function drip(bytes: Uint8Array, ms: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      await sleep(ms);
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at + 1));
      at += 1;
    },
  });
}
