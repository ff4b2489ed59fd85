/** The MCP binding: one endpoint for every revision, stateless. It proves the caller over the exact bytes, then lets the SDK read them. */
import {
  createMcpHandler,
  isLegacyRequest,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import type { Json } from '../../../protocol/base/json.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import { type Env, type Exchange, type Http, jsonBody, type ProvenRequest, rawRequest } from '../exchange.ts';
import type { Prove } from '../prove.ts';
import { listsIn } from './prebuilt.ts';
import { operationInUri } from './resources.ts';
import type { ServerFactory } from './server.ts';

export interface McpAppDeps {
  readonly exchange: Exchange;
  readonly prove: Prove;
  readonly makeServer: ServerFactory;
  /** The gateway's public origin. */
  readonly origin: string;
  /** Origins whose pages may call this endpoint from a browser. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Serves the revisions before 2026-07-28 with sessions: only in the conformance profile. Without it they are served stateless. */
  readonly sessions?: Sessions;
}

/** `body` is undefined where there is none: streams (GET) and ends (DELETE) of sessions. */
export type Sessions = (request: Request, body: Json | undefined, makeServer: () => Server) => Promise<Response>;

interface Received {
  readonly raw: RawRequest;
  readonly body: Json | undefined;
  readonly by: ProvenRequest | undefined;
}

export const MCP_PATH = '/mcp';

/** Only 2025-03-26 has batches. A list is large and costs its asker fifty bytes: not tenfold more. */
const BATCH_MAX = 10;

function tooMuchOf(body: Json): string | undefined {
  if (!Array.isArray(body)) return undefined;
  if (body.length > BATCH_MAX) return `A batch has at most ${BATCH_MAX} messages.`;
  return listsIn(body).length > 1 ? 'A batch reads one list or resource at most.' : undefined;
}

export function makeMcpBinding(deps: McpAppDeps): Hono<Env> {
  const { exchange } = deps;
  const proven = new WeakMap<Request, ProvenRequest>();
  const handler = createMcpHandler(
    ({ requestInfo }) => deps.makeServer(requestInfo === undefined ? undefined : proven.get(requestInfo)?.caller),
    { legacy: 'reject' },
  );

  const app = new Hono<Env>();
  const serveReceived = async (c: Http) => {
    const received = await receive(c);
    return received instanceof Response ? received : serve(c, received);
  };
  app.post(MCP_PATH, serveReceived);
  if (deps.sessions !== undefined) app.on(['GET', 'DELETE'], MCP_PATH, serveReceived);

  async function receive(c: Http): Promise<Received | Response> {
    const from = c.req.header('origin');
    if (from !== undefined && from !== deps.origin && !deps.allowedOrigins.has(from))
      return exchange.refuse(refusal('forbidden', 'Pages of this Origin may not call this endpoint.'));
    const raw = await rawRequest(c);
    if (!raw.ok) return exchange.refuse(raw.error);
    const body = raw.value.method === 'POST' ? jsonBody(raw.value) : undefined;
    if (body?.ok === false) return rpcError(exchange, 400, -32_700, body.error);
    const tooMuch = body === undefined ? undefined : tooMuchOf(body.value);
    if (tooMuch !== undefined) return rpcError(exchange, 400, -32_600, refusal('malformed-request', tooMuch));
    const caller = await deps.prove(raw.value);
    if (!caller.ok) return exchange.refuse(caller.error, undefined, deps.prove.challenge(caller.error));
    if (caller.value === undefined && (body === undefined || needsCaller(body.value))) {
      const missing = refusal('signature-missing', 'Sign the request, or send an access token.');
      return exchange.refuse(missing, undefined, deps.prove.challenge(missing));
    }
    const by = caller.value === undefined ? undefined : { raw: raw.value, caller: caller.value };
    return { raw: raw.value, body: body?.value, by };
  }

  async function serve(c: Http, { raw, body, by }: Received): Promise<Response> {
    const request = new Request(new URL(raw.target, deps.origin), {
      method: raw.method,
      headers: headersFor(raw),
      ...(body === undefined ? {} : { body: Buffer.from(raw.body) }),
      signal: c.req.raw.signal,
    });
    if (by !== undefined) proven.set(request, by);
    const response = await respond(request, body, by);
    const type = response.headers.get('content-type') ?? '';
    const isJson = type.startsWith('application/json');
    if (!isJson && listsIn(body).length === 0) return response;
    const more = Object.fromEntries([...response.headers].filter(([name]) => name !== 'content-length'));
    const whole = deps.makeServer.filled(body, await response.bytes());
    if (!isJson) return new Response(Buffer.from(whole), { status: response.status, headers: more });
    return exchange.answer(response.status, whole, by, more);
  }

  async function respond(request: Request, body: Json | undefined, by: ProvenRequest | undefined): Promise<Response> {
    if (!(await isLegacyRequest(request, body))) return handler.fetch(request, { parsedBody: body });
    const makeServer = () => deps.makeServer(by?.caller);
    return (deps.sessions ?? stateless)(request, body, makeServer);
  }

  return app;
}

/** Who accepts everything accepts the two forms an answer may have, which the SDK wants named. */
function headersFor({ headers }: RawRequest): [string, string][] {
  const accepted = headers.get('accept')?.join(',') ?? ANYTHING;
  const told = new Map(headers);
  if (accepted.split(',').some((range) => range.split(';', 1)[0]?.trim() === ANYTHING)) told.set('accept', [FORMS]);
  return [...told].flatMap(([name, lines]) => lines.map((line): [string, string] => [name, line]));
}

const ANYTHING = '*/*';
const FORMS = 'application/json, text/event-stream';

/** The revisions before 2026-07-28, a server a request. In JSON, where the SDK by itself makes a stream of one event: a stream is not signed. */
const stateless: Sessions = async (request, parsedBody, makeServer) => {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  const server = makeServer();
  await server.connect(transport);
  try {
    return await transport.handleRequest(request, { parsedBody });
  } finally {
    await server.close();
  }
};

/** What acts or shows what is somebody's; the rest is public, so that an agent can look before it has a key. */
function needsCaller(body: Json): boolean {
  if (Array.isArray(body)) return body.some(needsCaller);
  if (typeof body !== 'object' || body === null || !('method' in body)) return false;
  const { method, params } = body;
  if (method === 'resources/read') return isOfOperation(params);
  return method === 'tools/call' || (typeof method === 'string' && method.startsWith('tasks/'));
}

function isOfOperation(params: Json | undefined): boolean {
  if (typeof params !== 'object' || params === null || !('uri' in params)) return false;
  const { uri } = params;
  return typeof uri === 'string' && operationInUri(uri) !== undefined;
}

function rpcError(exchange: Exchange, status: number, code: number, refused: Refusal): Response {
  const { problem } = exchange.problemOf(refused);
  const error = { code, message: String(problem['title']), data: problem };
  return exchange.answer(status, JSON.stringify({ jsonrpc: '2.0', id: null, error }), undefined, {
    'content-type': 'application/json',
  });
}
