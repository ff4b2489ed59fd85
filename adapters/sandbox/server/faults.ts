import type { MiddlewareHandler } from 'hono';
import type { Env, Http } from './env.ts';

/** Faults on order, for tests: each is used up by the next matching request, in the order they were ordered.
 * `429-bare` says no Retry-After; `partial` carries out the first field of a write only.
 * `page-404` is what a proxy without a way to the CRM says.
 * `refuse` closes the connection unread; `-after` kinds do the work first; `slow` gives the answer byte by byte, `ms` apart. */
const FAULT_KINDS = [
  'refuse',
  'delay',
  '429',
  '429-bare',
  '401',
  '500-before',
  '500-after',
  'reset-after',
  'hang',
  'hang-after',
  'slow',
  'bad-schema',
  'stale-read',
  'partial',
  'page-404',
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
  const op = (['read', 'write', 'any'] as const).find((each) => each === value.op);
  if (kind === undefined || op === undefined) return undefined;
  const count = 'count' in value && typeof value.count === 'number' ? value.count : 1;
  const ms = 'ms' in value && typeof value.ms === 'number' ? value.ms : 1_000;
  return { op, kind, count, ms };
}

const BEFORE: ReadonlyMap<FaultKind, readonly [status: 401 | 429 | 500, code: string]> = new Map([
  ['401', [401, 'unauthorised'] as const],
  ['429', [429, 'rate_limited'] as const],
  ['429-bare', [429, 'rate_limited'] as const],
  ['500-before', [500, 'internal'] as const],
]);

const never = () => new Promise<never>(() => undefined);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

type Op = 'read' | 'write';
const byMethod = (c: Http): Op | Promise<Op | undefined> => (c.req.method === 'GET' ? 'read' : 'write');

/** Lets the next ordered fault happen to a request; to none whose `opOf` is undefined. */
export function withFaults(faults: Faults, opOf = byMethod): MiddlewareHandler<Env> {
  return async (c, next) => {
    const op = await opOf(c);
    const fault = op === undefined ? undefined : faults.take(op);
    if (fault === undefined) return next();
    const refusal = BEFORE.get(fault.kind);
    if (refusal !== undefined) {
      const [status, code] = refusal;
      if (fault.kind === '429') c.header('retry-after', '1');
      return c.json({ error: { code, message: 'A fault was ordered.' } }, status);
    }
    if (fault.kind === 'refuse') {
      c.env.outgoing.destroy();
      return c.body(null);
    }
    if (fault.kind === 'page-404') return c.html('<h1>404 Not Found</h1>', 404);
    if (fault.kind === 'hang') await never();
    if (fault.kind === 'delay') await sleep(fault.ms);
    if (fault.kind === 'stale-read') c.set('stale', true);
    if (fault.kind === 'partial') c.set('partial', true);
    await next();
    if (fault.kind === 'hang-after') await never();
    if (fault.kind === 'reset-after') c.env.outgoing.destroy();
    if (fault.kind === '500-after')
      c.res = c.json({ error: { code: 'internal', message: 'A fault was ordered.' } }, 500);
    if (fault.kind === 'bad-schema') c.res = c.html('<h1>Down for maintenance</h1>');
    if (fault.kind === 'slow') c.res = new Response(drip(await c.res.bytes(), fault.ms), c.res);
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
