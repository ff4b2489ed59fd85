/** The conformance profile: where it refuses to start, what it opens and what it does not, and the A2A executor by the SDK's own client. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { type Task, TaskState } from '@a2a-js/sdk';
import { type Client, ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client';
import { Client as McpClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Config, ConfigError } from '../../src/config/config.ts';
import { conformanceProfile } from '../../src/conformance/profile.ts';
import { makeIds, systemClock } from '../../src/platform/world-sources.ts';
import { a2aMessage } from '../support/drivers.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

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
    ['a real CRM', { crm: { adapter: 'salesforce', origin: 'http://127.0.0.1:1', concurrency: 1 } }],
  ])('does not start at %s', (_what, change) => {
    expect(() => profileOf(change)).toThrow(ConfigError);
  });

  it('has one name', async () => {
    const started = promisify(execFile)(process.execPath, ['src/cli/main.ts', 'start', 'x.json', '--profile', 'open']);
    await expect(started).rejects.toMatchObject({ code: 78 });
  });

  it('lets anyone in as somebody who commits to nothing, through the gateway’s own checks', async () => {
    const before = gateway.operations();
    const mcp = new McpClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await mcp.connect(new StreamableHTTPClientTransport(new URL('/mcp', gateway.origin)));
    expect(await mcp.callTool({ name: 'test_simple_text', arguments: {} })).toMatchObject({
      content: [{ text: 'This is a simple text response for testing.' }],
    });
    const renewal = { idempotency_key: randomUUID(), input: { contract: 'K-1001' } };
    expect((await mcp.callTool({ name: 'contract_renew', arguments: renewal })).isError).toBe(true);
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

const send = (messageId: string, taskId = '', by = client) =>
  by.sendMessage(a2aMessage(`${messageId}-${randomUUID()}`, taskId, { words: 'hello' }));

async function taskOf(messageId: string, taskId = '', by = client): Promise<Task> {
  const answer = await send(messageId, taskId, by);
  if (!('artifacts' in answer)) throw new Error('a message, where a task was expected');
  return answer;
}

describe('the A2A executor', () => {
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

  it('completes, rejects, answers with a message, and waits for input', async () => {
    expect((await taskOf('tck-complete-task')).status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect((await taskOf('tck-reject-task')).status?.state).toBe(TaskState.TASK_STATE_REJECTED);
    expect(await send('tck-message-response')).toMatchObject({ messageId: expect.any(String) });
    const waiting = await taskOf('tck-input-required');
    expect(waiting.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    const done = await taskOf('tck-complete-task', waiting.id);
    expect([done.id, done.status?.state]).toEqual([waiting.id, TaskState.TASK_STATE_COMPLETED]);
    await expect(send('tck-complete-task', waiting.id)).rejects.toThrow();
    await expect(client.cancelTask({ tenant: '', id: waiting.id, metadata: undefined })).rejects.toThrow();
  });

  it('streams, and takes back who was cut off', async () => {
    const kinds: string[] = [];
    for await (const { payload } of client.sendMessageStream(a2aMessage(`tck-stream-001-${randomUUID()}`, '', {})))
      kinds.push(payload?.$case ?? '');
    expect(kinds).toEqual(['task', 'statusUpdate', 'artifactUpdate', 'statusUpdate']);
    const stream = client.sendMessageStream(a2aMessage(`test-resubscribe-message-id-${randomUUID()}`, '', {}));
    const first = await stream.next();
    await stream.return(undefined);
    const id = first.value?.payload?.$case === 'task' ? first.value.payload.value.id : '';
    const states: (TaskState | undefined)[] = [];
    for await (const { payload } of client.resubscribeTask({ tenant: '', id }))
      if (payload?.$case === 'statusUpdate') states.push(payload.value.status?.state);
    expect(states.at(-1)).toBe(TaskState.TASK_STATE_COMPLETED);
  }, 30_000);

  it('leaves everything else to the gateway', async () => {
    const answer = await client.sendMessage(a2aMessage(randomUUID(), '', { verb: 'fly' })).catch(String);
    expect(answer).toContain('verb');
    await expect(client.getTask({ tenant: '', id: 'unknown' })).rejects.toThrow();
  });
});
