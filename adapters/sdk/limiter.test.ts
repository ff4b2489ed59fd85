import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AdapterError, Ctx } from './index.ts';
import { type LimiterOptions, makeLimiter } from './limiter.ts';
import { hubspotLimits, retryAfter, retryAfterMs, salesforceLimits } from './limits.ts';
import type { Headers } from './transport.ts';

const START = Date.parse('2026-11-02T09:00:00Z');

/** A limiter in a time that passes only by waiting. */
function inTime(options: LimiterOptions) {
  const time = { now: START };
  const waited: number[] = [];
  const lines: string[] = [];
  const timing = {
    random: () => 0,
    sleep: async (ms: number) => {
      waited.push(ms);
    },
  };
  const ctx: Ctx = {
    clock: () => new Date(time.now),
    signal: new AbortController().signal,
    log: (event, fields) => void lines.push(`${event} ${JSON.stringify(fields)}`),
  };
  return { limiter: makeLimiter({ timing, ...options }), ctx, time, waited, lines };
}

const failure = async (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );

describe('a token bucket', () => {
  it('lets a burst pass, then one at a time, and sends away who would wait too long', async () => {
    const { limiter, ctx, waited, time } = inTime({ rate: { burst: 3, perSecond: 1 } });
    for (let n = 0; n < 5; n += 1) await limiter.admit(ctx);
    expect(waited).toEqual([1_000, 2_000]);
    expect(await failure(limiter.admit(ctx))).toMatchObject({ code: 'rate_limited', retryAfterMs: 3_000 });
    // Who was sent away took no token with him.
    expect(await failure(limiter.admit(ctx))).toMatchObject({ retryAfterMs: 3_000 });
    time.now += 60_000;
    waited.length = 0;
    for (let n = 0; n < 3; n += 1) await limiter.admit(ctx);
    expect(waited).toEqual([]);
  });

  it('gives a token back when the wait is stopped, and a clock set back does no harm', async () => {
    const { limiter, ctx, time } = inTime({
      rate: { burst: 1, perSecond: 1 },
      timing: { random: () => 0, sleep: () => new Promise(() => undefined) },
    });
    await limiter.admit(ctx);
    expect((await failure(limiter.admit({ ...ctx, signal: AbortSignal.timeout(20) }))).code).toBe('retryable');
    time.now -= 3_600_000;
    expect((await failure(limiter.admit({ ...ctx, signal: AbortSignal.timeout(20) }))).code).toBe('retryable');
    time.now += 3_601_000;
    await limiter.admit(ctx);
  });

  it('E10: a clock that was ahead leaves no pause, and no empty bucket, as long as it was wrong', async () => {
    const { limiter, ctx, time } = inTime({ rate: { burst: 1, perSecond: 1 }, readers: [retryAfter], waitMsMax: 0 });
    time.now += 86_400_000;
    limiter.heard(ctx, { status: 429, headers: { 'retry-after': '60' } });
    time.now -= 86_400_000;
    await limiter.admit(ctx);
    time.now += 1_000;
    await limiter.admit(ctx);
  });

  it('never admits more than the burst and what was refilled', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }),
        async (burst, perSecond, steps) => {
          const { limiter, ctx, time, waited } = inTime({ rate: { burst, perSecond }, waitMsMax: 1_000 });
          const starts: number[] = [];
          for (const step of steps) {
            time.now += step;
            waited.length = 0;
            const isAdmitted = await limiter.admit(ctx).then(
              () => true,
              () => false,
            );
            if (isAdmitted) starts.push(time.now + (waited[0] ?? 0));
          }
          for (const [n, from] of starts.entries())
            for (const [m, to] of starts.entries())
              if (m >= n) expect(m - n + 1).toBeLessThanOrEqual(burst + ((to - from + 1) * perSecond) / 1_000 + 1e-6);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('what a server says', () => {
  const said = (status: number, headers: Headers) => ({ status, headers });

  it.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': 'Mon, 02 Nov 2026 09:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Mon, 02 Nov 2026 08:00:00 GMT' }, 0],
    [{ 'retry-after': '999999999' }, 300_000],
    [{ 'retry-after': '86400' }, 300_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': ['1', '2'] }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{}, undefined],
  ] as const)('%j is %s', (headers, ms) => {
    expect(retryAfterMs(headers, START)).toBe(ms);
  });

  it('Retry-After pauses everybody, with 429 and 503 only', async () => {
    const { limiter, ctx, waited, time } = inTime({ readers: [retryAfter] });
    limiter.heard(ctx, said(200, { 'retry-after': '9' }));
    await limiter.admit(ctx);
    expect(waited).toEqual([]);
    limiter.heard(ctx, said(429, {}));
    await limiter.admit(ctx);
    limiter.heard(ctx, said(503, { 'retry-after': '9' }));
    // A later and shorter word does not take an earlier one back.
    limiter.heard(ctx, said(429, { 'retry-after': '1' }));
    expect((await failure(limiter.admit(ctx))).retryAfterMs).toBe(9_000);
    expect(waited).toEqual([1_000]);
    time.now += 9_000;
    await limiter.admit(ctx);
  });

  it('HubSpot: the window’s rest and the day’s', async () => {
    const { limiter, ctx, lines } = inTime({ readers: [hubspotLimits], waitMsMax: 0 });
    const headers = (remaining: string, left: string) => ({
      'x-hubspot-ratelimit-max': '190',
      'x-hubspot-ratelimit-remaining': remaining,
      'x-hubspot-ratelimit-interval-milliseconds': '10000',
      'x-hubspot-ratelimit-daily': '1000',
      'x-hubspot-ratelimit-daily-remaining': left,
    });
    limiter.heard(ctx, said(200, headers('1', '500')));
    await limiter.admit(ctx);
    expect([limiter.quota(), lines]).toEqual([{ used: 500, limit: 1_000 }, []]);
    limiter.heard(ctx, said(200, headers('0', '99')));
    limiter.heard(ctx, said(200, headers('0', '98')));
    expect((await failure(limiter.admit(ctx))).retryAfterMs).toBe(10_000);
    expect(lines).toEqual(['crm.quota_near {"used":901,"limit":1000}']);
    expect(hubspotLimits(said(429, {}), START)).toEqual({ pauseMs: 1_000 });
  });

  it('no header silences the gateway for more than five minutes', async () => {
    const { limiter, ctx } = inTime({ readers: [hubspotLimits], waitMsMax: 0 });
    limiter.heard(ctx, said(429, { 'x-hubspot-ratelimit-interval-milliseconds': '999999999999' }));
    expect((await failure(limiter.admit(ctx))).retryAfterMs).toBe(300_000);
  });

  it('Salesforce: the calls of the day', () => {
    const quota = (text: string) => salesforceLimits(said(200, { 'sforce-limit-info': text }), START);
    expect(quota('api-usage=25/15000')).toEqual({ quota: { used: 25, limit: 15_000 } });
    expect(quota('per-app-api-usage=17/250(appName=x); api-usage=26/15000')).toEqual({
      quota: { used: 26, limit: 15_000 },
    });
    for (const text of ['', 'api-usage=', 'api-usage=a/b', 'api-usage=9999999999999999/1'])
      expect(quota(text)).toEqual({});
  });

  it('nothing it says breaks the limiter or silences it for more than five minutes', async () => {
    const names = [
      'retry-after',
      'x-hubspot-ratelimit-remaining',
      'x-hubspot-ratelimit-interval-milliseconds',
      'sforce-limit-info',
    ];
    const value = fc.oneof(fc.string(), fc.constantFrom('0', '-1', '999999999999', 'NaN', 'Infinity', '1e9'));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom(...names), value),
        fc.constantFrom(200, 429, 503),
        async (headers, status) => {
          const { limiter, ctx, time } = inTime({ readers: [retryAfter, hubspotLimits, salesforceLimits] });
          limiter.heard(ctx, said(status, headers));
          time.now += 300_000;
          await limiter.admit(ctx);
        },
      ),
    );
  });
});
