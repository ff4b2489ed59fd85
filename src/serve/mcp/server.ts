/** One MCP server for one request: made anew each time, holding nothing between requests. */
import {
  type CallToolResult,
  type InputRequiredResult,
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  Server,
  type ServerCapabilities,
  type ServerContext,
  type StandardSchemaV1,
} from '@modelcontextprotocol/server';
import type { Json, JsonObject } from '../../../protocol/base/json.ts';
import type { Contract } from '../../actions/contract.ts';
import { perOffering } from '../../actions/offering.ts';
import { ownerOf } from '../../engine/owner.ts';
import type { World } from '../../engine/world.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import type { Operations } from '../operations.ts';
import { makeCallTool, type ToolCall } from './call.ts';
import { requireTasks } from './declared.ts';
import { makeElicitation } from './elicit.ts';
import { filled, prebuilt } from './prebuilt.ts';
import { operationInUri, publicResource, publicTexts, RESOURCES, TRANSCRIPT, transcriptOf } from './resources.ts';
import { makeTaskIds, TASKS_EXTENSION, taskOf } from './tasks.ts';
import { type Tool, toolsOf } from './tools.ts';

export interface McpDeps {
  readonly world: World;
  readonly contract: Contract;
  readonly operations: Operations;
  readonly version: string;
}

const LIST_TTL_MS = 300_000;

export interface ServerFactory {
  (caller: Caller | undefined): Server;
  /** An answer of such a server to this body, whole. */
  filled(body: Json | undefined, answer: Uint8Array): Uint8Array;
}

/** What a server answers with. */
export interface McpHandlers {
  readonly capabilities: ServerCapabilities;
  readonly tools: ListToolsResult['tools'];
  readonly resources: ListResourcesResult['resources'];
  readonly templates: ListResourceTemplatesResult['resourceTemplates'];
  /** Whether a `requestState` that comes back was sealed here; throws when not. */
  verifyState(state: string, ctx: ServerContext): unknown;
  /** A tool's result, a task (SEP-2663) or a question (MRTR). */
  callTool(call: ToolCall, ctx: ServerContext): Promise<object>;
  readResource(uri: string): Promise<ReadResourceResult>;
  task(verb: TaskVerb, params: JsonObject, ctx: ServerContext): Promise<JsonObject>;
}

export type TaskVerb = 'get' | 'update' | 'cancel';

/** `decorate`: what the conformance profile serves before our own handlers; without it there are only those. */
export function makeServerFactory(
  deps: McpDeps,
  decorate?: (own: McpHandlers, server: Server) => McpHandlers,
): ServerFactory {
  const { contract, world, version } = deps;
  const { company } = world.settings;
  const current = perOffering(contract, () => {
    const tools = toolsOf(contract);
    const shown = shownTools(tools);
    return {
      handlersFor: makeHandlers(deps, { tools, shown }),
      schemas: new Map(tools.map(({ name, outputSchema }) => [name, outputSchema])),
      built: prebuilt(shown, publicTexts(contract, world.settings)),
    };
  });

  const make = (caller: Caller | undefined) => {
    const { handlersFor, schemas } = current();
    const own = handlersFor(caller);
    const server: Server = new Server(
      { name: 'parley', title: `${company}: actions for customers’ agents`, version },
      {
        instructions: instructions(company),
        requestState: { verify: (state, ctx) => handlers.verifyState(state, ctx) },
        cacheHints: {
          'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
          'resources/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
          'resources/templates/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
          'server/discover': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
        },
      },
    );
    const handlers = decorate?.(own, server) ?? withoutPrebuilt(own);
    server.registerCapabilities(handlers.capabilities);
    server.setRequestHandler('tools/list', () => ({ tools: handlers.tools }));
    server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const args = (params.arguments ?? {}) as JsonObject;
      const result = await handlers.callTool({ name: params.name, args }, ctx);
      // A task or a question is a result of this method too (SEP-2663, MRTR), which the SDK's type does not say of tasks.
      return isComplete(result)
        ? server.projectCallToolResult(result, schemas.get(params.name))
        : (result as InputRequiredResult);
    });
    server.setRequestHandler('resources/list', () => ({ resources: handlers.resources }));
    server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: handlers.templates }));
    server.setRequestHandler('resources/read', ({ params: { uri } }) => handlers.readResource(uri));
    for (const verb of ['get', 'update', 'cancel'] as const) {
      server.setRequestHandler(`tasks/${verb}`, { params: anyObject }, async (params, ctx) => {
        requireTasks(ctx);
        return handlers.task(verb, params, ctx);
      });
    }
    return server;
  };
  return Object.assign(make, {
    filled: (body: Json | undefined, answer: Uint8Array) =>
      decorate === undefined ? filled(body, answer, current().built) : answer,
  });
}

/** Our own definitions, in the SDK's mutable type. */
function shownTools(tools: readonly Tool[]): ListToolsResult['tools'] {
  return tools.map(({ meaning: _meaning, example: _example, ...tool }) => tool) as unknown as ListToolsResult['tools'];
}

function withoutPrebuilt(own: McpHandlers): McpHandlers {
  const isPublic = (uri: string) => RESOURCES.some((each) => each.uri === uri);
  return {
    ...own,
    tools: [],
    readResource: async (uri) =>
      isPublic(uri) ? { contents: [{ uri, mimeType: mimeTypeOf(uri), text: '' }] } : own.readResource(uri),
  };
}

const mimeTypeOf = (uri: string): string => RESOURCES.find((each) => each.uri === uri)?.mimeType ?? TRANSCRIPT.mimeType;

interface Offered {
  readonly tools: readonly Tool[];
  readonly shown: ListToolsResult['tools'];
}

function makeHandlers({ world, contract, operations }: McpDeps, { tools: listed, shown }: Offered) {
  const { settings, store, ids, clock } = world;
  const elicitation = makeElicitation(world.keys);
  const taskIds = makeTaskIds(world.keys);
  const tools = new Map(listed.map((tool) => [tool.name, tool]));
  const callTool = makeCallTool({
    tools,
    actions: () => contract.definitions,
    operations,
    elicitation,
    taskIds,
    store,
    ids,
    clock,
  });

  return (caller: Caller | undefined): McpHandlers => ({
    capabilities: { tools: {}, resources: {}, extensions: { [TASKS_EXTENSION]: {} } },
    tools: shown,
    resources: RESOURCES.map((each) => ({ ...each })),
    templates: [{ ...TRANSCRIPT }],
    verifyState: elicitation.verify,
    callTool: (call, ctx) => callTool(call, proven(caller), ctx),

    async readResource(uri) {
      const open = publicResource(uri, contract, settings);
      const mimeType = mimeTypeOf(uri);
      if (open !== undefined) return { contents: [{ uri, mimeType, text: open }] };
      const id = operationInUri(uri);
      const transcript = id === undefined ? undefined : transcriptOf(await operations.read(proven(caller), id));
      if (transcript?.ok !== true)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri });
      return { contents: [{ uri, mimeType, text: transcript.value }] };
    },

    async task(verb, params) {
      const by = proven(caller);
      const id = taskIds.read(params['taskId'], ownerOf(by));
      if (id === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Task not found');
      if (verb === 'cancel') return cancelTask(by, id.operation);
      const operation = await operations.read(by, id.operation);
      if (!operation.ok) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Task not found');
      // No task of ours ever waits for the client's input: what comes is for a request that was never made, and is ignored.
      if (verb === 'update') return { resultType: 'complete' };
      return { resultType: 'complete', ...taskOf(operation.value, id.since, taskIds.write(id, ownerOf(by))) };
    },
  });

  async function cancelTask(caller: Caller, operation: string): Promise<JsonObject> {
    if (!operations.own(caller, operation).ok)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Task not found');
    // Cooperative: what a person or the policy has authorised is not stopped.
    await operations.ask(caller, {
      verb: 'withdraw',
      target: operation,
      key: `mcp-cancel-${operation}`,
      body: {},
    });
    return { resultType: 'complete' };
  }
}

/** Any object: what the handlers need of it they check themselves. */
const anyObject: StandardSchemaV1<unknown, JsonObject> = {
  '~standard': {
    version: 1,
    vendor: 'parley',
    validate: (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? { value: value as JsonObject }
        : { issues: [{ message: 'must be an object' }] },
  },
};

function isComplete(result: object): result is CallToolResult {
  return 'content' in result;
}

/** Callers without proof are turned away before a server is made for them (see app.ts). */
function proven(caller: Caller | undefined): Caller {
  if (caller === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, 'The caller is not proven.');
  return caller;
}

function instructions(company: string): string {
  return `You act here for a customer of ${company}; the other side is an AI system that acts on behalf of ${company}. Ask for an action with its tool; actions_read tells all that a tool takes. Every \`idempotency_key\` is yours: random, 20 characters or more, new for each request, the same to send one again. \`mandate\` is your principal’s permission (SD-JWT with key binding, its nonce the idempotency_key); \`language\` (en, de) is taken with every request. Little is done at once: wait with operation_read and wait_seconds, again until it is your turn or the operation has ended. When an offer comes, only its \`terms\` count. A person at the company may have to sign off before anything is written; that may take hours. Ask for a person whenever you or your principal want one: operation_handoff, or human_handoff before there is an operation.`;
}
