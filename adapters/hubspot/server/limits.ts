import type { MiddlewareHandler } from 'hono';
import { type Env, Refused, refusal } from './env.ts';

const DAILY_MAX = 625_000;
export const TEN_SECONDLY = { errorType: 'RATE_LIMIT', policyName: 'TEN_SECONDLY_ROLLING' };
export const DAILY = { errorType: 'RATE_LIMIT', policyName: 'DAILY' };
export const LIMIT_HEADERS = [
  'x-hubspot-ratelimit-max',
  'x-hubspot-ratelimit-remaining',
  'x-hubspot-ratelimit-interval-milliseconds',
  'x-hubspot-ratelimit-daily',
  'x-hubspot-ratelimit-daily-remaining',
];

/** The rolling limit, of ten seconds at HubSpot, with its headers; no Retry-After, as there is none at HubSpot. */
export function withLimits(max: number, intervalMs: number, now: () => Date): MiddlewareHandler<Env> {
  let recent: number[] = [];
  let today = 0;
  return async (c, next) => {
    const at = now().getTime();
    recent = recent.filter((each) => each > at - intervalMs);
    const isOver = recent.length >= max;
    if (!isOver) recent.push(at);
    today += 1;
    const values = [max, Math.max(0, max - recent.length), intervalMs, DAILY_MAX, Math.max(0, DAILY_MAX - today)];
    for (const [index, name] of LIMIT_HEADERS.entries()) c.header(name, String(values[index]));
    if (isOver)
      return refusal(
        c,
        new Refused(429, 'RATE_LIMITS', 'You have reached your ten_secondly_rolling limit.'),
        TEN_SECONDLY,
      );
    return next();
  };
}
