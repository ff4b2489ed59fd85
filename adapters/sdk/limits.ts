/** Readers of what servers say about their limits. */
import { type LimitReader, PAUSE_MS_MAX } from './limiter.ts';
import type { Headers } from './transport.ts';

/** A server that says 429 and not how long. */
const PAUSE_MS_DEFAULT = 1_000;

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds: seconds or a date, at most five minutes. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const text = headers['retry-after'];
  if (typeof text !== 'string') return undefined;
  const date = /^[A-Z]/.test(text) ? Date.parse(text) : Number.NaN;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : date - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), PAUSE_MS_MAX);
}

/** Retry-After with 429 and 503; a second for a 429 without. */
export const retryAfter: LimitReader = ({ status, headers }, nowMs) => {
  if (status !== 429 && status !== 503) return {};
  const ms = retryAfterMs(headers, nowMs) ?? (status === 429 ? PAUSE_MS_DEFAULT : undefined);
  return ms === undefined ? {} : { pauseMs: ms };
};

/** HubSpot: the rolling window’s rest, and the day’s. It promises no Retry-After. */
export const hubspotLimits: LimitReader = ({ status, headers }) => {
  const intervalMs = count(headers['x-hubspot-ratelimit-interval-milliseconds']) ?? PAUSE_MS_DEFAULT;
  const remaining = count(headers['x-hubspot-ratelimit-remaining']);
  const limit = count(headers['x-hubspot-ratelimit-daily']);
  const left = count(headers['x-hubspot-ratelimit-daily-remaining']);
  return {
    ...(status === 429 || remaining === 0 ? { pauseMs: intervalMs } : {}),
    ...(limit === undefined || left === undefined ? {} : { quota: { used: Math.max(0, limit - left), limit } }),
  };
};

/** Salesforce: the calls of the last 24 hours, `api-usage=25/15000`. */
export const salesforceLimits: LimitReader = ({ headers }) => {
  const found = /(?:^|[\s;,])api-usage=(\d{1,12})\/(\d{1,12})/.exec(String(headers['sforce-limit-info'] ?? ''));
  return found === null ? {} : { quota: { used: Number(found[1]), limit: Number(found[2]) } };
};

function count(value: Headers[string]): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
