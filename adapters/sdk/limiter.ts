import { AdapterError, type Ctx } from './index.ts';
import { orStopped, systemTiming, type Timing } from './timing.ts';
import type { Headers } from './transport.ts';

/** What the server says about its limits with one answer. */
export interface LimitNews {
  /** Nothing more before this many milliseconds are over. */
  readonly pauseMs?: number;
  /** Of the longer window, a day as a rule: for people and health. */
  readonly quota?: Quota;
}

export interface Quota {
  readonly used: number;
  readonly limit: number;
}

/** Reads one vendor’s headers. Gets the server’s answer as it came, hostile or not. */
export type LimitReader = (answer: { readonly status: number; readonly headers: Headers }, nowMs: number) => LimitNews;

export interface LimiterOptions {
  /** A token bucket: this many at once, refilled steadily. */
  readonly rate?: { readonly burst: number; readonly perSecond: number };
  readonly readers?: readonly LimitReader[];
  /** Who would have to wait longer is sent away with `rate_limited`; 2 s unless told. */
  readonly waitMsMax?: number;
  readonly timing?: Timing;
}

export interface Limiter {
  /** Waits for leave to send one request. Throws `rate_limited`, or `retryable` when stopped: nothing was sent. */
  admit(ctx: Ctx): Promise<void>;
  heard(ctx: Ctx, answer: { readonly status: number; readonly headers: Headers }): void;
  quota(): Quota | undefined;
}

const WAIT_MS_MAX = 2_000;
/** A header must not silence the gateway for longer than this: what it said may be about a trouble that is over. */
export const PAUSE_MS_MAX = 300_000;
/** From here on an operator should know. */
const QUOTA_WARNED = 0.9;

/** Keeps to one host’s limits: to the agreed rate beforehand, to what its answers say afterwards. Share one among all that use the same account. */
export function makeLimiter({
  rate,
  readers = [],
  waitMsMax = WAIT_MS_MAX,
  timing = systemTiming,
}: LimiterOptions): Limiter {
  let tokens = rate?.burst ?? 0;
  let filledAt: number | undefined;
  let pausedUntil = 0;
  let quota: Quota | undefined;

  /** Takes a token, perhaps one of the future. Answers how long to wait for it. */
  function reserve(nowMs: number): number {
    if (rate === undefined) return 0;
    const passed = Math.max(0, nowMs - (filledAt ?? nowMs));
    tokens = Math.min(rate.burst, tokens + (passed * rate.perSecond) / 1_000);
    filledAt = nowMs;
    tokens -= 1;
    return tokens >= 0 ? 0 : (-tokens * 1_000) / rate.perSecond;
  }

  return {
    async admit(ctx) {
      const now = ctx.clock().getTime();
      // No pause is as long: the clock was set back since.
      if (pausedUntil - now > PAUSE_MS_MAX) pausedUntil = now;
      const wait = Math.ceil(Math.max(reserve(now), pausedUntil - now));
      if (wait <= 0) return;
      const giveBack = () => {
        tokens += 1;
      };
      if (wait > waitMsMax) {
        giveBack();
        throw new AdapterError('rate_limited', 'The CRM’s rate limit is used up for now.', { retryAfterMs: wait });
      }
      try {
        await orStopped(timing.sleep(wait, ctx.signal), ctx.signal);
      } catch (error) {
        giveBack();
        throw error;
      }
    },
    heard(ctx, answer) {
      const now = ctx.clock().getTime();
      for (const read of readers) {
        const news = read(answer, now);
        if (news.pauseMs !== undefined) pausedUntil = Math.max(pausedUntil, now + Math.min(news.pauseMs, PAUSE_MS_MAX));
        if (news.quota === undefined) continue;
        const isNear = (each: Quota | undefined) => each !== undefined && each.used >= each.limit * QUOTA_WARNED;
        if (isNear(news.quota) && !isNear(quota)) ctx.log('crm.quota_near', { ...news.quota });
        quota = news.quota;
      }
    },
    quota: () => quota,
  };
}
