import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Result } from '../../protocol/base/result.ts';
import { checkBodyHeaders, checkRequestLine, headersOf, readBody } from './raw-request.ts';

const codeOf = (result: Result<unknown, { readonly code: string }>) => (result.ok ? 'ok' : result.error.code);
const AUTHORITIES = new Set(['gateway.example', 'gateway.example:8443']);
const line = (target: string, headers: readonly string[] = ['Host', 'gateway.example'], method = 'GET') =>
  codeOf(checkRequestLine(method, target, headers, AUTHORITIES));

describe('the request line', () => {
  it.each([
    '/',
    '/a',
    '/a/',
    '/a.b/c~d_e-f',
    '/a:b@c',
    '/a%20b',
    '/a%3Ab',
    '/a?b=c',
    '/a?b=..//%2f%61%c3%a9',
    '/a?b=?',
  ])('the target %s is normal', (target) => {
    expect(line(target)).toBe('ok');
  });

  // One resource, one spelling: routers decode these, signatures do not (RFC 3986 §6.2.2).
  it.each([
    ...['/%61', '/%41', '/%7A', '/%30', '/%2D', '/%2E', '/%5F', '/%7E', '/%2e%2e/a', '/a%2Fb', '/a%2fb', '/a%5Cb'],
    ...['/a%3ab', '/a%00', '/a?b=%00', '/a%0D%0Ab', '/a%7F', '/a%80', '/a%FF', '/a%C3%A9', '/a%', '/a%4', '/a?b=%zz'],
    ...['/a/..', '/../a', '/./a', '//a', '/a//b', '/a?', '/a#b', '/a\\b', '/a b', '/\u00e4', '/a\u0000', '/a"', '/a|b'],
  ])('the target %j is not', (target) => {
    expect(line(target)).toBe('malformed-request');
  });

  it.each<[string, string, readonly string[]]>([
    ['malformed-request', 'no Host', []],
    ['malformed-request', 'two Hosts', ['Host', 'gateway.example', 'host', 'gateway.example']],
    ['wrong-authority', 'an empty Host', ['Host', '']],
    ['wrong-authority', 'another Host', ['Host', 'staging.example']],
    ['wrong-authority', 'another port', ['Host', 'gateway.example:9']],
    ['wrong-authority', 'a Host with user information', ['Host', 'gateway.example@evil.example']],
    ['ok', 'a Host in upper case', ['HOST', 'Gateway.Example']],
    ['ok', 'a second configured authority', ['Host', 'gateway.example:8443']],
    ['ok', 'a value that reads like a name', ['X-Note', 'host', 'Host', 'gateway.example']],
  ])('%s: %s', (code, _, headers) => {
    expect(line('/a', headers)).toBe(code);
  });

  it('only origin-form is served', () => {
    for (const target of ['http://gateway.example/a', 'https://evil.example/', '*', 'gateway.example:443', ''])
      expect(line(target)).toBe('wrong-authority');
  });

  it('counts and measures before it looks', () => {
    const fields = (count: number) => Array.from({ length: count }, (_, n) => [`x-${n}`, '1']).flat();
    const host = ['Host', 'gateway.example'];
    expect(line('/a', [...host, ...fields(LIMITS.headerFieldsMax - 1)])).toBe('ok');
    expect(line('/a', [...host, ...fields(LIMITS.headerFieldsMax)])).toBe('header-too-large');
    expect(line(`/${'a'.repeat(LIMITS.targetBytesMax - 1)}`)).toBe('ok');
    expect(line(`/${'a'.repeat(LIMITS.targetBytesMax)}`)).toBe('uri-too-long');
    expect(line('/a', host, 'TRACE')).toBe('method-not-allowed');
    expect(line('/a', host, 'CONNECT')).toBe('method-not-allowed');
  });

  it('a method override is another field like any other', () => {
    expect(line('/a', ['Host', 'gateway.example', 'X-HTTP-Method-Override', 'DELETE'])).toBe('ok');
  });
});

describe('header fields', () => {
  it('keep every line, in order, under one lower-case name', () => {
    const headers = headersOf(['X-A', '1', 'x-b', '2', 'x-a', '', 'X-A', '3']);
    expect([...headers]).toEqual([
      ['x-a', ['1', '', '3']],
      ['x-b', ['2']],
    ]);
  });

  it.each<[string, readonly string[]]>([
    ['ok', ['content-type', 'application/json']],
    ['ok', ['content-type', 'Application/JSON; charset=UTF-8']],
    ['ok', ['content-type', 'application/json', 'content-encoding', 'identity']],
    ['unsupported-media-type', []],
    ['unsupported-media-type', ['content-type', '']],
    ['unsupported-media-type', ['content-type', 'text/json']],
    ['unsupported-media-type', ['content-type', 'application/jsonx']],
    ['unsupported-media-type', ['content-type', 'application/json; charset=utf-16']],
    ['unsupported-media-type', ['content-type', 'application/json; charset=utf-8; charset=utf-16']],
    ['unsupported-media-type', ['content-type', 'application/json', 'content-type', 'application/json']],
    ['unsupported-media-type', ['content-type', 'application/json', 'content-encoding', 'gzip']],
    ['unsupported-media-type', ['content-type', 'application/json', 'content-encoding', 'identity, gzip']],
    ['unsupported-media-type', ['content-type', 'application/json', 'content-encoding', '', 'content-encoding', 'br']],
  ])('%s: %j', (code, raw) => {
    expect(codeOf(checkBodyHeaders(headersOf(raw)))).toBe(code);
  });
});

describe('reading a body', () => {
  const LIMIT = 1_000;
  let outcome: Promise<Result<Uint8Array, { readonly code: string }>>;
  let seen: () => void;
  let arrived: Promise<void>;
  const server = createServer((incoming: IncomingMessage, response) => {
    outcome = readBody(incoming, LIMIT);
    seen();
    void outcome.then(() => response.end());
  });
  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function posted(chunks: readonly string[], headers: Record<string, string | number> = {}) {
    arrived = new Promise((resolve) => {
      seen = resolve;
    });
    const { port } = server.address() as AddressInfo;
    const outgoing = request({ host: '127.0.0.1', port, method: 'POST', headers, agent: false });
    outgoing.on('error', () => undefined);
    for (const chunk of chunks) outgoing.write(chunk);
    outgoing.end();
    await arrived;
    return outcome;
  }

  it('gives exactly the bytes that were sent', async () => {
    for (const chunks of [[], ['a'], ['é', 'b', '\u0000'], ['x'.repeat(LIMIT)]]) {
      const read = await posted(chunks);
      expect(read.ok && Buffer.from(read.value).toString()).toBe(chunks.join(''));
    }
  });

  it('refuses one byte more than the limit, announced or not', async () => {
    expect(codeOf(await posted(['x'.repeat(LIMIT + 1)]))).toBe('body-too-large');
    expect(codeOf(await posted(['x'.repeat(LIMIT), 'x']))).toBe('body-too-large');
    expect(codeOf(await posted(['x'.repeat(LIMIT + 1)], { 'content-length': LIMIT + 1 }))).toBe('body-too-large');
  });

  it('refuses what was announced too large before a byte of it came', async () => {
    arrived = new Promise((resolve) => {
      seen = resolve;
    });
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`);
    await arrived;
    expect(codeOf(await outcome)).toBe('body-too-large');
    socket.destroy();
  });

  it('refuses a body that is cut off', async () => {
    arrived = new Promise((resolve) => {
      seen = resolve;
    });
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    await arrived;
    socket.destroy();
    expect(codeOf(await outcome)).toBe('malformed-request');
  });
});
