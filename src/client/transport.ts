import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../protocol/base/json.ts';
import { AnswerError, ProblemError } from './problem.ts';
import { makeSignedFetch, type SignedFetchOptions } from './signed-fetch.ts';

/** Tries of one request before its failure is the caller's: about half a minute. The idempotency key makes repeating safe. */
const TRIES_MAX = 8;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 10_000;
const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504, 507]);

interface Outgoing {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The native binding's requests: signed anew on every try, repeated while that is safe, believed only when signed by the company. */
export function makeTransport(options: SignedFetchOptions) {
  const origin = new URL(options.gateway);
  const { fetch, profile, companyKeys } = makeSignedFetch(options);

  async function exchange(outgoing: Outgoing): Promise<JsonObject> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await attempt(outgoing).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) return outcome as JsonObject;
      if (tries >= TRIES_MAX || !mayRepeat(outcome)) throw outcome;
      const pause = outcome instanceof ProblemError ? outcome.retryAfterMs : undefined;
      await sleep(pause ?? Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** tries));
    }
  }

  async function attempt({ method, path, body, headers = {} }: Outgoing): Promise<JsonObject> {
    const response = await fetch(new URL(path, origin), {
      method,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const value = parseAnswer(await response.text(), response.status);
    if (response.status >= 400) throw new ProblemError(response.status, value, retryAfterMs(response));
    if (!response.headers.has('signature')) throw new AnswerError('the answer is not signed');
    return value;
  }

  return {
    profile,
    companyKeys,
    get: (path: string, headers: Readonly<Record<string, string>> = {}) => exchange({ method: 'GET', path, headers }),
    delete: (path: string) => exchange({ method: 'DELETE', path }),
    post: ({ path, body, key }: { readonly path: string; readonly body: string; readonly key?: string }) =>
      exchange({ method: 'POST', path, body, headers: key === undefined ? {} : { 'idempotency-key': `"${key}"` } }),
  };
}

export function mayRepeat(error: Error): boolean {
  if (error instanceof AnswerError) return false;
  if (!(error instanceof ProblemError)) return true;
  return RETRIED_STATUS.has(error.status) || error.type.endsWith(':idempotency-in-flight');
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
