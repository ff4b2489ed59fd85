/** An MCP server on standard input and output that signs for its user: AI clients that cannot sign HTTP use a gateway through it. */
import {
  type CallToolResult,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { schedulesInWords } from '../../protocol/words/schedule-words.ts';
import { inToolWords } from '../../protocol/words/tool-words.ts';
import type { Client } from './index.ts';
import { type BridgeTool, bridgeTools, type PublishedAction } from './mcp-tools.ts';
import { ProblemError } from './problem.ts';

export interface BridgeOptions {
  readonly client: Client;
  readonly gateway: string;
  /** The principal's mandate for this agent's key as it is now: it may be replaced while the bridge runs. */
  readonly mandate: () => string | undefined;
  /** Asks the principal for one for this action alone, where there is a way to. */
  readonly freshMandate?: ((action: string) => Promise<string>) | undefined;
  /** Where the principal puts a mandate, in words. */
  readonly place: string;
  readonly version: string;
  readonly fetch?: typeof globalThis.fetch;
}

/** A factory for `serveStdio`. Reads the gateway's catalogue once. */
export async function makeBridge(options: BridgeOptions): Promise<() => Server> {
  const { gateway, client, version, fetch = globalThis.fetch } = options;
  const read = async (path: string): Promise<unknown> => {
    const response = await fetch(new URL(path, gateway), { redirect: 'error' });
    if (!response.ok) throw new Error(`${gateway}${path}: ${response.status}`);
    return response.json();
  };
  const profile = await client.discover();
  const names = Array.isArray(profile['actions']) ? profile['actions'] : [];
  const actions = await Promise.all(names.map(async (each) => parseAction(await read(`/actions/${nameOf(each)}`))));
  const companyKeys = () => read('/.well-known/jwks.json');
  const needsMandate = new Map(actions.map(({ name, mandate }) => [name, mandate !== 'none']));
  const submit = (action: string, input: JsonObject) =>
    submitWith(options, action, input, needsMandate.get(action) === true);
  const tools = bridgeTools(actions, { client, submit, companyKeys });
  return () => serverOf(tools, String(profile.company), version);
}

function serverOf(tools: readonly BridgeTool[], company: string, version: string): Server {
  const server = new Server(
    { name: 'parley-bridge', title: `${company}, through Parley`, version },
    {
      capabilities: { tools: {} },
      instructions: `You act for your user at ${company}. Ask for an action with its tool; actions_read tells all that a tool takes. Little is done at once: wait with operation_read and wait_seconds, again until it is your turn or the operation has ended; a person of the company may take hours. Offers are the company’s: only \`terms\` count. Ask your user before you accept anything. A person at the company is reachable at any time: operation_handoff, or human_handoff.`,
    },
  );
  // Our own definitions, in the SDK's mutable type.
  const listed = tools.map(
    ({ call: _call, example: _example, ...tool }) => tool,
  ) as unknown as ListToolsResult['tools'];
  server.setRequestHandler('tools/list', () => ({ tools: listed }));
  server.setRequestHandler('tools/call', async ({ params }) => {
    const tool = tools.find(({ name }) => name === params.name);
    if (tool === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
    return resultOf(tool, (params.arguments ?? {}) as JsonObject);
  });
  return server;
}

const OF_MANDATES = /:(consent-required|mandate-(missing|invalid|exceeded|revoked))$/;

/** With the mandate there is; where another is needed, with one that the principal gives now, or in words on how to get it. */
async function submitWith(
  { client, mandate, freshMandate, place }: BridgeOptions,
  action: string,
  input: JsonObject,
  needed: boolean,
) {
  try {
    return await client.submit(action, input, needed ? mandate() : undefined);
  } catch (error) {
    if (!needed || !(error instanceof ProblemError) || !OF_MANDATES.test(error.type)) throw error;
    if (freshMandate !== undefined) return client.submit(action, input, await freshMandate(action));
    const fresh = error.type.endsWith(':consent-required') ? ' alone, given now' : '';
    const next = `Ask your user for a mandate that names ${action}${fresh}, ${place}. Then call this tool again.`;
    throw new ProblemError(error.status, { ...error.problem, next }, error.retryAfterMs);
  }
}

/** What goes wrong is told to the model in words it can act on, and never ends the bridge. */
async function resultOf(tool: BridgeTool, args: JsonObject): Promise<CallToolResult> {
  try {
    const value = JSON.parse(JSON.stringify(await tool.call(args)));
    const tables = isView(value) ? schedulesInWords(value) : '';
    const text = JSON.stringify(value);
    return {
      content: [{ type: 'text', text: tables === '' ? text : `${tables}\n\n${text}` }],
      structuredContent: value,
    };
  } catch (error) {
    const form = `The right form is ${JSON.stringify(tool.example)}.`;
    const text =
      error instanceof ProblemError ? JSON.stringify(inToolWords(error.problem, tool)) : `${String(error)} ${form}`;
    return { isError: true, content: [{ type: 'text', text }] };
  }
}

/** The client verified the answer's signature: its shape is the company's promise. */
function isView(value: object): value is OperationView {
  return 'offers' in value && 'open_offers' in value;
}

function nameOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string')
    return value.name;
  throw new TypeError('the profile names no actions');
}

function parseAction(value: unknown): PublishedAction {
  const { name, title, summary, description, mandate, kind, input, examples } = {
    ...(value as Partial<PublishedAction>),
  };
  const texts = [name, title, summary, description, mandate, kind].every((each) => typeof each === 'string');
  if (!texts || typeof input !== 'object' || input === null || !Array.isArray(examples?.valid))
    throw new TypeError('the gateway published no usable action');
  return value as PublishedAction;
}
