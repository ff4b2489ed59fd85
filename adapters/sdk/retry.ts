import { AdapterError, type Ctx } from './index.ts';
import { retryAfterMs } from './limits.ts';
import { orStopped, systemTiming, type Timing } from './timing.ts';
import type { Headers } from './transport.ts';

/** Repeats inside one call, for requests that may be repeated. Longer patience is the engine’s. */
export interface RetryPolicy {
  readonly retriesMax: number;
  /** The first wait’s upper bound; it doubles with each try. */
  readonly baseMs: number;
  readonly waitMsMax: number;
  readonly timing?: Timing;
}

/** Two more tries within about a second: enough for a connection that broke or a server that is being replaced. */
export const FEW_RETRIES: RetryPolicy = { retriesMax: 2, baseMs: 200, waitMsMax: 1_000 };

/** Statuses that say nothing about the request and may be gone in a moment. */
const PASSING = new Set([408, 425, 500, 502, 503, 504]);

interface Answered {
  readonly status: number;
  readonly headers: Headers;
}

type Try<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AdapterError };

/** Tries until it is answered, with full jitter between. Once a write is in doubt only a success ends the doubt: whatever else a
 * later try comes to, the first may have been carried out, so it throws `unknown_outcome`. */
export async function retrying<T extends Answered>(
  ctx: Ctx,
  policy: RetryPolicy,
  isWrite: boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  const { timing = systemTiming } = policy;
  let isDoubtful = false;
  for (let tries = 0; ; tries += 1) {
    const outcome = await tried(attempt);
    const wait = tries < policy.retriesMax ? waitFor(outcome, policy, timing, tries, ctx) : undefined;
    if (wait === undefined) return ended(outcome, isWrite && isDoubtful);
    isDoubtful ||= isWrite && leavesDoubt(outcome);
    ctx.log('crm.retried', {
      tries: tries + 1,
      wait_ms: wait,
      after: outcome.ok ? outcome.value.status : outcome.error.code,
    });
    try {
      await orStopped(timing.sleep(wait, ctx.signal), ctx.signal);
    } catch (error) {
      throw isDoubtful ? doubt() : error;
    }
  }
}

async function tried<T>(attempt: () => Promise<T>): Promise<Try<T>> {
  try {
    return { ok: true, value: await attempt() };
  } catch (error) {
    if (error instanceof AdapterError) return { ok: false, error };
    throw error;
  }
}

function ended<T extends Answered>(outcome: Try<T>, isDoubtful: boolean): T {
  const isSuccess = outcome.ok && outcome.value.status >= 200 && outcome.value.status < 300;
  if (isDoubtful && !isSuccess) throw doubt();
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function leavesDoubt<T extends Answered>(outcome: Try<T>): boolean {
  return outcome.ok || outcome.error.code === 'unknown_outcome';
}

/** How long to wait before the next try; undefined when there is to be none. */
function waitFor<T extends Answered>(
  outcome: Try<T>,
  { baseMs, waitMsMax }: RetryPolicy,
  timing: Timing,
  tries: number,
  ctx: Ctx,
): number | undefined {
  if (ctx.signal.aborted) return undefined;
  const isPassing = outcome.ok
    ? PASSING.has(outcome.value.status)
    : outcome.error.code === 'unknown_outcome' || outcome.error.code === 'retryable';
  if (!isPassing) return undefined;
  const asked = outcome.ok ? (retryAfterMs(outcome.value.headers, ctx.clock().getTime()) ?? 0) : 0;
  if (asked > waitMsMax) return undefined;
  return Math.max(asked, Math.floor(timing.random() * Math.min(waitMsMax, baseMs * 2 ** tries)));
}

function doubt(): AdapterError {
  return new AdapterError(
    'unknown_outcome',
    'A write that was sent has no usable answer, and neither have its repeats.',
  );
}
