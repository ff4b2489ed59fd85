import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { Agent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Auth } from './auth.ts';
import { type HttpOptions, linked, makeHttp, type Path, path, readOnly } from './http.ts';
import { AdapterError, type Ctx } from './index.ts';
import type { Limiter } from './limiter.ts';
import type { Timing } from './timing.ts';
import { guardedDispatcher } from './transport.ts';

const servers: { close(): void; closeAllConnections?(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string;
}

async function serve(listener: RequestListener): Promise<{ origin: string; seen: Seen[]; server: Server }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, authorization: headers.authorization ?? '' });
    request.resume().on('end', () => listener(request, response));
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}

/** Answers with each of the statuses in turn, then with the last for ever. */
const answers = (...statuses: readonly (number | 'reset')[]): RequestListener => {
  let next = 0;
  return (_, response) => {
    const status = statuses[Math.min(next, statuses.length - 1)] ?? 200;
    next += 1;
    if (status === 'reset') response.destroy();
    else response.writeHead(status, { 'content-type': 'application/json' }).end(`{"status":${status}}`);
  };
};

const ctx = (signal: AbortSignal = AbortSignal.timeout(10_000)): Ctx & { lines: string[] } => {
  const lines: string[] = [];
  return {
    clock: () => new Date('2026-11-02T09:00:00Z'),
    signal,
    log: (event, fields) => void lines.push(`${event} ${JSON.stringify(fields)}`),
    lines,
  };
};

const client = (origin: string, more: Partial<HttpOptions> = {}) =>
  makeHttp({ origin, allowPrivate: true, timeoutMs: 2_000, bodyBytesMax: 1_000, ...more });

const failure = async (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );

/** Waits nothing, and remembers what it was asked to wait. */
function instant(random: number): Timing & { readonly waited: number[] } {
  const waited: number[] = [];
  return { waited, random: () => random, sleep: async (ms) => void waited.push(ms) };
}

describe('where it dials', () => {
  it('not loopback, unless told', async () => {
    const { origin, seen } = await serve(answers(200));
    expect((await failure(client(origin, { allowPrivate: false }).get(ctx(), path`/x`))).code).toBe('retryable');
    expect(seen).toEqual([]);
    expect((await client(origin).get(ctx(), path`/x`)).status).toBe(200);
  });

  it('never in clear text to a public address', async () => {
    const dispatcher = guardedDispatcher({
      allowPrivate: true,
      timeoutMs: 500,
      bodyBytesMax: 10,
      lookup: async () => [{ address: '8.8.8.8' }],
    });
    const error = await failure(client('http://crm.example', { dispatcher }).send(ctx(), 'POST', path`/x`, {}, {}));
    expect(error).toMatchObject({ code: 'retryable', cause: 'ERR_ADDRESS_REFUSED' });
  });

  it('nowhere a redirect points', async () => {
    const away = await serve(answers(200));
    const { origin } = await serve((_, response) => {
      response.writeHead(302, { location: away.origin }).end('<a>moved</a>');
    });
    expect(await client(origin).get(ctx(), path`/x`)).toMatchObject({ status: 302, body: {}, json: undefined });
    expect(away.seen).toEqual([]);
  });

  it.each(['//evil.example/x', '/a/../b', 'https://evil.example/', '/a/%2e%2e/b'])('not at %s', async (target) => {
    const { origin, seen } = await serve(answers(200));
    expect((await failure(client(origin).get(ctx(), target as Path))).code).toBe('bug');
    expect(seen).toEqual([]);
  });

  it('to next pages below its API only', () => {
    const at = 'https://crm.example';
    expect(linked(at, '/v1/', '/v1/query/2?a=b')).toBe('/v1/query/2?a=b');
    expect(linked(at, '/v1/', 'https://crm.example/v1/x')).toBe('/v1/x');
    for (const link of [
      'https://evil.example/v1/x',
      '//evil.example/v1/x',
      '/admin',
      '/v1/../admin',
      'https://',
      '/v1/%2e%2e/admin',
    ])
      expect(() => linked(at, '/v1/', link)).toThrow(/outside its API/);
  });
});

describe('what may have been sent', () => {
  it('not: refused connections, an address never found, a stop before; so a write is retryable', async () => {
    const closed = createTcpServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const write = { body: {}, headers: {} };
    const http = client(`http://127.0.0.1:${port}`);
    expect((await failure(http.send(ctx(), 'POST', path`/x`, write.body, {}))).code).toBe('retryable');
    const lost = guardedDispatcher({
      allowPrivate: true,
      timeoutMs: 60_000,
      bodyBytesMax: 10,
      lookup: () => new Promise(() => undefined),
    });
    const stopped = await failure(
      client('http://crm.example', { dispatcher: lost }).send(ctx(AbortSignal.timeout(50)), 'POST', path`/x`, {}, {}),
    );
    expect(stopped.code).toBe('retryable');
    expect((await failure(http.send(ctx(AbortSignal.abort()), 'POST', path`/x`, {}, {}))).code).toBe('retryable');
  });

  it('not: a TLS handshake that fails', async () => {
    const { origin } = await serve(answers(200));
    const http = client(origin.replace('http:', 'https:'));
    expect((await failure(http.send(ctx(), 'POST', path`/x`, {}, {}))).code).toBe('retryable');
  });

  it('perhaps: a connection lost after, no answer in time, an answer that is not JSON; so a write is an unknown outcome', async () => {
    const ways: RequestListener[] = [
      (_, response) => void response.destroy(),
      () => undefined,
      (_, response) => void response.end('<h1>hello</h1>'),
      (_, response) => void response.end('[]'),
      (_, response) => void response.end('x'.repeat(1_001)),
    ];
    for (const way of ways) {
      const { origin } = await serve(way);
      const http = client(origin, { timeoutMs: 300 });
      expect((await failure(http.send(ctx(), 'POST', path`/x`, {}, {}))).code).toBe('unknown_outcome');
      expect((await failure(http.get(ctx(), path`/x`))).code).toBe('retryable');
    }
  });

  it('not: a header that cannot be sent, which is our mistake', async () => {
    const { origin, seen } = await serve(answers(200));
    const error = await failure(client(origin).send(ctx(), 'POST', path`/x`, {}, { 'x-key': 'a\r\nb: c' }));
    expect(error.code).toBe('bug');
    expect(seen).toEqual([]);
  });
});

describe('bounds', () => {
  it('an answer that drips is cut off by time and by abort', async () => {
    const { origin } = await serve((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 30);
      response.on('close', () => clearInterval(drip));
    });
    expect((await failure(client(origin, { timeoutMs: 300 }).get(ctx(), path`/x`))).code).toBe('retryable');
    // Only the abort can end this one before the test's own time is over.
    const patient = client(origin, { timeoutMs: 60_000 });
    expect((await failure(patient.get(ctx(AbortSignal.timeout(100)), path`/x`))).code).toBe('retryable');
  });

  it('a dispatcher of the caller’s own changes nothing about size', async () => {
    const { origin } = await serve((_, response) => void response.end(`{"a":"${'x'.repeat(1_000)}"}`));
    const error = await failure(client(origin, { dispatcher: new Agent() }).get(ctx(), path`/x`));
    expect(error).toMatchObject({ code: 'retryable', cause: 'ERR_TOO_LARGE' });
  });

  it('a limiter is asked before each try and hears each answer', async () => {
    const { origin } = await serve(answers(503, 429, 200));
    const told: unknown[] = [];
    const limiter: Limiter = {
      admit: async () => void told.push('admit'),
      heard: (_ctx, { status }) => void told.push(status),
      quota: () => undefined,
    };
    const retry = { retriesMax: 1, baseMs: 1, waitMsMax: 1, timing: instant(0) };
    expect((await client(origin, { limiter, retry }).get(ctx(), path`/x`)).status).toBe(429);
    expect(told).toEqual(['admit', 503, 'admit', 429]);
    const closed = { ...limiter, admit: () => Promise.reject(new AdapterError('rate_limited', 'Not now.')) };
    const refused = client(origin, { limiter: closed }).send(ctx(), 'POST', path`/x`, {}, {});
    expect((await failure(refused)).code).toBe('rate_limited');
    expect(told).toHaveLength(4);
  });

  it('lists are readable: a refusal’s always, a success’s where the API has them', async () => {
    const { origin } = await serve((request, response) => {
      response.statusCode = request.url === '/bad' ? 400 : 200;
      response.end('[{"errorCode":"MALFORMED_ID"}]');
    });
    const list = [{ errorCode: 'MALFORMED_ID' }];
    expect(await client(origin).get(ctx(), path`/bad`)).toMatchObject({ status: 400, body: {}, json: list });
    expect(await client(origin, { answers: 'any' }).get(ctx(), path`/good`)).toMatchObject({ status: 200, json: list });
  });
});

describe('reading', () => {
  it('a POST only where it is declared as reading', async () => {
    const { origin, seen } = await serve(answers(200));
    const http = readOnly(client(origin, { queries: (pathname) => pathname === '/v1/search' }));
    expect((await http.query(ctx(), path`/v1/search`, { q: 'x' })).status).toBe(200);
    expect((await failure(http.query(ctx(), path`/v1/contacts`, {}))).code).toBe('bug');
    expect((await failure(readOnly(client(origin)).query(ctx(), path`/v1/search`, {}))).code).toBe('bug');
    expect(seen).toHaveLength(1);
    expect('send' in http).toBe(true);
    expect((await failure((http as ReturnType<typeof client>).send(ctx(), 'POST', path`/x`, {}, {}))).code).toBe('bug');
  });
});

describe('C3: an API where everything is sent to one address', () => {
  it('is read by what a request carries, and written by nothing that reads', async () => {
    const { origin, seen } = await serve(answers(200));
    const reads = new Set(['get_contract', 'find_change']);
    const queries = (_path: string, body: Json) => reads.has(String((body as JsonObject)['method']));
    const http = readOnly(client(origin, { queries }));
    expect((await http.query(ctx(), path`/rpc`, { method: 'get_contract', id: 'K-1' })).status).toBe(200);
    const writing = http.query(ctx(), path`/rpc`, { method: 'change_contract', id: 'K-1' });
    expect((await failure(writing)).code).toBe('bug');
    expect(seen).toHaveLength(1);
  });
});

describe('repeats', () => {
  const retry = (timing: Timing) => ({ retriesMax: 2, baseMs: 100, waitMsMax: 1_000, timing });

  it('reads and declared writes, with full jitter, up to the limit', async () => {
    const timing = instant(0.5);
    const read = await serve(answers(503, 'reset', 200));
    expect((await client(read.origin, { retry: retry(timing) }).get(ctx(), path`/x`)).status).toBe(200);
    expect(timing.waited).toEqual([50, 100]);
    const write = await serve(answers(502, 200));
    const declared = await client(write.origin, { retry: retry(timing) }).send(
      ctx(),
      'POST',
      path`/x`,
      {},
      {},
      { idempotent: true },
    );
    expect(declared.status).toBe(200);
    const storm = await serve(answers(500));
    expect((await client(storm.origin, { retry: retry(timing) }).get(ctx(), path`/x`)).status).toBe(500);
    expect(storm.seen).toHaveLength(3);
  });

  it('no other write, no 429, no refusal, and nothing where there is no policy', async () => {
    const timing = instant(0);
    for (const status of [500, 'reset'] as const) {
      const { origin, seen } = await serve(answers(status, 200));
      await client(origin, { retry: retry(timing) })
        .send(ctx(), 'POST', path`/x`, {}, {})
        .catch(() => undefined);
      await client(origin).get(ctx(), path`/x`);
      expect(seen).toHaveLength(2);
    }
    for (const status of [400, 401, 404, 409, 412, 429]) {
      const { origin, seen } = await serve(answers(status));
      await client(origin, { retry: retry(timing) }).get(ctx(), path`/x`);
      expect(seen).toHaveLength(1);
    }
  });

  it('a write in doubt stays in doubt, whatever its repeat comes to', async () => {
    for (const [first, then] of [
      ['reset', 412],
      [500, 409],
      ['reset', 401],
      [502, 429],
      [500, 500],
    ] as const) {
      const { origin } = await serve(answers(first, then));
      const http = client(origin, { retry: retry(instant(0)) });
      const error = await failure(http.send(ctx(), 'PATCH', path`/x`, {}, {}, { idempotent: true }));
      expect([first, then, error.code]).toEqual([first, then, 'unknown_outcome']);
    }
    const { origin, server } = await serve((_, response) => {
      response.destroy();
      server.close();
    });
    const http = client(origin, { retry: retry(instant(0)) });
    expect((await failure(http.send(ctx(), 'PATCH', path`/x`, {}, {}, { idempotent: true }))).code).toBe(
      'unknown_outcome',
    );
  });

  it('Retry-After is waited for when it is short, and left to the caller when it is long', async () => {
    for (const [seconds, sent] of [
      ['1', 2],
      ['60', 1],
    ] as const) {
      const timing = instant(0);
      let calls = 0;
      const { origin } = await serve((_, response) => {
        calls += 1;
        response.writeHead(calls === 1 ? 503 : 200, { 'retry-after': seconds }).end();
      });
      await client(origin, { retry: retry(timing) }).get(ctx(), path`/x`);
      expect([calls, timing.waited]).toEqual([sent, sent === 1 ? [] : [1_000]]);
    }
  });

  it('an abort ends the wait', async () => {
    const { origin } = await serve(answers(503));
    const policy = { retriesMax: 2, baseMs: 60_000, waitMsMax: 60_000 };
    const error = await failure(client(origin, { retry: policy }).get(ctx(AbortSignal.timeout(100)), path`/x`));
    expect(error.code).toBe('retryable');
  });
});

describe('credentials', () => {
  function counting(): Auth & { made: number } {
    const auth = {
      made: 0,
      credentials: async () => ({ authorization: `Bearer t${auth.made}` }),
      refused: () => {
        auth.made += 1;
        return true;
      },
    };
    return auth;
  }

  it('are renewed once on a 401, for what may be repeated', async () => {
    const { origin, seen } = await serve(answers(401, 200));
    expect((await client(origin, { auth: counting() }).get(ctx(), path`/x`)).status).toBe(200);
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer t0', 'Bearer t1']);
    const forever = await serve(answers(401));
    const auth = counting();
    expect((await client(forever.origin, { auth }).get(ctx(), path`/x`)).status).toBe(401);
    // The second refusal is not tried again, and not kept for the next call either.
    expect([forever.seen.length, auth.made]).toEqual([2, 2]);
  });

  it('a write that is not declared idempotent is not sent again, but its next call has new ones', async () => {
    const { origin, seen } = await serve(answers(401, 200));
    const http = client(origin, { auth: counting() });
    expect((await http.send(ctx(), 'POST', path`/x`, {}, {})).status).toBe(401);
    expect((await http.send(ctx(), 'POST', path`/x`, {}, {})).status).toBe(200);
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer t0', 'Bearer t1']);
  });

  it('that cannot be had leave no doubt about a write, and say nothing of themselves', async () => {
    const { origin, seen } = await serve(answers(200));
    const auth: Auth = { credentials: () => Promise.reject(new Error('secret-5e1f')), refused: () => true };
    const error = await failure(client(origin, { auth }).send(ctx(), 'POST', path`/x`, {}, {}));
    expect(error.code).toBe('retryable');
    expect(`${error.message} ${String(error.cause)}`).not.toContain('secret-5e1f');
    expect(seen).toEqual([]);
  });
});
