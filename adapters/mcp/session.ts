import {
  type CallToolResult,
  Client,
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { digest } from '../../protocol/base/canonical.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { AdapterError, type AdapterErrorCode, type Ctx } from '../sdk/index.ts';
import { at } from '../sdk/pointer.ts';
import { orStopped, stopped } from '../sdk/timing.ts';
import type { ErrorRule, McpMapping } from './mapping.ts';
import { type Fate, openWire, type WireOptions } from './wire.ts';

export interface SessionOptions extends WireOptions {
  readonly mapping: McpMapping;
}

export interface Session {
  call(tool: string, values: JsonObject, kind: 'read' | 'write'): Promise<Json | undefined>;
}

/** One connection for one call of the adapter: what the server offers is compared with what was registered each time, and before anything
 * is written. The client declares nothing, so the server can ask nothing of it. */
export async function inSession<T>(
  ctx: Ctx,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  if (ctx.signal.aborted) throw stopped();
  const wire = openWire(ctx, options);
  const transport = new StreamableHTTPClientTransport(options.url, { fetch: wire.send });
  const client = new Client(
    { name: 'parley', version: '0.1.0' },
    { versionNegotiation: { mode: 'auto' }, inputRequired: { autoFulfill: false } },
  );
  const limits = { timeout: options.timeoutMs, signal: ctx.signal };
  const attempt = async <R>(kind: 'read' | 'write', request: () => Promise<R>): Promise<R> => {
    wire.begin();
    try {
      return await orStopped(request(), ctx.signal);
    } catch (error) {
      throw failure(error, wire.fate(), kind);
    }
  };
  try {
    const tools = await attempt('read', async () => {
      await client.connect(transport, limits);
      return (await client.listTools(undefined, { ...limits, cacheMode: 'bypass' })).tools;
    });
    registered(ctx, tools, options.mapping);
    return await work({
      async call(tool, values, kind) {
        if (ctx.signal.aborted) throw stopped();
        const result = await attempt(kind, () => client.callTool({ name: tool, arguments: values }, limits));
        return contentOf(result, kind, options.mapping.errors);
      },
    });
  } finally {
    await ended(client, transport);
  }
}

interface Offered {
  readonly name: string;
  readonly inputSchema: unknown;
}

/** The tools that were registered, unchanged: what people decided about is what is called. */
function registered(ctx: Ctx, tools: readonly Offered[], { pins }: McpMapping): void {
  const offered = new Map(tools.map(({ name, inputSchema }) => [name, digest(inputSchema)]));
  const fields = [...pins].flatMap(([name, pin]) => {
    const now = offered.get(name);
    if (now === pin) return [];
    return [{ path: `/tools/${name}`, message: now === undefined ? 'is not offered.' : `is ${now} now.` }];
  });
  if (fields.length === 0) return;
  ctx.log('crm.tools_changed', { tools: fields.map(({ path, message }) => `${path} ${message}`) });
  throw new AdapterError('unsupported', 'The CRM’s tools are not those that were registered.', { fields });
}

/** Never a reason to fail: what was done is done. */
async function ended(client: Client, transport: StreamableHTTPClientTransport): Promise<void> {
  try {
    if (transport.sessionId !== undefined) await transport.terminateSession();
    await client.close();
  } catch {
    // The server forgets the session by itself.
  }
}

function contentOf(result: CallToolResult, kind: 'read' | 'write', rules: readonly ErrorRule[]): Json | undefined {
  const json = jsonOf(result);
  if (result.isError !== true) return json;
  const rule = rules.find((each) => at(json, each.at) === each.is);
  throw new AdapterError(
    rule?.means ?? (kind === 'write' ? 'unknown_outcome' : 'retryable'),
    'The CRM’s tool reports a failure.',
  );
}

/** The structured result; a single text that is JSON where the server is older than those. */
function jsonOf({ structuredContent, content }: CallToolResult): Json | undefined {
  if (structuredContent !== undefined) return JSON.parse(JSON.stringify(structuredContent));
  const [only, ...others] = content;
  if (only?.type !== 'text' || others.length > 0) return undefined;
  try {
    return JSON.parse(only.text);
  } catch {
    return undefined;
  }
}

const STATUSES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [429, 'rate_limited'],
]);

/** Of the client’s and the server’s own words nothing is passed on. */
function failure(
  error: unknown,
  { status, isSent, retryAfterMs, error: before }: Fate,
  kind: 'read' | 'write',
): AdapterError {
  if (before !== undefined) return before;
  const refused = status === undefined ? undefined : STATUSES.get(status);
  const more = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (refused !== undefined) return new AdapterError(refused, `The CRM refused: ${status}.`, more);
  if (error instanceof ProtocolError && error.code === ProtocolErrorCode.InvalidParams)
    return new AdapterError('invalid', 'The CRM’s tool does not take these values.');
  if (error instanceof ProtocolError && error.code === ProtocolErrorCode.MethodNotFound)
    return new AdapterError('unsupported', 'The CRM has no such tool.');
  if (error instanceof SdkError && error.code === SdkErrorCode.UnsupportedResultType)
    return new AdapterError('unsupported', 'The CRM’s tool asks for more than a machine may answer.');
  // A 4xx is the transport’s own: the tool was not reached.
  const isRefused = status !== undefined && status >= 400 && status < 500;
  if (kind === 'write' && isSent && !isRefused)
    return new AdapterError('unknown_outcome', 'The CRM gave no usable answer to a write that was sent.');
  return new AdapterError('retryable', 'The CRM cannot be reached.', more);
}
