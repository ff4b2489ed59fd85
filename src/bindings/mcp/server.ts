/** One MCP server for one request: made anew each time, holding nothing between requests. */
import {
  type CallToolResult,
  type InputRequiredResult,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
  type StandardSchemaV1,
} from '@modelcontextprotocol/server';
import type { JsonObject } from '../../../protocol/json.ts';
import type { Contract } from '../../contract/contract.ts';
import type { World } from '../../engine/world.ts';
import type { Caller } from '../../identity/authenticate.ts';
import type { Operations } from '../operations.ts';
import { makeCallTool } from './call.ts';
import { declaredBy } from './declared.ts';
import { makeElicitation } from './elicit.ts';
import { operationInUri, publicResource, RESOURCES, TRANSCRIPT, transcriptOf } from './resources.ts';
import { parseTaskId, TASKS_EXTENSION, type TaskId, taskOf } from './tasks.ts';
import { toolsOf } from './tools.ts';

export interface McpDeps {
  readonly world: World;
  readonly contract: Contract;
  readonly operations: Operations;
  readonly version: string;
}

const LIST_TTL_MS = 300_000;

export type ServerFactory = (caller: Caller | undefined) => Server;

export function makeServerFactory({ world, contract, operations, version }: McpDeps): ServerFactory {
  const { settings, store, ids, clock } = world;
  const listed = toolsOf(contract);
  const tools = new Map(listed.map((tool) => [tool.name, tool]));
  const elicitation = makeElicitation(world.keys);
  const callTool = makeCallTool({ tools, operations, elicitation, store, ids, clock });
  // Our own definitions, in the SDK's mutable type.
  const shown = listed.map(({ meaning: _meaning, ...tool }) => tool) as unknown as ListToolsResult['tools'];

  return (caller) => {
    const server = new Server(
      { name: 'parley', title: `${settings.company}: actions for customers’ agents`, version },
      {
        capabilities: { tools: {}, resources: {}, extensions: { [TASKS_EXTENSION]: {} } },
        instructions: instructions(settings.company),
        requestState: { verify: elicitation.verify },
        cacheHints: {
          'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
          'resources/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
          'resources/templates/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
          'server/discover': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
        },
      },
    );
    server.setRequestHandler('tools/list', () => ({ tools: shown }));
    server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const args = (params.arguments ?? {}) as JsonObject;
      const result = await callTool({ name: params.name, args }, proven(caller), ctx);
      const outputSchema = tools.get(params.name)?.outputSchema;
      // A task or a question is a result of this method too (SEP-2663, MRTR), which the SDK's type does not say of tasks.
      return isComplete(result) ? server.projectCallToolResult(result, outputSchema) : (result as InputRequiredResult);
    });
    serveResources(server, caller);
    serveTasks(server, caller);
    return server;
  };

  function serveResources(server: Server, caller: Caller | undefined): void {
    server.setRequestHandler('resources/list', () => ({ resources: RESOURCES.map((each) => ({ ...each })) }));
    server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [{ ...TRANSCRIPT }] }));
    server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
      const open = publicResource(uri, contract, settings);
      const mimeType = RESOURCES.find((each) => each.uri === uri)?.mimeType ?? TRANSCRIPT.mimeType;
      if (open !== undefined) return { contents: [{ uri, mimeType, text: open }] };
      const id = operationInUri(uri);
      const transcript = id === undefined ? undefined : transcriptOf(await operations.read(proven(caller), id));
      if (transcript?.ok !== true)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri });
      return { contents: [{ uri, mimeType, text: transcript.value }] };
    });
  }

  function serveTasks(server: Server, caller: Caller | undefined): void {
    const named = (ctx: ServerContext, params: JsonObject): TaskId => {
      if (!declaredBy(ctx).tasks)
        throw new ProtocolError(MISSING_CAPABILITY, 'Missing required client capability', {
          requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
        });
      const id = parseTaskId(params['taskId']);
      if (id === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Task not found');
      return id;
    };
    const found = async (id: TaskId) => {
      const operation = await operations.read(proven(caller), id.operation);
      if (!operation.ok || id.since < Date.parse(operation.value.createdAt))
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Task not found');
      return operation.value;
    };
    server.setRequestHandler('tasks/get', { params: anyObject }, async (params, ctx) => {
      const id = named(ctx, params);
      return { resultType: 'complete', ...taskOf(await found(id), id) };
    });
    // No task of ours ever waits for the client's input: what comes is for a request that was never made, and is ignored.
    server.setRequestHandler('tasks/update', { params: anyObject }, async (params, ctx) => {
      await found(named(ctx, params));
      return { resultType: 'complete' };
    });
    server.setRequestHandler('tasks/cancel', { params: anyObject }, async (params, ctx) => {
      const id = named(ctx, params);
      if (!operations.own(proven(caller), id.operation).ok)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Task not found');
      // Cooperative: what a person or the policy has authorised is not stopped.
      await operations.ask(proven(caller), {
        verb: 'withdraw',
        target: id.operation,
        key: `mcp-cancel-${id.operation}`,
        body: {},
      });
      return { resultType: 'complete' };
    });
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

const MISSING_CAPABILITY = -32_021;

/** Callers without proof are turned away before a server is made for them (see app.ts). */
function proven(caller: Caller | undefined): Caller {
  if (caller === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, 'The caller is not proven.');
  return caller;
}

function instructions(company: string): string {
  return `You act here for a customer of ${company}. Ask for an action with its tool; when an offer comes, only its \`terms\` count. A person at the company may have to sign off before anything is written. Ask for a person whenever you or your principal want one: operation_handoff, or human_handoff before there is an operation.`;
}
