import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Lookup } from '../../adapters/sdk/dial.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { checkUrl, guardedDispatcher, makeGuardedFetch } from './guarded-fetch.ts';

/** What must never be reached: counts every connection, speaks just enough HTTP to be a fair bait. */
let connections = 0;
const canary = createServer((socket) => {
  connections += 1;
  socket.on('error', () => undefined);
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
});
let port = 0;
beforeAll(async () => {
  await once(canary.listen(0, '0.0.0.0'), 'listening');
  ({ port } = canary.address() as AddressInfo);
});
afterAll(() => void canary.close());
beforeEach(() => {
  connections = 0;
});

const resolvesTo =
  (...addresses: readonly string[]): Lookup =>
  async () =>
    addresses.map((address) => ({ address }));

async function reached(allowPrivate: boolean, host: string, lookup?: Lookup): Promise<boolean> {
  const dispatcher = guardedDispatcher(allowPrivate, lookup);
  try {
    const { body } = await request(`http://${host}:${port}/`, { dispatcher });
    await body.dump();
    return true;
  } catch {
    return false;
  } finally {
    await dispatcher.close();
  }
}

describe('addresses that are never dialled', () => {
  const LOOPBACK = ['127.0.0.1', '2130706433', '0x7f.1', '0x7f000001', '0177.0.0.1', '127.1', '①②⑦.0.0.1', 'localhost'];

  it.each(LOOPBACK)('the bait at %s is real, and not taken', async (host) => {
    expect(await reached(true, host)).toBe(true);
    expect(connections).toBe(1);
    expect(await reached(false, host)).toBe(false);
    expect(connections).toBe(1);
  });

  it.each(['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '0.0.0.0', '0', '[::]', '[::1]', 'localhost.', '127.0.0.2'])(
    '%s is not dialled',
    async (host) => {
      expect(await reached(false, host)).toBe(false);
      expect(connections).toBe(0);
    },
  );

  it.each([
    ...['127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
    ...['255.255.255.255', '224.0.0.1', '198.18.0.1', '192.0.2.1', '::1', '::', 'fd00::1', 'fe80::1', 'ff02::1'],
    ...['::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:db8::1'],
  ])('a name that resolves to %s is not dialled', async (address) => {
    expect(await reached(false, 'agent.example', resolvesTo(address))).toBe(false);
    expect(connections).toBe(0);
  });

  it('one private address among public ones is refused, wherever it stands', async () => {
    expect(await reached(false, 'agent.example', resolvesTo('127.0.0.1', '8.8.8.8'))).toBe(false);
    expect(await reached(false, 'agent.example', resolvesTo('8.8.8.8', '127.0.0.1'))).toBe(false);
    expect(await reached(true, 'agent.example', resolvesTo())).toBe(false);
    expect(connections).toBe(0);
  });

  it('the address that was checked is the one that is dialled: a name is resolved once', async () => {
    let lookups = 0;
    const rebinding: Lookup = async () => {
      lookups += 1;
      return [{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.2' }];
    };
    expect(await reached(true, 'agent.example', rebinding)).toBe(true);
    expect([lookups, connections]).toEqual([1, 1]);
  });
});

describe('URLs', () => {
  it.each(['https://agent.example', 'https://agent.example:443/a', 'https://agent.example:8443/a'])('%s', (url) => {
    expect(checkUrl(url, false).ok).toBe(true);
  });

  it.each([
    ...['', 'agent.example', '//agent.example', 'http://agent.example', 'ftp://agent.example', 'file:///etc/passwd'],
    ...['data:application/json,{}', 'javascript:1', 'gopher://agent.example', 'https://a@agent.example'],
    ...['https://a:b@agent.example', 'https://:b@agent.example', 'https://', 'https://agent.example:22'],
    ...['https://agent.example:80', 'https://agent.example:6379', 'https://agent.example:99999'],
  ])('not %j', (url) => {
    expect(checkUrl(url, false).ok).toBe(false);
  });

  it('private networks may be asked in clear text, public ones may not', async () => {
    const inside = makeGuardedFetch({ allowPrivate: true, lookup: resolvesTo('127.0.0.1') });
    expect((await inside(`http://agent.example:${port}/`)).ok).toBe(true);
    const outside = makeGuardedFetch({ allowPrivate: true, lookup: resolvesTo('8.8.8.8') });
    expect(await outside('http://agent.example/')).toMatchObject({
      ok: false,
      error: { reason: /not one that is dial/ },
    });
    const guarded = makeGuardedFetch({ allowPrivate: false, lookup: resolvesTo('127.0.0.1') });
    for (const url of ['https://agent.example/', 'https://127.0.0.1/', `http://127.0.0.1:${port}/`])
      expect((await guarded(url)).ok).toBe(false);
    expect(connections).toBe(1);
  });
});

describe('bounds', () => {
  const fetchInside = makeGuardedFetch({ allowPrivate: true });
  async function answeredBy(listener: RequestListener) {
    const server = createHttpServer(listener);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      return await fetchInside(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it('the largest body is read, one byte more is not', async () => {
    const largest = await answeredBy((_, response) => response.end(Buffer.alloc(LIMITS.fetchBytesMax)));
    expect(largest.ok && largest.value.body.length).toBe(LIMITS.fetchBytesMax);
    expect((await answeredBy((_, response) => response.end(Buffer.alloc(LIMITS.fetchBytesMax + 1)))).ok).toBe(false);
    const chunked: RequestListener = (_, response) => {
      response.write(Buffer.alloc(LIMITS.fetchBytesMax));
      response.end('x');
    };
    expect((await answeredBy(chunked)).ok).toBe(false);
  });

  it('a redirect is an answer, not a way', async () => {
    const fetched = await answeredBy((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
    });
    expect(fetched.ok && fetched.value.status).toBe(302);
    expect(connections).toBe(0);
  });

  it('nothing is decompressed, and nothing compressed is asked for', async () => {
    const packed = gzipSync(Buffer.alloc(1_000_000));
    let asked: string | undefined;
    const fetched = await answeredBy((incoming, response) => {
      asked = String(incoming.headers['accept-encoding']);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    });
    expect(asked).toBe('identity');
    expect(fetched.ok && Buffer.from(fetched.value.body).equals(packed)).toBe(true);
  });

  it('an answer that drips is cut off', async () => {
    let drip: NodeJS.Timeout | undefined;
    const started = performance.now();
    const fetched = await answeredBy((_, response) => {
      drip = setInterval(() => response.write('x'), 50);
    });
    clearInterval(drip);
    expect(fetched.ok).toBe(false);
    expect(performance.now() - started).toBeLessThan(LIMITS.fetchTimeoutMs + 1_500);
  }, 10_000);
});
