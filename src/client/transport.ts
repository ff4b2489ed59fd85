import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { endingOf } from './call.ts';
import { AnswerError, ProblemError } from './problem.ts';
import { makeSignedFetch, type SignedFetchOptions } from './signed-fetch.ts';

/** Tries of one request before its failure is the caller's: about half a minute. The idempotency key makes repeating safe. */
const TRIES_MAX = 8;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 10_000;
/** Of one try: longer than a gateway holds back an answer (`Prefer: wait`). */
const TRY_MS_MAX = (LIMITS.waitSecondsMax + 10) * 1000;
const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504, 507]);

interface Asked {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends all its tries. */
  readonly signal: AbortSignal;
}

interface Outgoing extends Asked {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly body?: string;
}

/** The native binding's requests: signed anew on every try, repeated while that is safe, believed only when signed by the company. */
export function makeTransport(options: SignedFetchOptions) {
  const origin = new URL(options.gateway);
  const { fetch, profile, companyKeys } = makeSignedFetch(options);

  async function exchange(outgoing: Outgoing): Promise<JsonObject> {
    const { signal } = outgoing;
    for (let tries = 1; ; tries += 1) {
      signal.throwIfAborted();
      try {
        return await attempt(outgoing);
      } catch (error) {
        signal.throwIfAborted();
        if (tries >= TRIES_MAX || !mayRepeat(error)) throw error;
        const pause = error instanceof ProblemError ? error.retryAfterMs : undefined;
        const pauseMs = pause ?? Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** tries);
        // Its own error says less than the signal's reason.
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async function attempt({ method, path, body, headers = {}, signal }: Outgoing): Promise<JsonObject> {
    const response = await fetch(new URL(path, origin), {
      method,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      signal: endingOf({ signal, timeoutMs: TRY_MS_MAX }),
    });
    const value = parseAnswer(await response.text(), response.status);
    if (response.status >= 400) throw new ProblemError(response.status, value, retryAfterMs(response));
    if (!response.headers.has('signature')) throw new AnswerError('the answer is not signed');
    return value;
  }

  return {
    profile,
    companyKeys,
    get: (asked: Asked) => exchange({ method: 'GET', ...asked }),
    delete: (asked: Asked) => exchange({ method: 'DELETE', ...asked }),
    post: ({ path, body, key, signal }: Asked & { readonly body: string; readonly key?: string }) => {
      const headers = key === undefined ? {} : { 'idempotency-key': `"${key}"` };
      return exchange({ method: 'POST', path, body, headers, signal });
    },
  };
}

export function mayRepeat(error: unknown): boolean {
  if (error instanceof AnswerError) return false;
  if (!(error instanceof ProblemError)) return true;
  return RETRIED_STATUS.has(error.status);
}

function parseAnswer(text: string, status: number): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Not JSON: the gateway always answers JSON, so something between us and it did not.
  }
  throw status >= 500
    ? new ProblemError(status, { title: 'not a Parley answer' }, undefined)
    : new AnswerError(`not a Parley answer (${status})`);
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, RETRY_MS_MAX) : undefined;
}
