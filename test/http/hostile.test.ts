/** Bytes on a socket, as no client library would send them: always refused with a 4xx problem, and the gateway lives on. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { newKeyField, problemCode, send, signedPost, type WireRequest } from '../support/signed.ts';

let gateway: TestGateway;
let agent: TestAgent;
let host: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  agent = await gateway.newAgent();
  ({ host } = new URL(gateway.origin));
});
afterAll(async () => {
  // Whatever was sent: no fault of ours was met, and a good request still works.
  expect(gateway.log.filter(({ event }) => event === 'bug' || event === 'store.fatal')).toEqual([]);
  expect((await send(gateway.origin, good())).status).toBe(202);
  await gateway.stop();
});

const SUBMIT = '/actions/human.handoff';
const good = (body: object | string = { input: { topic: 'A question' } }): WireRequest =>
  signedPost(gateway.origin, agent.key, SUBMIT, body, { idempotencyKey: newKeyField() });

interface Parsed {
  readonly status: number;
  readonly head: string;
  readonly type: string;
  readonly problem: Readonly<Record<string, unknown>>;
}

/** Sends the bytes and reads until the gateway closes or is quiet; every answer on the connection, in order. */
async function exchange(bytes: string | Buffer, quietMs = 300): Promise<readonly Parsed[]> {
  const { hostname, port } = new URL(gateway.origin);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  socket.setTimeout(quietMs, () => socket.destroy());
  socket.write(bytes);
  await once(socket, 'close');
  return parseAnswers(Buffer.concat(chunks).toString('utf8'));
}

function parseAnswers(text: string): readonly Parsed[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part.startsWith('HTTP/1.1 '))
    .map((part) => {
      const [head = '', body = ''] = part.split('\r\n\r\n');
      const type = /^content-type: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
      const json = /\{.*\}/s.exec(body)?.[0];
      const problem: unknown = json === undefined ? {} : JSON.parse(json);
      return { status: Number(part.slice(9, 12)), head, type, problem: { ...(problem as object) } };
    });
}

async function one(bytes: string | Buffer): Promise<Parsed> {
  const [answer, ...more] = await exchange(bytes);
  expect(more).toEqual([]);
  if (answer === undefined) throw new Error('closed without an answer');
  return answer;
}

function expectProblem(answer: Parsed, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.type).toBe('application/problem+json');
  expect(answer.problem).toMatchObject({ status, type: expect.stringMatching(/^urn:parley:problem:/) });
}

const wire = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const json = (body: string, ...headers: string[]) =>
  `${wire(`POST ${SUBMIT} HTTP/1.1`, `Host: ${host}`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, ...headers)}${body}`;

describe('request line and Host', () => {
  it.each<[string, number, () => string]>([
    ['no Host', 400, () => wire('GET /health HTTP/1.1')],
    ['two Hosts', 400, () => wire('GET /health HTTP/1.1', `Host: ${host}`, 'Host: evil.example')],
    ['the same Host twice', 400, () => wire('GET /health HTTP/1.1', `Host: ${host}`, `Host: ${host}`)],
    ['HTTP/1.0 without Host', 400, () => wire('GET /health HTTP/1.0')],
    ['an unknown Host', 421, () => wire('GET /health HTTP/1.1', 'Host: evil.example')],
    ['the Host with another port', 421, () => wire('GET /health HTTP/1.1', 'Host: 127.0.0.1:1')],
    ['an empty Host', 421, () => wire('GET /health HTTP/1.1', 'Host: ')],
    ['absolute-form of another', 421, () => wire('GET http://evil.example/health HTTP/1.1', `Host: ${host}`)],
    ['absolute-form of ours', 421, () => wire(`GET http://${host}/health HTTP/1.1`, `Host: ${host}`)],
    ['asterisk-form', 421, () => wire('OPTIONS * HTTP/1.1', `Host: ${host}`)],
    ['TRACE', 405, () => wire('TRACE /health HTTP/1.1', `Host: ${host}`)],
    ['an unknown method', 400, () => wire('BREW /health HTTP/1.1', `Host: ${host}`)],
    ['a target of 3,000 bytes', 414, () => wire(`GET /${'a'.repeat(3_000)} HTTP/1.1`, `Host: ${host}`)],
    ['another protocol', 400, () => wire('HELO example')],
  ])('%s is answered %i', async (_, status, bytes) => {
    expectProblem(await one(bytes()), status);
  });

  it.each([
    '/a/../health',
    '/../health',
    '/./health',
    '//health',
    '/operations//x',
    '/%2e%2e/health',
    '/%2E/health',
    '/operations%2fx',
    '/operations%5Cx',
    '/a%00b',
    '/a%0d%0ab',
    '/a%ff',
    '/a%zz',
    '/a%',
    '/a\\b',
    '/a#b',
    '/a"b',
    '/a<b>',
    '/a{b}',
    '/a|b',
    '/?a=%zz',
  ])('the target %s is answered 400', async (target) => {
    expectProblem(await one(wire(`GET ${target} HTTP/1.1`, `Host: ${host}`)), 400);
  });

  it('CONNECT opens nothing', async () => {
    const answers = await exchange(wire(`CONNECT evil.example:443 HTTP/1.1`, `Host: ${host}`));
    expect(answers.every(({ status }) => status >= 400 && status < 500)).toBe(true);
  });
});

describe('header section', () => {
  it.each<[string, number, () => string]>([
    [
      '200 field lines',
      431,
      () => wire('GET /health HTTP/1.1', `Host: ${host}`, ...Array.from({ length: 200 }, (_, n) => `X-${n}: 1`)),
    ],
    ['a field of 20 kB', 431, () => wire('GET /health HTTP/1.1', `Host: ${host}`, `X-Long: ${'a'.repeat(20_000)}`)],
    ['a space before the colon', 400, () => wire('GET /health HTTP/1.1', `Host: ${host}`, 'X-A : 1')],
    ['a folded line', 400, () => wire('GET /health HTTP/1.1', `Host: ${host}`, 'X-A: 1', ' 2')],
    ['bare line feeds', 400, () => `GET /health HTTP/1.1\nHost: ${host}\n\n`],
    ['a name like @method', 400, () => wire('GET /health HTTP/1.1', `Host: ${host}`, '@method: GET')],
    ['a NUL', 400, () => wire('GET /health HTTP/1.1', `Host: ${host}`, 'X-A: a\0b')],
    ['Expect: something', 417, () => json('{}', 'Expect: wat')],
  ])('%s: answered %i', async (_, status, bytes) => {
    expectProblem(await one(bytes()), status);
  });
});

describe('body', () => {
  const chunked = (head: string, body: string) =>
    `${wire(`POST ${SUBMIT} HTTP/1.1`, `Host: ${host}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked', head)}${body}`;
  const large = 'a'.repeat(LIMITS.bodyBytesMax + 1);

  it.each<[string, number, () => string]>([
    ['Content-Length and Transfer-Encoding', 400, () => chunked('Content-Length: 5', '0\r\n\r\n')],
    ['two Content-Lengths', 400, () => json('{}', 'Content-Length: 3')],
    [
      'an unknown transfer coding',
      400,
      () => wire(`POST ${SUBMIT} HTTP/1.1`, `Host: ${host}`, 'Transfer-Encoding: xchunked'),
    ],
    ['a negative length', 400, () => wire(`POST ${SUBMIT} HTTP/1.1`, `Host: ${host}`, 'Content-Length: -1')],
    ['a bad chunk', 400, () => chunked('X-A: 1', 'zz\r\n{}\r\n0\r\n\r\n')],
    ['more than the limit, announced', 413, () => json(large)],
    [
      'more than the limit, in chunks',
      413,
      () => chunked('X-A: 1', `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`),
    ],
    ['gzip', 415, () => json('{}', 'Content-Encoding: gzip')],
    ['gzip twice', 415, () => json('{}', 'Content-Encoding: gzip, gzip')],
    ['another charset', 415, () => json('{}').replace('application/json', 'application/json; charset=utf-16')],
    ['a form', 415, () => json('a=1').replace('application/json', 'application/x-www-form-urlencoded')],
    ['two types', 415, () => json('{}', 'Content-Type: text/plain')],
    ['no type', 415, () => json('{}').replace('Content-Type: application/json\r\n', '')],
  ])('%s: answered %i', async (_, status, bytes) => {
    expectProblem(await one(bytes()), status);
  });

  it.each<[string, string, number, string]>([
    ['null', 'null', 422, 'schema-violation'],
    ['an array', '[]', 422, 'schema-violation'],
    ['a string', '"text"', 422, 'schema-violation'],
    ['a number', '7', 422, 'schema-violation'],
    ['a name twice', '{"input":{"topic":"a","topic":"b"}}', 400, 'malformed-json'],
    ['__proto__', '{"input":{"topic":"a"},"__proto__":{}}', 400, 'malformed-json'],
    ['100,000 brackets', '['.repeat(60_000), 400, 'malformed-json'],
    ['a lone surrogate', '{"input":{"topic":"\\ud800"}}', 400, 'malformed-json'],
    ['an unknown member', '{"input":{"topic":"a","state":"completed"}}', 422, 'schema-violation'],
    ['a type that could be coerced', '{"input":{"topic":7}}', 422, 'schema-violation'],
  ])('a signed body that is or has %s', async (_, body, status, code) => {
    const before = gateway.operations();
    const answer = await send(gateway.origin, good(body));
    expect([answer.status, problemCode(answer)]).toEqual([status, code]);
    expect(gateway.operations()).toBe(before);
  });

  it.each(['null', '[]', '"text"', '7', '{}', '{'])('an unsigned registration of %s', async (body) => {
    const answer = await one(json(body).replace(SUBMIT, '/agents'));
    expect(answer.status).toBeOneOf([400, 401, 422]);
    expectProblem(answer, answer.status);
  });
});

describe('a connection', () => {
  it('is closed after a refusal at the edge: what follows is not run', async () => {
    const { method, target, headers, body } = good();
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const follow = `${wire(`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...fields, `Content-Length: ${body?.length ?? 0}`)}${body?.toString() ?? ''}`;
    const before = gateway.operations();
    const answers = await exchange(wire('GET /a/../b HTTP/1.1', `Host: ${host}`) + follow);
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(gateway.operations()).toBe(before);
  });

  it('answers good requests in order', async () => {
    const get = wire('GET /health HTTP/1.1', `Host: ${host}`);
    expect((await exchange(get + get)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('is never upgraded', async () => {
    const upgrade = wire('GET /health HTTP/1.1', `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket');
    expect((await exchange(upgrade)).map(({ status }) => status)).not.toContain(101);
  });
});

describe('methods', () => {
  const ID = 'op_00000000-0000-7000-8000-000000000000';
  it.each<[string, string, string]>([
    ['PUT', '/actions/human.handoff', 'GET, HEAD, POST'],
    ['DELETE', `/operations/${ID}`, 'GET, HEAD'],
    ['POST', `/operations/${ID}`, 'GET, HEAD'],
    ['GET', '/agents', 'POST'],
    ['HEAD', '/agents', 'POST'],
    ['PUT', '/agents', 'POST'],
    ['GET', `/operations/${ID}/accept`, 'POST'],
    ['HEAD', `/operations/${ID}/offers`, 'POST'],
    ['PATCH', `/operations/${ID}/withdraw`, 'POST'],
    ['GET', `/operations/${ID}/handoff`, 'POST'],
    ['GET', '/signoffs/so_1/decision', 'POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['POST', '/.well-known/parley', 'GET, HEAD'],
  ])('%s %s is answered 405 and told %s', async (method, target, allow) => {
    const answer = await one(wire(`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0'));
    expect(answer.status).toBe(405);
    expect(/^allow: (.*)$/im.exec(answer.head)?.[1]).toBe(allow);
    if (method !== 'HEAD') expectProblem(answer, 405);
  });

  it('what does not exist is 404 in every method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'])
      expectProblem(await one(wire(`${method} /nothing/here HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0')), 404);
  });
});
