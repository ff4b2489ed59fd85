/** One renewal, spoken through every binding with that binding's own client: each is the same five moves. */
import { Role, type Task, TaskState } from '@a2a-js/sdk';
import {
  type Client as A2aClient,
  ClientFactory,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';
import { Client as McpClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Task as LegacyTask } from 'a2a-js-sdk-03';
import {
  ClientFactory as LegacyA2aFactory,
  ClientFactoryOptions as LegacyA2aOptions,
  JsonRpcTransportFactory as LegacyRpcFactory,
} from 'a2a-js-sdk-03/client';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import type { ReceiptFile } from '../../protocol/receipt/receipt.ts';
import { type AgentKey, makeSignedFetch } from '../../src/client/index.ts';

/** What a refused move leaves: the code of the problem, however the binding carries it. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string, words: string) {
    super(`${code}: ${words}`);
    this.code = code;
  }
}

export interface Driver {
  readonly name: string;
  submit(key: string, action: string, body: JsonObject): Promise<OperationView>;
  verb(
    key: string,
    verb: 'offers' | 'accept' | 'withdraw' | 'handoff',
    operation: string,
    body: JsonObject,
  ): Promise<OperationView>;
  read(operation: string): Promise<OperationView>;
  receipt(operation: string): Promise<ReceiptFile>;
  close(): Promise<void>;
}

type Open = (origin: string, key: AgentKey) => Promise<Driver>;

const codeOf = (problem: unknown): string => String(problem).split(':').at(-1) ?? '';

/** Signed HTTP, by hand: no client library of ours between. */
export const nativeDriver: Open = async (origin, key) => {
  const { fetch } = makeSignedFetch({ gateway: origin, key });
  const ask = async (path: string, idempotencyKey?: string, body?: JsonObject): Promise<JsonObject> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': `"${idempotencyKey}"` };
    const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await fetch(`${origin}${path}`, init);
    const json = (await answer.json()) as JsonObject;
    if (!answer.ok) throw new Refused(codeOf(json['type']), String(json['detail']));
    return json;
  };
  const view = (json: JsonObject) => json as unknown as OperationView;
  return {
    name: 'native',
    submit: async (idempotency, action, body) => view(await ask(`/actions/${action}`, idempotency, body)),
    verb: async (idempotency, verb, operation, body) =>
      view(await ask(`/operations/${operation}/${verb}`, idempotency, body)),
    read: async (operation) => view(await ask(`/operations/${operation}`)),
    receipt: async (operation) => (await ask(`/operations/${operation}/receipt`)) as unknown as ReceiptFile,
    close: async () => undefined,
  };
};

interface ToolResult {
  readonly isError?: boolean | undefined;
  readonly structuredContent?: unknown;
  readonly content?: unknown;
  readonly _meta?: { readonly [name: string]: unknown } | undefined;
}
type CallTool = (name: string, args: Record<string, unknown>) => Promise<ToolResult>;

const TOOL = {
  offers: 'offer_counter',
  accept: 'offer_accept',
  withdraw: 'operation_withdraw',
  handoff: 'operation_handoff',
};

function mcpDriver(name: string, callTool: CallTool, close: () => Promise<void>): Driver {
  const call = async (tool: string, args: Record<string, unknown>): Promise<unknown> => {
    const result = await callTool(tool, args);
    if (result.isError === true) {
      const problem = result._meta?.['urn:parley:problem'];
      const type = typeof problem === 'object' && problem !== null && 'type' in problem ? problem.type : 'unknown';
      throw new Refused(codeOf(type), JSON.stringify(result.content));
    }
    return result.structuredContent;
  };
  const view = async (tool: string, args: Record<string, unknown>) => (await call(tool, args)) as OperationView;
  return {
    name,
    submit: (key, action, body) => view(action.replaceAll('.', '_'), { idempotency_key: key, ...body }),
    verb: (key, verb, operation, body) => view(TOOL[verb], { idempotency_key: key, operation, ...body }),
    read: (operation) => view('operation_read', { operation }),
    receipt: async (operation) => (await call('receipt_read', { operation })) as ReceiptFile,
    close,
  };
}

/** The official client of the current line, at 2026-07-28. */
export const modernMcpDriver: Open = async (origin, key) => {
  const { fetch } = makeSignedFetch({ gateway: origin, key });
  const client = new McpClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', origin), { fetch }));
  return mcpDriver(
    'mcp',
    (name, args) => client.callTool({ name, arguments: args }),
    () => client.close(),
  );
};

/** The older line of the official client: revisions up to 2025-11-25. */
export const legacyMcpDriver: Open = async (origin, key) => {
  const { fetch } = makeSignedFetch({ gateway: origin, key });
  const client = new LegacyClient({ name: 'test', version: '1' });
  await client.connect(
    new LegacyTransport(new URL('/mcp', origin), { fetch }) as Parameters<LegacyClient['connect']>[0],
  );
  const callTool: CallTool = async (name, args) => (await client.callTool({ name, arguments: args })) as ToolResult;
  return mcpDriver('mcp-legacy', callTool, () => client.close());
};

export async function a2aClient(origin: string, key: AgentKey, transport: 'JSONRPC' | 'HTTP+JSON'): Promise<A2aClient> {
  const { fetch } = makeSignedFetch({ gateway: origin, key });
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl: fetch }), new RestTransportFactory({ fetchImpl: fetch })],
    preferredTransports: [transport],
  });
  return factory.createFromUrl(origin);
}

export function a2aMessage(messageId: string, taskId: string, value: JsonObject) {
  const part = {
    content: { $case: 'data' as const, value },
    metadata: undefined,
    filename: '',
    mediaType: 'application/json',
  };
  return {
    tenant: '',
    message: {
      messageId,
      contextId: '',
      taskId,
      role: Role.ROLE_USER,
      parts: [part],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    configuration: undefined,
    metadata: undefined,
  };
}

/** The ErrorInfo's metadata, which the two transports of the client keep in different places. */
function problemIn(error: unknown): unknown {
  const { metadata, data } = error as { metadata?: { problem?: string }; data?: { metadata?: { problem?: string } }[] };
  return metadata?.problem ?? data?.[0]?.metadata?.problem ?? error;
}

const a2aDriver =
  (transport: 'JSONRPC' | 'HTTP+JSON'): Open =>
  async (origin, key) => {
    const client = await a2aClient(origin, key, transport);
    const told = async <T>(asked: Promise<T>): Promise<T> => {
      try {
        return await asked;
      } catch (error) {
        const problem = problemIn(error);
        throw new Refused(codeOf(problem), String(error));
      }
    };
    const send = async (messageId: string, taskId: string, value: JsonObject) => {
      const sent = await told(client.sendMessage(a2aMessage(messageId, taskId, value)));
      if (!('status' in sent)) throw new Error('a message, not a task');
      return viewIn(sent);
    };
    return {
      name: `a2a ${transport}`,
      submit: (messageId, action, body) => send(messageId, '', { verb: 'submit', action, ...body }),
      verb: (messageId, verb, operation, body) => send(messageId, operation, { verb, ...body }),
      read: async (id) => viewIn(await told(client.getTask({ tenant: '', id }))),
      async receipt(id) {
        const task = await told(client.getTask({ tenant: '', id }));
        const receipt = task.artifacts.find(({ artifactId }) => artifactId === 'receipt')?.parts[0]?.content?.value;
        return { receipt: String(receipt?.receipt), proof: null, keys: { keys: [] } };
      },
      close: async () => undefined,
    };
  };

export const rpcDriver = a2aDriver('JSONRPC');
export const restDriver = a2aDriver('HTTP+JSON');

/** The client that agents of A2A 0.3 in the field are built on (gemini-cli, ADK, the AI SDK's provider). */
export const legacyA2aDriver: Open = async (origin, key) => {
  const { fetch } = makeSignedFetch({ gateway: origin, key });
  const transports = [new LegacyRpcFactory({ fetchImpl: fetch })];
  const client = await new LegacyA2aFactory({ ...LegacyA2aOptions.default, transports }).createFromUrl(origin);
  const told = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (error) {
      // This client puts what it was told into the words of its error.
      const [problem] = /urn:parley:problem:[a-z-]+/.exec(String(error)) ?? [String(error)];
      throw new Refused(codeOf(problem), String(error));
    }
  };
  const view = (task: LegacyTask): OperationView => {
    const part = task.status.message?.parts.find(({ kind }) => kind === 'data');
    if (part?.kind !== 'data') throw new Error('the status carries no operation');
    const seen = part.data as unknown as OperationView;
    if ((task.status.state === 'completed') !== (seen.state === 'completed'))
      throw new Error(`the task is ${task.status.state}, the operation ${seen.state}`);
    return seen;
  };
  const send = async (messageId: string, taskId: string | undefined, data: JsonObject) => {
    const message = { kind: 'message', messageId, role: 'user', parts: [{ kind: 'data', data }] } as const;
    const params = { message: { ...message, parts: [...message.parts], ...(taskId === undefined ? {} : { taskId }) } };
    const sent = await told(client.sendMessage(params));
    if (sent.kind !== 'task') throw new Error('a message, not a task');
    return view(sent);
  };
  return {
    name: 'a2a 0.3',
    submit: (messageId, action, body) => send(messageId, undefined, { verb: 'submit', action, ...body }),
    verb: (messageId, verb, operation, body) => send(messageId, operation, { verb, ...body }),
    read: async (id) => view(await told(client.getTask({ id }))),
    async receipt(id) {
      const { artifacts = [] } = await told(client.getTask({ id }));
      const [part] = artifacts.find(({ artifactId }) => artifactId === 'receipt')?.parts ?? [];
      const receipt = part?.kind === 'data' ? part.data['receipt'] : undefined;
      return { receipt: String(receipt), proof: null, keys: { keys: [] } };
    },
    close: async () => undefined,
  };
};

/** The operation as the task's status carries it; the task's own state must say the same. */
export function viewIn(task: Task): OperationView {
  const part = task.status?.message?.parts.find(({ content }) => content?.$case === 'data');
  const view = part?.content?.value as OperationView;
  const ended = task.status?.state === TaskState.TASK_STATE_COMPLETED;
  if (ended !== (view.state === 'completed'))
    throw new Error(`the task is ${task.status?.state}, the operation ${view.state}`);
  return view;
}
