import type { MiddlewareHandler } from 'hono';
import { type Env, type Http, Refused, refusal, type Status } from './env.ts';
import { DAILY, LIMIT_HEADERS, TEN_SECONDLY } from './limits.ts';

/** Faults on order, as the sandbox has them and some only HubSpot has; each is used up by the next matching request.
 * `429` names its interval in a header, `429-bare` says nothing, `429-daily` is the day's quota. `partial` drops a write's last value.
 * `foreign` lets a person change the record just before the write. `-after` kinds do the work first. */
const FAULT_KINDS = [
  'refuse',
  'delay',
  '429',
  '429-bare',
  '429-daily',
  '401',
  '403-scopes',
  '409',
  '423',
  '477',
  '503',
  '500-before',
  '500-after',
  'reset-after',
  'hang',
  'hang-after',
  'slow',
  'bad-schema',
  'stale-read',
  'partial',
  'foreign',
] as const;
type FaultKind = (typeof FAULT_KINDS)[number];

interface Fault {
  readonly op: 'read' | 'write' | 'any';
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
    take(op: 'read' | 'write'): Fault | undefined {
      const found = queue.find((each) => each.op === op || each.op === 'any');
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
  const op = (['read', 'write', 'any'] as const).find((each) => each === value.op);
  if (kind === undefined || op === undefined) return undefined;
  const count = 'count' in value && typeof value.count === 'number' ? value.count : 1;
  const ms = 'ms' in value && typeof value.ms === 'number' ? value.ms : 1_000;
  return { op, kind, count, ms };
}

const BEFORE: ReadonlyMap<FaultKind, readonly [Status, string, object?]> = new Map<
  FaultKind,
  readonly [Status, string, object?]
>([
  ['401', [401, 'INVALID_AUTHENTICATION']],
  ['403-scopes', [403, 'MISSING_SCOPES']],
  ['409', [409, 'CONFLICT']],
  ['423', [423, 'LOCKED']],
  ['503', [503, 'SERVICE_UNAVAILABLE']],
  ['500-before', [500, 'INTERNAL_ERROR']],
  ['429', [429, 'RATE_LIMITS', TEN_SECONDLY]],
  ['429-bare', [429, 'RATE_LIMITS', TEN_SECONDLY]],
  ['429-daily', [429, 'RATE_LIMITS', DAILY]],
]);

const never = () => new Promise<never>(() => undefined);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Reads that are sent as POST. */
const READS = /\/(search|batch\/read|preview)$/;

/** Lets the next ordered fault happen to a request. */
export function withFaults(faults: Faults): MiddlewareHandler<Env> {
  return async (c, next) => {
    const fault = faults.take(c.req.method === 'GET' || READS.test(c.req.path) ? 'read' : 'write');
    if (fault === undefined) return next();
    const { kind, ms } = fault;
    if (kind === '477')
      return c.body(
        '{"status":"error","message":"migration in progress","category":"MIGRATION_IN_PROGRESS"}',
        477 as 400,
      );
    const before = BEFORE.get(kind);
    if (before !== undefined) return refused(c, kind, ...before);
    if (kind === 'refuse') {
      c.env.outgoing.destroy();
      return c.body(null);
    }
    if (kind === 'hang') await never();
    if (kind === 'delay') await sleep(ms);
    c.set('stale', kind === 'stale-read');
    c.set('partial', kind === 'partial');
    c.set('foreign', kind === 'foreign');
    await next();
    if (kind === 'hang-after') await never();
    if (kind === 'reset-after') c.env.outgoing.destroy();
    if (kind === '500-after') c.res = refusal(c, new Refused(500, 'INTERNAL_ERROR', 'A fault was ordered.'));
    if (kind === 'bad-schema') c.res = c.html('<h1>Down for maintenance</h1>');
    if (kind === 'slow') c.res = new Response(drip(await c.res.bytes(), ms), c.res);
    return undefined;
  };
}

function refused(c: Http, kind: FaultKind, status: Status, category: string, more: object = {}): Response {
  if (kind === '429-bare') for (const name of LIMIT_HEADERS) c.header(name, undefined);
  return refusal(c, new Refused(status, category, 'A fault was ordered.'), more);
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
