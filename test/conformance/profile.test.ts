/** The conformance profile: where it refuses to start, what it opens and what it does not, and what it makes of the suites’ words, by the SDK's own client. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Role, type Task, TaskState } from '@a2a-js/sdk';
import { type Client, ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import { Client as McpClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { type Config, ConfigError } from '../../src/config/config.ts';
import { makeIds, systemClock } from '../../src/platform/world-sources.ts';
import { messageOf, textPart } from '../../src/serve/a2a/parts.ts';
import { a2aMessage } from '../support/drivers.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { makeA2aFixtures } from './profile/a2a.ts';
import { conformanceProfile } from './profile/profile.ts';

let gateway: TestGateway;
let client: Client;

const clientOf = (transport: 'JSONRPC' | 'HTTP+JSON') =>
  new ClientFactory({
    transports: [new JsonRpcTransportFactory(), new RestTransportFactory()],
    preferredTransports: [transport],
  }).createFromUrl(gateway.origin);

beforeAll(async () => {
  gateway = await startTestGateway({ conformance: true });
  client = await clientOf('JSONRPC');
}, 60_000);
afterAll(() => gateway.stop());

describe('the profile', () => {
  const profileOf = (change: object) =>
    conformanceProfile({ ...gateway.config, ...change } as Config, systemClock, makeIds(systemClock));

  it.each([
    ['another origin', { origin: 'https://parley.example' }],
    ['an address that others reach', { listen: { host: '0.0.0.0', port: 8080 } }],
    ['a CRM elsewhere', { crm: { adapter: 'sandbox', origin: 'https://crm.example', concurrency: 1 } }],
    ['nothing to talk about', { negotiation: {} }],
    ['nobody to speak for', { issuers: [] }],
    ['a real CRM', { crm: { adapter: 'salesforce', origin: 'http://127.0.0.1:1', concurrency: 1 } }],
  ])('does not start at %s', (_what, change) => {
    expect(() => profileOf(change)).toThrow(ConfigError);
  });

  it('lets anyone in as somebody who commits to nothing, through the gateway’s own checks', async () => {
    const before = gateway.operations();
    const mcp = new McpClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await mcp.connect(new StreamableHTTPClientTransport(new URL('/mcp', gateway.origin)));
    expect(await mcp.callTool({ name: 'test_simple_text', arguments: {} })).toMatchObject({
      content: [{ text: 'This is a simple text response for testing.' }],
    });
    const cancel = { idempotency_key: randomUUID(), input: { contract: 'K-1001' } };
    expect((await mcp.callTool({ name: 'contract_cancel', arguments: cancel })).isError).toBe(true);
    await mcp.close();
    expect(gateway.operations()).toBe(before);
    const headers = {
      'content-type': 'application/json',
      'signature-input': 'x=("@method");tag="parley/1"',
      signature: 'x=:AA==:',
    };
    for (const path of ['/mcp', '/a2a'])
      expect((await fetch(`${gateway.origin}${path}`, { method: 'POST', headers, body: '{}' })).status).toBe(401);
  });
});

it.each([
  ['test_elicitation', { message: 'Who are you?' }, 'elicitation/create'],
  ['test_sampling', { prompt: 'Hello' }, 'sampling/createMessage'],
])(
  '%s asks on the call’s own stream: the client may have no other yet',
  async (name, args, asked) => {
    const post = (body: object, session?: string) =>
      fetch(`${gateway.origin}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }),
        },
        body: JSON.stringify({ jsonrpc: '2.0', ...body }),
      });
    const capabilities = { elicitation: {}, sampling: {} };
    const hello = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } };
    const begun = await post({ id: 1, method: 'initialize', params: hello });
    await begun.text();
    const session = begun.headers.get('mcp-session-id') ?? expect.fail('no session');
    await post({ method: 'notifications/initialized' }, session);
    const called = await post({ id: 2, method: 'tools/call', params: { name, arguments: args } }, session);
    let text = '';
    for await (const chunk of called.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes('"method"')) break;
    }
    expect(text).toContain(asked);
  },
  20_000,
);

/** As the suite sends them: in words, under one name for many. */
const words = (messageId: string, taskId = '') => ({
  ...a2aMessage(messageId, taskId, {}),
  message: messageOf({
    messageId,
    taskId,
    contextId: '',
    role: Role.ROLE_USER,
    parts: [textPart('Hello from the suite')],
  }),
});

const send = (messageId: string, taskId = '', by = client) => by.sendMessage(words(messageId, taskId));

async function taskOf(messageId: string, taskId = '', by = client): Promise<Task> {
  const answer = await send(messageId, taskId, by);
  if (!('artifacts' in answer)) throw new Error('a message, where a task was expected');
  return answer;
}

describe('the A2A suite’s words', () => {
  it.each([
    ['text', 'text'],
    ['file', 'raw'],
    ['file-url', 'url'],
    ['data', 'data'],
  ])('tck-artifact-%s', async (kind, part) => {
    for (const transport of ['JSONRPC', 'HTTP+JSON'] as const) {
      const task = await taskOf(`tck-artifact-${kind}`, '', await clientOf(transport));
      expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
      expect(task.artifacts[0]?.parts[0]?.content?.$case).toBe(part);
    }
  });

  it('complete, reject, answer with a message, and wait for input', async () => {
    expect((await taskOf('tck-complete-task')).status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect((await taskOf('tck-reject-task')).status?.state).toBe(TaskState.TASK_STATE_REJECTED);
    expect(await send('tck-message-response')).toMatchObject({
      messageId: expect.any(String),
      parts: [{ content: { value: 'Direct message response' } }, {}, {}],
    });
    const waiting = await taskOf('tck-input-required');
    expect(waiting.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    const done = await taskOf('tck-complete-task', waiting.id);
    expect([done.id, done.status?.state]).toEqual([waiting.id, TaskState.TASK_STATE_CANCELED]);
    await expect(send('tck-complete-task', waiting.id)).rejects.toThrow();
  });

  it('stream, in pieces too, and take back who was cut off', async () => {
    const kinds: string[] = [];
    const chunked = words('tck-stream-artifact-chunked');
    for await (const { payload } of client.sendMessageStream(chunked)) kinds.push(payload?.$case ?? '');
    expect(kinds[0]).toBe('task');
    expect(kinds.filter((each) => each === 'artifactUpdate').length).toBeGreaterThanOrEqual(4);
    expect(kinds.at(-1)).toBe('statusUpdate');
    const stream = client.sendMessageStream(words('test-resubscribe-message-id'));
    const first = await stream.next();
    await stream.return(undefined);
    const id = first.value?.payload?.$case === 'task' ? first.value.payload.value.id : '';
    expect(await lastState(id, () => send('tck-complete-task', id))).toBe(TaskState.TASK_STATE_CANCELED);
  }, 30_000);

  it('leave everything else to the gateway', async () => {
    const answer = await client.sendMessage(a2aMessage(randomUUID(), '', { verb: 'fly' })).catch(String);
    expect(answer).toContain('verb');
    await expect(client.getTask({ tenant: '', id: 'unknown' })).rejects.toThrow();
  });
});

/** Of a stream that is subscribed to before `then` happens, once it is the agent's turn. */
async function lastState(id: string, then: () => Promise<unknown>, by = client): Promise<TaskState | undefined> {
  const states: (TaskState | undefined)[] = [];
  for await (const { payload } of by.resubscribeTask({ tenant: '', id })) {
    if (payload?.$case !== 'task' && payload?.$case !== 'statusUpdate') continue;
    states.push(payload.value.status?.state);
    if (states.at(-1) === TaskState.TASK_STATE_INPUT_REQUIRED) await then();
  }
  return states.at(-1);
}

describe('D17: the gateway answers the suites, not its profile', () => {
  it('D17: a task of the A2A suite’s is an operation, with its history, its receipt and its place in the list', async () => {
    const [done, waiting] = [await taskOf('tck-complete-task'), await taskOf('tck-input-required')];
    expect(gateway.operation(done.id)).toMatchObject({ state: 'completed', receipt: expect.any(String) });
    expect(gateway.operation(waiting.id)).toMatchObject({ state: 'negotiating', action: 'contract.renew' });
    const { tasks } = await client.listTasks({
      tenant: '',
      contextId: '',
      status: TaskState.TASK_STATE_UNSPECIFIED,
      pageSize: 10,
      pageToken: '',
      historyLength: undefined,
      statusTimestampAfter: undefined,
      includeArtifacts: false,
    });
    expect(tasks.map(({ id }) => id)).toEqual(expect.arrayContaining([done.id, waiting.id]));
    expect((await client.cancelTask({ tenant: '', id: waiting.id, metadata: undefined })).status?.state).toBe(
      TaskState.TASK_STATE_CANCELED,
    );
    expect(gateway.operation(waiting.id).state).toBe('withdrawn');
    expect(await send('tck-multi-004', 'tck-nonexistent').catch(String)).toContain('no such thing');
  });

  it.each(['JSONRPC', 'HTTP+JSON'] as const)(
    'D17: over %s a subscription at INPUT_REQUIRED stays open and tells the end',
    async (transport) => {
      const by = await clientOf(transport);
      const { id } = await taskOf('tck-input-required', '', by);
      expect(await lastState(id, () => send('tck-complete-task', id, by), by)).toBe(TaskState.TASK_STATE_CANCELED);
      await expect(by.resubscribeTask({ tenant: '', id }).next()).rejects.toThrow();
    },
    30_000,
  );

  it.each(['JSONRPC', 'HTTP+JSON'] as const)(
    'D17: over %s push configurations are made, read, listed, removed, removed again, and sent to',
    async (transport) => {
      const by = await clientOf(transport);
      const news: JsonObject[] = [];
      const receiver = createServer(async (request, response) => {
        news.push({ authorization: request.headers.authorization ?? '', body: (await json(request)) as JsonObject });
        response.writeHead(204).end();
      }).listen(0, '127.0.0.1');
      await once(receiver, 'listening');
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/news`;
      const { id: taskId } = await taskOf('tck-input-required', '', by);
      const of = { tenant: '', taskId };
      const authentication = { scheme: 'Bearer', credentials: 'tck' };
      const made = await by.createTaskPushNotificationConfig({ ...of, id: 'p', url, token: '', authentication });
      expect(made).toMatchObject({ id: 'p', url });
      expect(gateway.operation(taskId).pushes).toEqual([{ id: 'p', url, authentication }]);
      expect(await by.getTaskPushNotificationConfig({ ...of, id: 'p' })).toMatchObject({ url });
      const listed = () => by.listTaskPushNotificationConfig({ ...of, pageSize: 0, pageToken: '' });
      expect((await listed()).configs).toHaveLength(1);
      await taskOf('tck-complete-task', taskId, by);
      await expect.poll(() => news, { timeout: 20_000 }).not.toHaveLength(0);
      expect(news[0]).toMatchObject({ authorization: 'Bearer tck', body: { task: { id: taskId } } });
      for (const _time of [1, 2]) await by.deleteTaskPushNotificationConfig({ ...of, id: 'p' });
      expect((await listed()).configs).toEqual([]);
      await expect(by.getTaskPushNotificationConfig({ ...of, id: 'p' })).rejects.toThrow();
      receiver.close();
    },
    40_000,
  );

  it('D17: where the gateway has no answer, neither has the profile', async () => {
    const silent = new Proxy({} as A2ARequestHandler, {
      ownKeys: () => METHODS,
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
      get: () => () => {
        throw new Error('the gateway was asked');
      },
    });
    const dressed = makeA2aFixtures(makeIds(systemClock))(silent);
    const prefixes = [
      'complete-task',
      'artifact-text',
      'input-required',
      'reject-task',
      'message-response',
      'stream-1',
    ];
    for (const method of METHODS)
      for (const prefix of prefixes) {
        const asked = words(`tck-${prefix}`);
        // Reading one value of what answers with a stream is what asks for it.
        const answered = async () => {
          const made: unknown = await Reflect.apply(dressed[method] as () => unknown, dressed, [asked, undefined]);
          return typeof made === 'object' && made !== null && 'next' in made ? (made as AsyncGenerator).next() : made;
        };
        await expect(answered(), `${method} ${prefix}`).rejects.toThrow('the gateway was asked');
      }
  });

  it('D17: the MCP suite is shown every tool, resource and instruction of the gateway’s, as they are', async () => {
    const plain = await startTestGateway();
    const seen = await Promise.all(
      [gateway, plain].map(async ({ origin }) => {
        const mcp = new McpClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
        await mcp.connect(new StreamableHTTPClientTransport(new URL('/mcp', origin)));
        const [{ tools }, { resources }] = [await mcp.listTools(), await mcp.listResources()];
        const texts = await Promise.all(['parley://actions'].map((uri) => mcp.readResource({ uri })));
        await mcp.close();
        return { tools, resources, texts, instructions: mcp.getInstructions() };
      }),
    );
    await plain.stop();
    const [profiled, own] = seen as [(typeof seen)[0], (typeof seen)[0]];
    expect(profiled.tools).toEqual(expect.arrayContaining(own.tools));
    expect(profiled.resources).toEqual(expect.arrayContaining(own.resources));
    expect(profiled.texts).toEqual(own.texts);
    expect(profiled.instructions).toBe(own.instructions);
  }, 30_000);
});

const METHODS: (keyof A2ARequestHandler)[] = [
  'sendMessage',
  'sendMessageStream',
  'getTask',
  'cancelTask',
  'listTasks',
  'resubscribe',
  'createTaskPushNotificationConfig',
  'getTaskPushNotificationConfig',
  'listTaskPushNotificationConfigs',
  'deleteTaskPushNotificationConfig',
  'getAgentCard',
  'getAuthenticatedExtendedAgentCard',
];
