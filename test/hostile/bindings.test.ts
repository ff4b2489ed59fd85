/** MCP and A2A from the outside, by somebody who means harm: what is malformed, stolen, repeated, somebody else's, or simply too much. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { contentDigest } from '../../protocol/signature/signature.ts';
import { presentMandate } from '../../src/client/index.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { newKeyField, problemCode, send, signedPost, type WireAnswer, type WireRequest } from '../support/signed.ts';

let gateway: TestGateway;
let agent: TestAgent;
let stranger: TestAgent;
beforeAll(async () => {
  gateway = await startTestGateway();
  agent = await gateway.newAgent();
  stranger = await gateway.newAgent();
}, 60_000);
afterAll(async () => {
  expect(gateway.log.filter(({ event }) => event === 'bug')).toEqual([]);
  await gateway.stop();
});

type Headers = Readonly<Record<string, string>>;
interface Rpc {
  readonly result?: JsonObject;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

const withHeaders = (request: WireRequest, headers: Headers): WireRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
});
const unsigned = (target: string, body: object | string, headers: Headers = {}): WireRequest => ({
  method: 'POST',
  target,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const ask = (request: WireRequest) => send(gateway.origin, request);
const rpcOf = (answer: WireAnswer): Rpc => answer.json;

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
const mcpBody = (method: string, params: JsonObject) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params: { ...params, _meta: META },
});
const mcpHeaders = (method: string, { name, uri, taskId }: JsonObject): Headers => {
  const named = name ?? uri ?? taskId;
  return {
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
  };
};
const mcpRequest = (method: string, params: JsonObject, by = agent) =>
  withHeaders(signedPost(gateway.origin, by.key, '/mcp', mcpBody(method, params)), mcpHeaders(method, params));
const mcp = async (method: string, params: JsonObject, by = agent) => rpcOf(await ask(mcpRequest(method, params, by)));
const tool = (name: string, args: JsonObject, by = agent) => mcp('tools/call', { name, arguments: args }, by);

const MODERN: Headers = { 'a2a-version': '1.0' };
const a2aRequest = (method: string, params: JsonObject, by = agent) =>
  withHeaders(signedPost(gateway.origin, by.key, '/a2a', { jsonrpc: '2.0', id: 1, method, params }), MODERN);
const a2a = async (method: string, params: JsonObject, by = agent) => rpcOf(await ask(a2aRequest(method, params, by)));
const messageOf = (data: JsonObject, messageId: string = randomUUID()): JsonObject => ({
  message: { messageId, role: 'ROLE_USER', parts: [{ data }] },
});
const problemIn = ({ result, error }: Rpc): string =>
  /urn:parley:problem:([\w-]+)/.exec(JSON.stringify(result ?? error))?.[1] ?? 'none';

/** A renewal that waits for its agent. */
async function renewal(by = agent, owner = by): Promise<Rpc> {
  const messageId = randomUUID();
  return a2a('SendMessage', messageOf(await asked(by, owner, messageId), messageId), by);
}
async function asked(by: TestAgent, owner: TestAgent, nonce: string): Promise<JsonObject> {
  const mandate = await presentMandate(await gateway.mandateFor(owner), {
    key: by.key,
    audience: gateway.origin,
    nonce,
    now: new Date(),
  });
  return { verb: 'submit', action: 'contract.renew', mandate, input: { contract: 'K-1001' } };
}
const idOf = ({ result }: Rpc): string =>
  (result?.['task'] as { id: string } | undefined)?.id ?? expect.fail('no task');

describe('what is malformed', () => {
  const NO_TEXT = { toString: 1, valueOf: 1 };

  it('is nobody’s internal error: a URI that is no text', async () => {
    const params = { uri: NO_TEXT };
    for (const body of [
      mcpBody('resources/read', params),
      { jsonrpc: '2.0', id: 1, method: 'resources/read', params },
      [{ jsonrpc: '2.0', id: 1, method: 'resources/read', params }],
    ]) {
      const { status } = await ask(unsigned('/mcp', body, mcpHeaders('resources/read', {})));
      expect(status).toBeLessThan(500);
    }
  });

  it('is nobody’s internal error: an operation that is no text', async () => {
    for (const name of ['offer_counter', 'offer_accept', 'operation_withdraw', 'operation_handoff'])
      expect(problemIn(await tool(name, { operation: NO_TEXT, idempotency_key: randomUUID() }))).toBe('not-found');
  });

  it.each(['%E2%82%AC', 'a%0D%0Ax:1', '9.9', '%7F'])(
    'is nobody’s internal error: version %s in a query',
    async (version) => {
      const body = { jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 'x' } };
      const answers = [
        await ask(unsigned(`/a2a?A2A-Version=${version}`, body)),
        await ask({ method: 'GET', target: `/a2a/tasks?A2A-Version=${version}`, headers: {}, body: undefined }),
      ];
      expect(rpcOf(answers[0] ?? expect.fail()).error?.code).toBe(-32_009);
      expect(answers[1]?.status).toBe(400);
      for (const { headers } of answers) expect([headers['a2a-version'], headers['x']].join('')).toMatch(/^(?:9\.9)?$/);
    },
  );

  it.each(['/mcp', '/a2a', '/a2a/message:send'])('is refused before it is read at %s', async (target) => {
    const deep = `${'['.repeat(LIMITS.jsonDepthMax + 1)}${']'.repeat(LIMITS.jsonDepthMax + 1)}`;
    const refused: readonly (readonly [string, number, Headers?])[] = [
      [JSON.stringify('x'.repeat(LIMITS.bodyBytesMax)), 413],
      [deep, 400],
      ['{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', 400],
      ['{"__proto__":{}}', 400],
      ['{"id":9007199254740993}', 400],
      ['{}', 415, { 'content-type': 'text/plain' }],
      ['{}', 415, { 'content-type': 'application/json; charset=utf-16' }],
      ['{}', 415, { 'content-encoding': 'gzip' }],
    ];
    for (const [body, status, headers] of refused)
      expect((await ask(unsigned(target, body, { ...MODERN, ...headers }))).status, body.slice(0, 40)).toBe(status);
  });

  it('D5: does not come back a hundredfold: a batch has few messages, and one list or resource', async () => {
    const batch = (...methods: readonly string[]) =>
      methods.map((method, id) => ({ jsonrpc: '2.0', id, method, params: { uri: 'parley://policy' } }));
    const pings = (count: number) => batch(...Array.from({ length: count }, () => 'ping'));
    const headers = { accept: 'application/json, text/event-stream' };
    const outcomeOf = async (body: object) => {
      const answer = await ask(unsigned('/mcp', body, headers));
      return [answer.status, rpcOf(answer).error?.code];
    };
    expect(await outcomeOf(pings(10))).toEqual([200, undefined]);
    expect(await outcomeOf(batch('tools/list', 'ping'))).toEqual([200, undefined]);
    for (const refused of [
      pings(11),
      batch('tools/list', 'tools/list'),
      batch('tools/list', 'resources/read'),
      batch('resources/read', 'ping', 'resources/read'),
    ])
      expect(await outcomeOf(refused)).toEqual([400, -32_600]);
    expect(rpcOf(await ask(unsigned('/a2a', pings(2), MODERN))).error?.code).toBe(-32_600);
  });

  it.each(['2025-03-26', '2025-06-18', '2026-07-28'])(
    'D5: gets lists that were made once, whole: %s',
    async (version) => {
      const id = '"tools":[] "text":"" \\"tools\\":[]';
      const meta = {
        'io.modelcontextprotocol/protocolVersion': version,
        'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      };
      const call = async (method: string, params: object) => {
        const own = version < '2026' ? params : { ...params, _meta: meta };
        const answer = await ask(
          unsigned(
            '/mcp',
            { jsonrpc: '2.0', id, method, params: own },
            {
              accept: 'application/json, text/event-stream',
              'mcp-protocol-version': version,
              ...(version < '2026'
                ? {}
                : { 'mcp-method': method, ...('uri' in params ? { 'mcp-name': String(params.uri) } : {}) }),
            },
          ),
        );
        expect(answer.json).toMatchObject({ id });
        expect(answer.headers['content-digest']).toBe(contentDigest(answer.body));
        return answer.json['result'];
      };
      expect(await call('tools/list', {})).toMatchObject({
        tools: expect.arrayContaining([expect.objectContaining({ name: 'contract_renew' })]),
      });
      expect(await call('resources/read', { uri: 'parley://policy' })).toMatchObject({
        contents: [
          { uri: 'parley://policy', mimeType: 'text/markdown', text: expect.stringContaining('Renew a contract') },
        ],
      });
      expect(await call('resources/read', { uri: 'parley://actions' })).toMatchObject({
        contents: [{ mimeType: 'application/json', text: expect.stringContaining('"contract.renew"') }],
      });
    },
  );
});

describe('a signature', () => {
  const HANDOFF = { verb: 'handoff' };

  it('made for one endpoint is none at another', async () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
    const request = signedPost(gateway.origin, agent.key, '/mcp', body);
    for (const target of ['/a2a', '/a2a/message:send', '/mcp?x=1'])
      expect((await ask({ ...request, target })).status, target).toBe(401);
    expect((await ask(withHeaders(request, { accept: 'application/json, text/event-stream' }))).status).toBe(200);
  });

  it('is good for one request, whatever the request is and wherever its nonce was used', async () => {
    const id = idOf(await renewal());
    const push = { taskId: id, id: 'mine', url: `${gateway.origin}/nowhere` };
    expect(problemIn(await a2a('CreateTaskPushNotificationConfig', push))).toBe('none');
    const uri = `parley://operations/${id}/transcript`;
    const requests: readonly WireRequest[] = [
      a2aRequest('GetTask', { id }),
      a2aRequest('ListTasks', {}),
      a2aRequest('CreateTaskPushNotificationConfig', { ...push, id: 'other' }),
      a2aRequest('ListTaskPushNotificationConfigs', { taskId: id }),
      a2aRequest('DeleteTaskPushNotificationConfig', { taskId: id, id: 'mine' }),
      a2aRequest('SendMessage', messageOf(HANDOFF)),
      mcpRequest('tools/call', { name: 'operation_read', arguments: { operation: id } }),
      mcpRequest('resources/read', { uri }),
    ];
    for (const request of requests) {
      await ask(request);
      const again = rpcOf(await ask(request));
      expect(again.result?.['isError'] ?? again.error, request.body?.toString()).toBeTruthy();
      expect(JSON.stringify(again)).not.toContain('"state"');
    }
    const nonce = randomUUID();
    const get = { jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id } };
    const first = withHeaders(signedPost(gateway.origin, agent.key, '/a2a', get, { nonce }), MODERN);
    expect(rpcOf(await ask(first)).result).toBeDefined();
    const read = { name: 'operation_read', arguments: { operation: id } };
    const second = signedPost(gateway.origin, agent.key, '/mcp', mcpBody('tools/call', read), { nonce });
    const refused = await ask(withHeaders(second, mcpHeaders('tools/call', read)));
    expect(problemIn(rpcOf(refused))).toBe('signature-replayed');
  });

  it('says nothing of another body', async () => {
    const request = a2aRequest('SendMessage', messageOf(HANDOFF));
    const body = Buffer.from(String(request.body).replace('handoff', 'accepts'));
    expect((await ask({ ...request, body })).status).toBe(400);
  });
});

describe('what is somebody else’s', () => {
  it('mandate is no permission, in any binding', async () => {
    expect(problemIn(await renewal(stranger, agent))).toBe('mandate-invalid');
    const key = randomUUID();
    const { verb: _verb, action: _action, ...args } = await asked(stranger, agent, key);
    expect(problemIn(await tool('contract_renew', { ...args, idempotency_key: key }, stranger))).toBe(
      'mandate-invalid',
    );
    // Nor is a presentation that the agent itself made for another request.
    const { mandate } = await asked(agent, agent, randomUUID());
    const reused = { mandate: mandate ?? '', input: { contract: 'K-1001' }, idempotency_key: randomUUID() };
    expect(problemIn(await tool('contract_renew', reused))).toBe('mandate-invalid');
  });

  it('operation looks like none, in any binding', async () => {
    const id = idOf(await renewal());
    const missing = `${id.slice(0, -6)}000000`;
    const tells = async (operation: string): Promise<unknown[]> => [
      await tool('operation_read', { operation }, stranger),
      await tool('receipt_read', { operation }, stranger),
      await tool('operation_withdraw', { operation, idempotency_key: 'k'.repeat(20) }, stranger),
      await mcp('resources/read', { uri: `parley://operations/${operation}/transcript` }, stranger),
      await a2a('GetTaskPushNotificationConfig', { taskId: operation, id: 'mine' }, stranger),
      await a2a('DeleteTaskPushNotificationConfig', { taskId: operation, id: 'mine' }, stranger),
      await a2a('CreateTaskPushNotificationConfig', { taskId: operation, id: 'x', url: gateway.origin }, stranger),
      await a2a('SubscribeToTask', { id: operation }, stranger),
      (
        await ask(
          signedPost(
            gateway.origin,
            stranger.key,
            `/operations/${operation}/handoff`,
            { topic: 'x' },
            { idempotencyKey: newKeyField() },
          ),
        )
      ).status,
    ];
    const told = JSON.stringify(await tells(id)).replaceAll(id, 'op');
    expect(told).not.toContain('"result":{"task"');
    expect(told).toBe(JSON.stringify(await tells(missing)).replaceAll(missing, 'op'));
  });

  it('suite is not served: an ordinary gateway has no fixtures, no sessions, and lets nobody in', async () => {
    expect((await tool('test_simple_text', {})).error?.code).toBe(-32_602);
    expect(await a2a('SendMessage', messageOf({ words: 'x' }, 'tck-complete-task-1-1-1'))).not.toHaveProperty('result');
    const anonymous = unsigned('/a2a', { jsonrpc: '2.0', id: 1, method: 'ListTasks', params: {} }, MODERN);
    expect((await ask(anonymous)).status).toBe(401);
    for (const method of ['GET', 'DELETE'])
      expect((await ask({ method, target: '/mcp', headers: { 'mcp-session-id': 'x' }, body: undefined })).status).toBe(
        405,
      );
  });
});

describe('too much', () => {
  it('of push configurations is refused, and a message that is sent again leaves one', async () => {
    const messageId = randomUUID();
    const message = messageOf(await asked(agent, agent, messageId), messageId);
    const configuration = { taskPushNotificationConfig: { url: `${gateway.origin}/nowhere` } };
    let taskId = '';
    for (let count = 0; count < 6; count += 1) taskId = idOf(await a2a('SendMessage', { ...message, configuration }));
    const listed = async () => (await a2a('ListTaskPushNotificationConfigs', { taskId })).result?.['configs'];
    expect(await listed()).toHaveLength(1);
    for (let count = 0; count < 6; count += 1)
      await a2a('CreateTaskPushNotificationConfig', { taskId, id: `n${count}`, url: gateway.origin });
    expect(await listed()).toHaveLength(4);
  });

  it('is not begun with an address that news may not go to', async () => {
    const before = gateway.operations();
    const messageId = randomUUID();
    const configuration = { taskPushNotificationConfig: { url: 'file:///etc/passwd' } };
    const refused = await a2a('SendMessage', {
      ...messageOf(await asked(agent, agent, messageId), messageId),
      configuration,
    });
    expect(refused.error?.code).toBe(-32_602);
    expect(gateway.operations()).toBe(before);
  });

  it('of streams is refused until one ends; others keep theirs', async () => {
    const id = idOf(await renewal());
    const open: AbortController[] = [];
    const subscribe = async (by: TestAgent, task: string) => {
      const { headers, body } = a2aRequest('SubscribeToTask', { id: task }, by);
      const leave = new AbortController();
      const init = { method: 'POST', headers, body: body ?? null, signal: leave.signal };
      const answer = await fetch(`${gateway.origin}/a2a`, init as RequestInit);
      if (answer.status === 200) open.push(leave);
      else await answer.text();
      return answer;
    };
    for (let count = 0; count < 64; count += 1) expect((await subscribe(agent, id)).status).toBe(200);
    const refused = await subscribe(agent, id);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const theirs = idOf(await renewal(stranger));
    expect((await subscribe(stranger, theirs)).status).toBe(200);
    for (const leave of open.splice(0)) leave.abort();
    await expect.poll(async () => (await subscribe(agent, id)).status, { timeout: 40_000, interval: 1_000 }).toBe(200);
    for (const leave of open) leave.abort();
  }, 90_000);
});

it('a Host or an Origin that is not ours opens nothing', async () => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  for (const host of ['evil.example', `${new URL(gateway.origin).host}.evil.example`, 'localhost'])
    expect((await ask(unsigned('/mcp', body, { host }))).status, host).toBe(421);
  for (const origin of ['null', 'https://evil.example', `${gateway.origin}.evil.example`, `${gateway.origin}/`, ''])
    expect((await ask(unsigned('/mcp', body, { origin }))).status, origin).toBe(403);
  const forwarded = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', 'x-original-url': '/health' };
  const request = signedPost(gateway.origin, agent.key, '/mcp', body);
  const answer = await ask(withHeaders(request, { ...forwarded, accept: 'application/json, text/event-stream' }));
  expect([answer.status, problemCode(answer)]).toEqual([200, '']);
});
