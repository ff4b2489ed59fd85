/** Requests that have proven nothing cost their sender, not us and nobody else: one gateway, real servers that hang. */
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRequest } from '../../protocol/signature/signature.ts';
import { type AgentKey, newAgentKey } from '../../src/client/index.ts';
import { APPROVER } from '../support/config.ts';
import { answeringDns, type TestDns } from '../support/dns.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { problemCode, send } from '../support/signed.ts';

const OPERATION = '/operations/op_00000000-0000-7000-8000-000000000000';
const WELL_KNOWN = '/.well-known/http-message-signatures-directory';

let gateway: TestGateway;
let dns: TestDns;
let innocent: AgentKey;
let directory: Server;
beforeAll(async () => {
  dns = await answeringDns({ 'innocent.test': ['127.0.0.1'], 'hang.test': ['127.0.0.1'] });
  innocent = await newAgentKey();
  directory = createServer((request, response) => {
    // The hanging one takes every connection and answers nothing.
    if (request.headers.host?.startsWith('hang.test')) return;
    const isOwn = request.url === WELL_KNOWN;
    response.writeHead(isOwn ? 200 : 404, { 'content-type': 'application/http-message-signatures-directory+json' });
    response.end(JSON.stringify({ keys: [innocent.publicJwk] }));
  });
  await once(directory.listen(0, '127.0.0.1'), 'listening');
  gateway = await startTestGateway({ config: { stranger_dns: [dns.server] } });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  dns.close();
  directory.closeAllConnections();
  directory.close();
});

const at = (host: string) => `http://${host}:${(directory.address() as AddressInfo).port}`;

/** A read that names its key directory. */
function reading(key: AgentKey, agent: string, nonce = crypto.randomUUID()) {
  const headers = { 'signature-agent': `"${agent}"` };
  const unsigned = {
    method: 'GET',
    scheme: 'http',
    authority: new URL(gateway.origin).host,
    target: OPERATION,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  };
  const { signatureInput, signature } = signRequest(unsigned, false, { key, now: new Date(), nonce });
  return send(gateway.origin, {
    method: 'GET',
    target: OPERATION,
    headers: { ...headers, 'signature-input': signatureInput, signature },
    body: undefined,
  });
}

describe('an agent that nobody knows yet', () => {
  it('D4: is heard while strangers’ names never resolve and their directories never answer', async () => {
    const stranger = await newAgentKey();
    const flood = [
      ...Array.from({ length: 60 }, (_, n) => reading(stranger, `http://a${n}.silent.test`)),
      ...Array.from({ length: 20 }, () => reading(stranger, at('hang.test'))),
    ];
    let answer = await reading(innocent, at('innocent.test'));
    const started = performance.now();
    for (; answer.status === 503; answer = await reading(innocent, at('innocent.test'))) {
      expect(answer.headers['retry-after']).toBe('1');
      expect(performance.now() - started).toBeLessThan(2_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Proven: what it may not see looks like what is not there.
    expect(problemCode(answer)).toBe('not-found');
    const codes = new Set((await Promise.all(flood)).map(problemCode));
    expect([...codes].filter((code) => code !== 'unavailable' && code !== 'key-unknown')).toEqual([]);
    // And is heard at once from then on.
    const again = performance.now();
    expect(problemCode(await reading(innocent, at('innocent.test')))).toBe('not-found');
    expect(performance.now() - again).toBeLessThan(1_000);
  }, 20_000);
});

describe('the people’s pages', () => {
  it.each(['/console', '/console/operations', `/console${OPERATION}`, '/console/signoffs/so_1', '/console/none'])(
    'D16: %s needs a sign-in, whatever the method',
    async (target) => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await send(gateway.origin, { method, target, headers: {}, body: undefined });
        expect([answer.status, answer.headers.location], method).toEqual([
          303,
          `/console/sign-in?next=${encodeURIComponent(target)}`,
        ]);
      }
    },
  );

  function signIn(id: string, password: string, address: string) {
    const body = Buffer.from(new URLSearchParams({ id, password, next: '/console/' }).toString());
    const headers = {
      origin: gateway.origin,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      // From the company's own proxy, which is on this machine.
      'x-forwarded-for': address,
    };
    return send(gateway.origin, { method: 'POST', target: '/console/sign-in', headers, body });
  }

  it('D3: look at no more guesses than the limit, in parallel too, and let the named person in from where they are', async () => {
    const guesses = Promise.all(Array.from({ length: 36 }, () => signIn(APPROVER.id, 'guess', '203.0.113.1')));
    const health = performance.now();
    await send(gateway.origin, { method: 'GET', target: '/health', headers: {}, body: undefined });
    expect(performance.now() - health).toBeLessThan(2_000);
    const statuses = (await guesses).map(({ status }) => status);
    expect(statuses.filter((status) => status === 403).length).toBeLessThanOrEqual(5);
    // Too many of a name, told as theirs; too many at once, told as ours.
    expect(statuses.filter((status) => ![403, 429, 503].includes(status))).toEqual([]);
    expect(statuses).toContain(429);
    const waiting = (await guesses).find(({ status }) => status === 429);
    expect(Number(waiting?.headers['retry-after'])).toBeGreaterThan(0);
    const signed = await signIn(APPROVER.id, APPROVER.password, '198.51.100.7');
    expect([signed.status, signed.headers.location]).toEqual([303, '/console/']);
    expect(signed.headers['set-cookie']).toEqual([
      expect.stringMatching(/^parley=.*HttpOnly; SameSite=Strict/),
      expect.stringMatching(/^parley-device=.*Path=\/console\/sign-in; HttpOnly; SameSite=Strict/),
    ]);
  }, 20_000);

  it('D3: let a new device in while a stranger with many networks guesses as fast as it can', async () => {
    const person = (n: number) => signIn(APPROVER.id, 'guess', `2001:db8:${(n % 4).toString(16)}:${n.toString(16)}::1`);
    // Who they are, nobody can tell; answered or not, they are let go with the gateway.
    for (let n = 0; n < 120; n += 1) void person(n).catch(() => undefined);
    const started = performance.now();
    let signed = await signIn(APPROVER.id, APPROVER.password, '192.0.2.200');
    for (; signed.status === 503 && performance.now() - started < 20_000; ) {
      await new Promise((resolve) => setTimeout(resolve, Number(signed.headers['retry-after']) * 1_000));
      signed = await signIn(APPROVER.id, APPROVER.password, '192.0.2.200');
    }
    expect([signed.status, signed.headers.location]).toEqual([303, '/console/']);
  }, 30_000);
});

describe('the data directory', () => {
  it('D21: is for its owner alone, every file', () => {
    const folder = gateway.config.data_dir;
    const files = readdirSync(folder);
    expect(files).toEqual(expect.arrayContaining(['parley.db', 'parley.db-wal', 'keys.json', 'log.checkpoint']));
    for (const file of files) expect([file, statSync(join(folder, file)).mode & 0o077]).toEqual([file, 0]);
    expect(statSync(folder).mode & 0o077).toBe(0);
  });
});
