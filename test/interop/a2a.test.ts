/** The A2A binding on the wire: the gates, what blocks, streams that survive, news that is signed. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StreamResponse, TaskState } from '@a2a-js/sdk';
import { LegacyJsonRpcTransport } from '@a2a-js/sdk/compat/v0_3/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { acceptanceOf, makeSignedFetch, presentMandate } from '../../src/client/index.ts';
import { a2aClient, a2aMessage, viewIn } from '../support/drivers.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const EXTENSION = 'urn:parley:a2a:actions:1';
let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  const rules = [{ name: 'all', when: 'action == "contract.renew"', role: 'approver', reason: 'Every renewal.' }];
  gateway = await startTestGateway({ faults: true, config: { signoff: { rules } } });
  agent = await gateway.newAgent();
}, 30_000);
afterAll(() => gateway.stop());

const signed = (by: TestAgent = agent) => makeSignedFetch({ gateway: gateway.origin, key: by.key }).fetch;

interface Wire {
  readonly status: number;
  readonly headers: Headers;
  readonly json: JsonObject;
}

async function rpc(
  method: string,
  params: JsonObject,
  send: typeof fetch = signed(),
  headers: Record<string, string> = {},
): Promise<Wire> {
  const answer = await send(`${gateway.origin}/a2a`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }),
  });
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as JsonObject };
}

async function rest(method: string, path: string, body?: JsonObject, send: typeof fetch = signed()): Promise<Wire> {
  const init = { method, headers: { 'content-type': 'application/a2a+json', 'a2a-version': '1.0' } };
  const answer = await send(
    `${gateway.origin}/a2a${path}`,
    body === undefined ? init : { ...init, body: JSON.stringify(body) },
  );
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as JsonObject };
}

const words = (text: string, more: JsonObject = {}) => ({
  message: { messageId: randomUUID(), role: 'ROLE_USER', parts: [{ text }], ...more },
});

async function renewal(messageId = randomUUID(), by = agent): Promise<JsonObject> {
  const mandate = await presentMandate(await gateway.mandateFor(by), {
    key: by.key,
    audience: gateway.origin,
    nonce: messageId,
    now: new Date(),
  });
  const data = { verb: 'submit', action: 'contract.renew', mandate, input: { contract: 'K-1001' } };
  return { message: { messageId, role: 'ROLE_USER', parts: [{ data }] } };
}

/** Takes back what the last call left open: a record has one open commitment at a time. */
let takeBack = async (): Promise<void> => undefined;

/** A renewal accepted by its agent: it waits for a person. */
async function accepted(by = agent) {
  await takeBack();
  await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
  const client = await a2aClient(gateway.origin, by.key, 'JSONRPC');
  const messageId = randomUUID();
  const { message } = (await renewal(messageId, by)) as { message: { parts: { data: JsonObject }[] } };
  const asked = await client.sendMessage(a2aMessage(messageId, '', message.parts[0]?.data ?? {}));
  if (!('status' in asked)) throw new Error('not a task');
  expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
  const view = viewIn(asked);
  const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key: by.key });
  const offer = view.offers?.at(-1) ?? expect.fail('no offer');
  const acceptance = await acceptanceOf(view, offer, { gateway: gateway.origin, key: by.key, companyKeys });
  const task = await client.sendMessage(a2aMessage(randomUUID(), view.id, { verb: 'accept', ...acceptance }));
  if (!('status' in task)) throw new Error('not a task');
  takeBack = async () =>
    void (await rpc('CancelTask', { id: view.id }, makeSignedFetch({ gateway: gateway.origin, key: by.key }).fetch));
  return { client, id: view.id, task };
}

const approve = async (task: Parameters<typeof viewIn>[0]) =>
  gateway.approve(`${gateway.origin}/console/signoffs/${viewIn(task).signoff?.id}`);

describe('the gates', () => {
  it('refuses a version it does not speak, in both bindings', async () => {
    const one = await rpc('SendMessage', words('hi'), fetch, { 'a2a-version': '9.9' });
    expect(one.json['error']).toMatchObject({
      code: -32_009,
      data: [{ reason: 'VERSION_NOT_SUPPORTED', domain: 'a2a-protocol.org' }],
    });
    const other = await fetch(`${gateway.origin}/a2a/tasks`, { headers: { 'a2a-version': '9.9' } });
    expect(other.status).toBe(400);
    expect(await other.json()).toMatchObject({ error: { details: [{ reason: 'VERSION_NOT_SUPPORTED' }] } });
  });

  it('echoes the extensions it activates, and only those', async () => {
    const { headers } = await rpc('SendMessage', words('hi'), fetch, { 'a2a-extensions': `${EXTENSION}, urn:unknown` });
    expect(headers.get('a2a-extensions')).toBe(EXTENSION);
  });

  it('answers words from anyone with what can be asked, and keeps nothing of it', async () => {
    const before = gateway.operations();
    const answers = [
      await rpc('SendMessage', words('Please renew my contract'), fetch),
      await rest('POST', '/message:send', words('Hello'), fetch),
    ];
    for (const { json } of answers) {
      const { message } = (json['result'] ?? json) as {
        message: { role: string; parts: { text?: string; data?: JsonObject }[] };
      };
      expect(message.role).toBe('ROLE_AGENT');
      expect(message.parts[0]?.text).toContain('contract.renew');
      expect(message.parts[1]?.data).toMatchObject({
        extension: EXTENSION,
        actions: expect.arrayContaining([expect.objectContaining({ action: 'contract.renew' })]),
      });
    }
    expect(gateway.operations()).toBe(before);
  });

  it('takes nothing else from who is not proven', async () => {
    const refused = await rpc(
      'SendMessage',
      {
        message: {
          messageId: randomUUID(),
          role: 'ROLE_USER',
          parts: [{ data: { verb: 'submit', action: 'human.handoff', input: { topic: 'x' } } }],
        },
      },
      fetch,
    );
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Signature/);
    for (const method of ['GetTask', 'ListTasks', 'CancelTask'])
      expect((await rpc(method, { id: 'x' }, fetch)).status).toBe(401);
  });

  it.each<[what: string, body: unknown, id: unknown]>([
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'GetTask' }], null],
    ['a text with a request in it', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'GetTask' }), null],
    ['a number', 3, null],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'GetTask' }, 1],
    ['no method', { jsonrpc: '2.0', id: 'a' }, 'a'],
    ['no id', { jsonrpc: '2.0', method: 'GetTask' }, null],
    ['an id that is none', { jsonrpc: '2.0', id: { a: 1 }, method: 'GetTask' }, null],
    ['an id of true', { jsonrpc: '2.0', id: true, method: 'GetTask' }, null],
  ])('calls %s what it is, no request, and echoes an id only where there is one', async (_what, body, id) => {
    for (const version of ['1.0', '0.3']) {
      const headers = { 'content-type': 'application/json', 'a2a-version': version };
      const answer = await fetch(`${gateway.origin}/a2a`, { method: 'POST', headers, body: JSON.stringify(body) });
      expect([answer.status, await answer.json()]).toMatchObject([400, { id, error: { code: -32_600 } }]);
    }
  });

  it.each([
    [{ raw: 'dGNr', mediaType: 'application/x-unknown' }],
    [{ raw: 'dGNr', mediaType: 'text/plain' }],
    [{ url: 'https://example.com/file' }],
    [{ data: { verb: 'submit' }, mediaType: 'application/xml' }],
    [{ text: 'hi', mediaType: 'image/png' }],
  ])('does not pass over a part that it does not read: %j', async (part) => {
    const message = {
      messageId: randomUUID(),
      role: 'ROLE_USER',
      parts: [{ text: 'hi', mediaType: 'text/plain' }, part],
    };
    const [one, other] = [
      await rpc('SendMessage', { message }, fetch),
      await rest('POST', '/message:send', { message }, fetch),
    ];
    expect(one.json['error']).toMatchObject({ code: -32_005, data: [{ reason: 'CONTENT_TYPE_NOT_SUPPORTED' }] });
    expect(other.json).toMatchObject({ error: { details: [{ reason: 'CONTENT_TYPE_NOT_SUPPORTED' }] } });
    expect(other.json['error']).toMatchObject({ code: other.status });
    expect(JSON.stringify(one.json)).toContain('/message/parts/1');
  });

  it('gives bad input an error of its own, never a 5xx or an internal error', async () => {
    const parts: unknown[] = [
      [],
      [{}],
      [{ data: 3 }],
      [{ data: { verb: 'fly' } }],
      [{ data: { verb: 'submit' } }],
      [{ data: { verb: 'submit', action: 'no.such' } }],
      [{ data: { verb: 'accept' } }],
      'x',
      null,
    ];
    for (const each of parts) {
      const message = { messageId: randomUUID(), role: 'ROLE_USER', parts: each } as unknown as JsonObject;
      const one = await rpc('SendMessage', { message });
      expect(one.status, JSON.stringify(each)).toBe(200);
      expect((one.json['error'] as { code?: number } | undefined)?.code, JSON.stringify(each)).not.toBe(-32_603);
      expect((await rest('POST', '/message:send', { message })).status, JSON.stringify(each)).toBeLessThan(500);
    }
    expect((await rpc('NoSuchMethod', {})).json['error']).toMatchObject({ code: -32_601 });
    expect((await rest('GET', '/tasks?pageSize=0')).status).toBe(400);
    for (const length of ['-1', '1.5', 'x']) {
      expect((await rest('GET', `/tasks?historyLength=${length}`)).status, length).toBe(400);
      expect((await rest('GET', `/tasks/x?historyLength=${length}`)).status, length).toBe(400);
    }
    expect((await rpc('GetTask', { id: 'x', historyLength: -1 })).json['error']).toMatchObject({ code: -32_602 });
    const before = gateway.operations();
    const unasked = await rpc('SendMessage', { ...(await renewal()), configuration: { historyLength: -1 } });
    expect([unasked.json['error'], gateway.operations()]).toMatchObject([{ code: -32_602 }, before]);
    expect((await rest('GET', '/tasks?pageToken=nonsense')).status).toBe(400);
  });

  it('tells what it refuses in the binding’s own form, with ErrorInfo, before anything is read', async () => {
    const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', domain: 'a2a-protocol.org' };
    const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...headers },
      };
      const answer = await fetch(`${gateway.origin}/a2a${path}`, { ...init, body });
      return { status: answer.status, json: (await answer.json()) as JsonObject };
    };
    const broken = { 'signature-input': 'x=("@method");tag="parley/1"', signature: 'x=:AA==:' };
    const problem = (code: string) => ({ metadata: { problem: `urn:parley:problem:${code}` } });
    for (const [headers, body, status, code] of [
      [{}, '{"a":1,"a":2}', 400, 'malformed-json'],
      [{ 'content-type': 'text/plain' }, '{}', 415, 'unsupported-media-type'],
      [broken, '{}', 401, undefined],
    ] as const) {
      const known = { ...info, ...(code === undefined ? {} : problem(code)) };
      const [one, other] = [await post('', body, headers), await post('/message:send', body, headers)];
      expect([one.status, other.status]).toEqual([status, status]);
      expect(one.json).toMatchObject({ jsonrpc: '2.0', id: null, error: { data: [known] } });
      expect(other.json).toMatchObject({ error: { code: status, details: [known] } });
    }
    expect((await rest('GET', '/nothing')).json).toMatchObject({ error: { code: 404, details: [info] } });
    expect((await rest('GET', '/tasks/x', undefined, fetch)).json).toMatchObject({
      error: { status: 'UNAUTHENTICATED', details: [{ ...info, ...problem('signature-missing') }] },
    });
  });
});

describe('a task', () => {
  it('blocks until it is the agent’s turn, and waits for a person as AUTH_REQUIRED with its scope', async () => {
    const { task } = await accepted();
    expect(task.status?.state).toBe(TaskState.TASK_STATE_AUTH_REQUIRED);
    expect(task.metadata?.[EXTENSION]).toMatchObject({
      state: 'awaiting_signoff',
      signoff: {
        plan_digest: expect.stringMatching(/^sha-256:/),
        expires_at: expect.any(String),
        reasons: ['Every renewal.'],
      },
    });
    expect(task.status?.message?.parts[0]?.content).toMatchObject({ $case: 'text' });
  });

  it('is the same for the same messageId, and not for another body', async () => {
    const message = await renewal();
    const [one, again] = [await rpc('SendMessage', message), await rpc('SendMessage', message)];
    const idOf = ({ json }: Wire) => (json['result'] as { task: { id: string } }).task.id;
    expect(idOf(one)).toBe(idOf(again));
    const other = structuredClone(message) as { message: { parts: { data: { input: object } }[] } };
    Object.assign(other.message.parts[0]?.data ?? {}, { input: { contract: 'K-1002' } });
    const refused = await rpc('SendMessage', other as unknown as JsonObject);
    expect(refused.json['error']).toMatchObject({
      code: -32_602,
      data: [{ metadata: { problem: 'urn:parley:problem:idempotency-key-reused' } }],
    });
  });

  it('takes no more messages once it has ended, but for a person', async () => {
    const { client, id } = await accepted();
    expect((await client.cancelTask({ tenant: '', id, metadata: undefined })).status?.state).toBe(
      TaskState.TASK_STATE_CANCELED,
    );
    const refused = await rpc('SendMessage', words('and now?', { taskId: id }));
    expect(refused.json['error']).toMatchObject({ code: -32_004 });
    expect((await rpc('CancelTask', { id })).json['error']).toBeUndefined();
    const handed = await rpc('SendMessage', {
      message: {
        messageId: randomUUID(),
        role: 'ROLE_USER',
        taskId: id,
        parts: [{ data: { verb: 'handoff', topic: 'A person' } }],
      },
    });
    expect(handed.json['error']).toBeUndefined();
  });

  it('is its agent’s alone: others learn nothing, not even that it exists', async () => {
    const { id } = await accepted();
    const stranger = signed(await gateway.newAgent());
    const missing = `${id.slice(0, -6)}000000`;
    for (const method of ['GetTask', 'CancelTask', 'SubscribeToTask']) {
      const [theirs, none] = [await rpc(method, { id }, stranger), await rpc(method, { id: missing }, stranger)];
      expect(theirs.json['error']).toMatchObject({ code: -32_001 });
      expect(theirs.json).toEqual(none.json);
    }
  });

  it('is listed to its agent, page by page, last changed first', async () => {
    const lister = await gateway.newAgent();
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { json } = await rpc(
        'SendMessage',
        { ...(await renewal(randomUUID(), lister)), configuration: { returnImmediately: true } },
        signed(lister),
      );
      made.push((json['result'] as { task: { id: string } }).task.id);
    }
    const seen: string[] = [];
    let pageToken = '';
    do {
      const { json } = await rest(
        'GET',
        `/tasks?pageSize=2${pageToken === '' ? '' : `&pageToken=${pageToken}`}`,
        undefined,
        signed(lister),
      );
      const page = json as unknown as {
        tasks: { id: string; artifacts?: unknown }[];
        nextPageToken: string;
        totalSize: number;
      };
      expect(page.totalSize).toBe(5);
      for (const task of page.tasks) expect(task.artifacts ?? []).toEqual([]);
      seen.push(...page.tasks.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(new Set(seen)).toEqual(new Set(made));
    expect(seen).toHaveLength(5);
    const { json } = await rpc('ListTasks', { status: 'TASK_STATE_INPUT_REQUIRED' }, signed(lister));
    expect(json['result']).toMatchObject({ nextPageToken: '', totalSize: 5 });
    const others = (await rpc('ListTasks', {})).json['result'] as { tasks: { id: string }[] };
    expect(others.tasks.filter(({ id }) => made.includes(id))).toEqual([]);
  });

  it('keeps the conversation its agent named', async () => {
    const message = (await renewal()) as { message: JsonObject };
    const named = { message: { ...message.message, contextId: 'conversation-1' } };
    const { json } = await rpc('SendMessage', named);
    expect((json['result'] as { task: JsonObject }).task).toMatchObject({ contextId: 'conversation-1' });
    const listed = await rpc('ListTasks', { contextId: 'conversation-1' });
    expect(listed.json['result']).toMatchObject({ totalSize: 1 });
  });
});

describe('a stream', () => {
  it('tells what happens until the end, also to who comes back after a restart', async () => {
    const { client, id, task } = await accepted();
    const states: (TaskState | undefined)[] = [];
    const artifacts: string[] = [];
    const listen = async () => {
      for await (const { payload } of client.resubscribeTask({ tenant: '', id })) {
        if (payload?.$case === 'task' || payload?.$case === 'statusUpdate') states.push(payload.value.status?.state);
        if (payload?.$case === 'artifactUpdate') artifacts.push(payload.value.artifact?.artifactId ?? '');
      }
    };
    const cut = listen().catch(() => undefined);
    await expect.poll(() => states.length).toBe(1);
    await gateway.restart();
    await cut;
    const again = listen();
    await expect.poll(() => states.length).toBe(2);
    await approve(task);
    await again;
    expect(states.slice(0, 2)).toEqual([TaskState.TASK_STATE_AUTH_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED]);
    expect(states.at(-1)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(artifacts).toEqual(['output', 'receipt']);
    expect((await rpc('SubscribeToTask', { id })).json['error']).toMatchObject({ code: -32_004 });
  }, 30_000);

  it('begins with the task a message makes, in both bindings', async () => {
    for (const transport of ['JSONRPC', 'HTTP+JSON'] as const) {
      const client = await a2aClient(gateway.origin, agent.key, transport);
      const messageId = randomUUID();
      const { message } = (await renewal(messageId)) as { message: { parts: { data: JsonObject }[] } };
      const kinds: string[] = [];
      for await (const { payload } of client.sendMessageStream(a2aMessage(messageId, '', message.parts[0]?.data ?? {})))
        kinds.push(payload?.$case ?? '');
      expect(kinds[0]).toBe('task');
      expect(kinds.at(-1)).toBe('statusUpdate');
    }
  });
});

describe('push notifications', () => {
  let receiver: Server;
  let url: string;
  const received: { readonly request: IncomingMessage; readonly body: Buffer }[] = [];
  beforeAll(async () => {
    let first = true;
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      // The first try fails: what is to be told is told again.
      response.writeHead(first ? 503 : 204).end();
      if (!first) received.push({ request, body: Buffer.concat(chunks) });
      first = false;
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/news`;
  });
  afterAll(() => void receiver.close());

  it('are signed with a published key, carry what the agent gave, and are sent again until taken', async () => {
    const { client, id, task } = await accepted();
    const config = {
      tenant: '',
      id: 'mine',
      taskId: id,
      url,
      token: 'my-token',
      authentication: { scheme: 'Bearer', credentials: 'secret' },
    };
    await client.createTaskPushNotificationConfig(config);
    await approve(task);
    await expect.poll(() => received.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await expect
      .poll(() => received.map(({ body }) => StreamResponse.fromJSON(JSON.parse(body.toString())).payload), {
        timeout: 20_000,
      })
      .toContainEqual(expect.objectContaining({ $case: 'task', value: expect.objectContaining({ id }) }));
    const { request } = received[0] ?? expect.fail('nothing came');
    expect(request.headers).toMatchObject({
      authorization: 'Bearer secret',
      'x-a2a-notification-token': 'my-token',
      'content-type': 'application/a2a+json',
    });
    expect(request.headers['signature-input']).toContain('"content-digest"');
    const { keys } = (await (await fetch(`${gateway.origin}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string; parley_purpose: string }[];
    };
    const key = keys.find(({ parley_purpose: purpose }) => purpose === 'webhooks');
    expect(request.headers['signature-input']).toContain(`keyid="${key?.kid}"`);
  }, 40_000);

  it('E16: are kept, listed and removed, by their agent alone, and every change is in the log', async () => {
    const client = await a2aClient(gateway.origin, agent.key, 'JSONRPC');
    const { id } = await agent.client.submit('human.handoff', { topic: 'Help', message: 'Call', urgency: 'normal' });
    const config = { tenant: '', id: '', taskId: id, url, token: '', authentication: undefined };
    const made = await client.createTaskPushNotificationConfig(config);
    expect(made.id).not.toBe('');
    expect(
      (await client.listTaskPushNotificationConfig({ tenant: '', taskId: id, pageSize: 0, pageToken: '' })).configs,
    ).toHaveLength(1);
    const stranger = signed(await gateway.newAgent());
    expect((await rpc('ListTaskPushNotificationConfigs', { taskId: id }, stranger)).json['error']).toMatchObject({
      code: -32_001,
    });
    await client.deleteTaskPushNotificationConfig({ tenant: '', taskId: id, id: made.id });
    expect(
      (await client.listTaskPushNotificationConfig({ tenant: '', taskId: id, pageSize: 0, pageToken: '' })).configs,
    ).toEqual([]);
    const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
    const leaves = db.prepare('SELECT CAST(leaf AS TEXT) AS leaf FROM records').all();
    db.close();
    const records = leaves.map(({ leaf }) => JSON.parse(String(leaf)) as JsonObject);
    expect(records.filter(({ type, operation }) => type === 'push.set' && operation === id)).toHaveLength(2);
    const registered = records.filter(({ type }) => type === 'registration').map(({ agent: by }) => by);
    expect(registered).toContain(agent.key.keyid);
    // What a peer chose stands in it as a commitment only.
    expect(JSON.stringify(records)).not.toContain(url);
  });

  it.each(['ftp://example.com/x', 'file:///etc/passwd', 'http://user:pass@127.0.0.1/', 'not a url', ''])(
    'are not sent to %j',
    async (bad) => {
      const { id } = await accepted();
      const refused = await rpc('CreateTaskPushNotificationConfig', { taskId: id, id: 'x', url: bad });
      expect(refused.json['error']).toMatchObject({ code: -32_602 });
    },
  );

  it.each(['Bearer\r\nx: y', 'Bad Scheme', ''])('do not let a scheme write header fields: %j', async (scheme) => {
    const { id } = await accepted();
    const refused = await rpc('CreateTaskPushNotificationConfig', {
      taskId: id,
      id: 'x',
      url,
      authentication: { scheme, credentials: 'c' },
    });
    expect(refused.json['error']).toMatchObject({ code: -32_602 });
  });
});

describe('A2A 0.3', () => {
  it('is served: message/send and tasks/get, by hand and by the SDK’s own client', async () => {
    const send = signed();
    const answer = await send(`${gateway.origin}/a2a`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'message/send',
        params: {
          message: {
            kind: 'message',
            messageId: randomUUID(),
            role: 'user',
            parts: [{ kind: 'data', data: { verb: 'submit', action: 'human.handoff', input: { topic: 'Hello' } } }],
          },
        },
      }),
    });
    const { result } = (await answer.json()) as { result: { kind: string; id: string; status: { state: string } } };
    expect(result).toMatchObject({ kind: 'task', status: { state: 'completed' } });
    const legacy = new LegacyJsonRpcTransport({ endpoint: `${gateway.origin}/a2a`, fetchImpl: send });
    const task = await legacy.getTask({ tenant: '', id: result.id });
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  });
});

it('every answer is signed and bound to its request', async () => {
  const { headers } = await rpc('ListTasks', {});
  expect(headers.get('signature-input')).toContain('parley/1-answer');
});
