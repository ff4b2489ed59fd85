/** HTTP+JSON (A2A 1.0 §11): the paths, and the JSON form of what the handler takes and gives. */
import {
  AgentCard,
  type JsonInput,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk';
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import type { Json } from '../../../protocol/base/json.ts';

export interface RestRequest {
  readonly method: string;
  /** Below the binding's address. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json;
}

export type Routed =
  | { readonly kind: 'value'; readonly status: number; readonly value: unknown }
  | { readonly kind: 'stream'; readonly events: AsyncGenerator<unknown, void, undefined> };

const value = (json: unknown, status = 200): Routed => ({ kind: 'value', status, value: json });

const METHODS: readonly (readonly [path: RegExp, methods: readonly string[]])[] = [
  // JSON-RPC's own address.
  [/^$/, ['POST']],
  [/^\/message:(?:send|stream)$/, ['POST']],
  [/^\/(?:extendedAgentCard|tasks|tasks\/[^/:]+)$/, ['GET', 'HEAD']],
  [/^\/tasks\/[^/:]+:cancel$/, ['POST']],
  [/^\/tasks\/[^/:]+:subscribe$/, ['GET', 'HEAD', 'POST']],
  [/^\/tasks\/[^/:]+\/pushNotificationConfigs$/, ['GET', 'HEAD', 'POST']],
  [/^\/tasks\/[^/:]+\/pushNotificationConfigs\/[^/]+$/, ['GET', 'HEAD', 'DELETE']],
];

/** What `Allow` says of a path below the binding's address; empty when there is nothing at it. */
export function methodsAt(path: string): readonly string[] {
  return METHODS.find(([pattern]) => pattern.test(path))?.[1] ?? [];
}

/** `undefined`: there is nothing at this path in this method. */
export async function restRoute(
  handler: A2ARequestHandler,
  context: ServerCallContext,
  { method, path, query, body }: RestRequest,
): Promise<Routed | undefined> {
  const tenant = '';
  switch (`${method} ${path}`) {
    case 'POST /message:send': {
      const sent = await handler.sendMessage(SendMessageRequest.fromJSON(body), context);
      return value('messageId' in sent ? { message: Message.toJSON(sent) } : { task: Task.toJSON(sent) });
    }
    case 'POST /message:stream':
      return stream(handler.sendMessageStream(SendMessageRequest.fromJSON(body), context));
    case 'GET /extendedAgentCard':
      return value(AgentCard.toJSON(await handler.getAuthenticatedExtendedAgentCard({ tenant }, context)));
    case 'GET /tasks': {
      const request = ListTasksRequest.fromJSON(fromQuery(query));
      const listed = ListTasksResponse.toJSON(await handler.listTasks(request, context)) as object;
      // Always there, "" at the end (A2A §3.1.4), where JSON forms leave defaults out.
      return value({ tasks: [], nextPageToken: '', pageSize: 0, totalSize: 0, ...listed });
    }
  }
  const [, id, verb] = /^\/tasks\/([^/:]+)(?::(cancel|subscribe))?$/.exec(path) ?? [];
  if (id !== undefined) return taskRoute(handler, context, { method, id, verb, query });
  const [, taskId, config] = /^\/tasks\/([^/:]+)\/pushNotificationConfigs(?:\/([^/]+))?$/.exec(path) ?? [];
  return taskId === undefined ? undefined : configRoute(handler, context, { method, taskId, config, body });
}

async function taskRoute(
  handler: A2ARequestHandler,
  context: ServerCallContext,
  at: { method: string; id: string; verb: string | undefined; query: URLSearchParams },
): Promise<Routed | undefined> {
  const { method, id, verb, query } = at;
  const tenant = '';
  if (verb === 'subscribe') return stream(handler.resubscribe({ tenant, id }, context));
  if (verb === 'cancel' && method === 'POST')
    return value(Task.toJSON(await handler.cancelTask({ tenant, id, metadata: undefined }, context)));
  if (verb !== undefined || method !== 'GET') return undefined;
  const length = query.get('historyLength');
  const historyLength = length === null ? undefined : Number(length);
  return value(Task.toJSON(await handler.getTask({ tenant, id, historyLength }, context)));
}

async function configRoute(
  handler: A2ARequestHandler,
  context: ServerCallContext,
  at: { method: string; taskId: string; config: string | undefined; body: Json },
): Promise<Routed | undefined> {
  const { method, taskId, config: id, body } = at;
  const tenant = '';
  if (id === undefined && method === 'POST') {
    const given = TaskPushNotificationConfig.fromJSON({ ...(body as JsonInput), taskId });
    const kept = await handler.createTaskPushNotificationConfig(given, context);
    return value(TaskPushNotificationConfig.toJSON(kept), 201);
  }
  if (id === undefined) {
    const request = { tenant, taskId, pageSize: 0, pageToken: '' };
    const listed = await handler.listTaskPushNotificationConfigs(request, context);
    return value({ configs: [], ...(ListTaskPushNotificationConfigsResponse.toJSON(listed) as object) });
  }
  if (method === 'GET')
    return value(
      TaskPushNotificationConfig.toJSON(await handler.getTaskPushNotificationConfig({ tenant, taskId, id }, context)),
    );
  if (method !== 'DELETE') return undefined;
  await handler.deleteTaskPushNotificationConfig({ tenant, taskId, id }, context);
  return value(undefined, 204);
}

async function* toJson(events: AsyncGenerator<StreamResponse, void, undefined>) {
  for await (const event of events) yield StreamResponse.toJSON(event);
}

function stream(events: AsyncGenerator<StreamResponse, void, undefined>): Routed {
  return { kind: 'stream', events: toJson(events) };
}

const NUMBERS = new Set(['pageSize', 'historyLength']);

/** Query parameters in camelCase (A2A §11.5), as JSON would have them. */
function fromQuery(query: URLSearchParams): JsonInput {
  const read = ([name, text]: [string, string]): [string, unknown] => {
    if (NUMBERS.has(name)) return [name, Number(text)];
    return [name, name === 'includeArtifacts' ? text === 'true' : text];
  };
  return Object.fromEntries([...query].map(read));
}
