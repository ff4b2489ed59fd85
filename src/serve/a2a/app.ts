/** The A2A binding over HTTP: JSON-RPC and HTTP+JSON at one address, both through one handler. The version gate and the proof of the
 * caller, which the SDK leaves to its Express adapter, are here. */
import { A2A_CONTENT_TYPE, A2A_VERSION_HEADER, Extensions, HTTP_EXTENSION_HEADER } from '@a2a-js/sdk';
import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server';
import { restStatusFor, toRestErrorBody } from '@a2a-js/sdk/errors';
import {
  type A2ARequestHandler,
  JsonRpcTransportHandler,
  ServerCallContext,
  validateVersion,
} from '@a2a-js/sdk/server';
import { Hono } from 'hono';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { isObject, type Json } from '../../../protocol/base/json.ts';
import { A2A_EXTENSION } from '../../../protocol/base/names.ts';
import {
  checkedType,
  type Env,
  type Exchange,
  type Http,
  jsonBody,
  type ProvenRequest,
  readRequest,
} from '../exchange.ts';
import type { Prove } from '../prove.ts';
import { A2A_PATH } from './card.ts';
import type { Seal } from './cards.ts';
import {
  blamedRightly,
  detailed,
  type Form,
  idOf,
  malformedUnlessOurs,
  notARequest,
  passingRefusal,
  refusedIn,
  rpcErrorOf,
  translated,
} from './errors.ts';
import type { Call } from './handler.ts';
import { methodsAt, restRoute } from './rest.ts';
import { eventStream } from './sse.ts';

export interface A2aDeps {
  readonly exchange: Exchange;
  readonly prove: Prove;
  readonly handler: A2ARequestHandler;
  /** What a context's request is, for the handler. */
  readonly calls: WeakMap<ServerCallContext, Call>;
  /** Signs a card over what is served of it. */
  readonly seal: Seal;
}

/** One request, read and proven. */
interface Received {
  readonly form: Form;
  readonly context: ServerCallContext;
  readonly call: Call;
  readonly body: Json;
  readonly by: ProvenRequest | undefined;
}

/** Whose request was refused, as far as that is known. */
interface Refused {
  readonly by?: ProvenRequest | undefined;
  /** Of a JSON-RPC request. */
  readonly id?: Json;
}

/** A2A §3.6.2: no version means this one. */
const LEGACY = '0.3';
const MEDIA = ['application/json', A2A_CONTENT_TYPE];
const OURS: ReadonlySet<string> = new Set(Object.values(A2A_EXTENSION));

export function makeA2aBinding(deps: A2aDeps): Hono<Env> {
  const { exchange, calls } = deps;
  // What passes by itself is told by HTTP, too: a status, and when to come again.
  const handler = translated(deps.handler, (error, context) => {
    const call = context instanceof ServerCallContext ? calls.get(context) : undefined;
    const refused = passingRefusal(error);
    if (call !== undefined && refused !== undefined) call.refused ??= refused;
    return error;
  });
  const modern = new JsonRpcTransportHandler(handler);
  const thrown = new WeakMap<object, unknown>();
  const legacy = new LegacyJsonRpcTransportHandler(
    translated(handler, (error, context) => {
      if (context instanceof ServerCallContext) thrown.set(context, error);
      return error;
    }),
  );

  async function rpc(c: Http): Promise<Response> {
    const received = await receive(c, 'rpc');
    if (received instanceof Response) return received;
    const { context, body } = received;
    const id = idOf(body);
    const failed = (error: unknown) => ({ jsonrpc: '2.0', id, error: rpcErrorOf(error) });
    try {
      validateVersion(context.requestedVersion, await handler.getAgentCard(), 'JSONRPC');
      const transport = context.requestedVersion === LEGACY ? legacy : modern;
      const result = await transport.handle(body as Record<string, unknown>, context);
      if (!(Symbol.asyncIterator in result)) {
        const told = resealed(blamedRightly(detailed(result, thrown.get(context))), context, deps.seal);
        return answer(received, 200, told, 'application/json');
      }
      return await eventStream(result, failed, headersOf(context));
    } catch (error) {
      return answer(received, 200, failed(error), 'application/json');
    }
  }

  async function rest(c: Http): Promise<Response> {
    const { pathname, searchParams: query } = new URL(c.req.url);
    const path = pathname.slice(A2A_PATH.length).replace(/\/$/, '');
    const allowed = methodsAt(path);
    if (!allowed.includes(c.req.method)) return refuseMethod(allowed);
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
    const received = await receive(c, 'rest');
    if (received instanceof Response) return received;
    const { context, body } = received;
    try {
      validateVersion(context.requestedVersion, await handler.getAgentCard(), 'HTTP+JSON');
      const routed = await restRoute(handler, context, { method, path, query, body });
      if (routed === undefined)
        return refuse('rest', refusal('not-found', 'There is no such method here.'), { by: received.by });
      if (routed.kind === 'value') return answer(received, routed.status, routed.value, A2A_CONTENT_TYPE);
      const failed = (error: unknown) => toRestErrorBody(error, restStatusFor(error));
      return await eventStream(routed.events, failed, headersOf(context));
    } catch (error) {
      const known = malformedUnlessOurs(error);
      const status = restStatusFor(known);
      return answer(received, status, toRestErrorBody(known, status), A2A_CONTENT_TYPE);
    }
  }

  function refuseMethod(allowed: readonly string[]): Response {
    if (allowed.length === 0) return refuse('rest', refusal('not-found', 'There is no such method here.'));
    const refused = refuse('rest', refusal('method-not-allowed'));
    refused.headers.set('allow', allowed.join(', '));
    return refused;
  }

  async function receive(c: Http, form: Form): Promise<Received | Response> {
    const raw = await readRequest(c);
    if (!raw.ok) return refuse(form, raw.error);
    const body = raw.value.body.length === 0 ? ({ ok: true, value: {} } as const) : jsonBody(raw.value);
    const id = body.ok ? idOf(body.value) : null;
    const typed = checkedType(c, MEDIA);
    if (!typed.ok) return refuse(form, typed.error, { id });
    if (!body.ok) return refuse(form, body.error);
    const caller = await deps.prove(raw.value);
    if (!caller.ok) return refuse(form, caller.error, { id });
    const context = new ServerCallContext({
      requestedExtensions: Extensions.parseServiceParameter(c.req.header(HTTP_EXTENSION_HEADER)),
      requestedVersion: c.req.header(A2A_VERSION_HEADER) || c.req.query(A2A_VERSION_HEADER) || LEGACY,
    });
    for (const uri of context.requestedExtensions ?? []) if (OURS.has(uri)) context.addActivatedExtension(uri);
    const call: Call = { caller: caller.value, signal: c.req.raw.signal };
    deps.calls.set(context, call);
    const by = caller.value === undefined ? undefined : { raw: raw.value, caller: caller.value };
    const malformed = form === 'rpc' ? notARequest(body.value) : undefined;
    if (malformed !== undefined) return refuse(form, malformed, { by, id });
    return { form, context, call, body: body.value, by };
  }

  function refuse(form: Form, refused: Refusal, { by, id = null }: Refused = {}): Response {
    const { status, headers } = exchange.problemOf(refused, by);
    return exchange.answer(status, JSON.stringify(refusedIn(form, refused, { status, id })), by, {
      'content-type': form === 'rpc' ? 'application/json' : A2A_CONTENT_TYPE,
      ...headers,
      ...deps.prove.challenge(refused),
    });
  }

  function answer({ form, context, call, body, by }: Received, status: number, value: unknown, type: string): Response {
    if (call.refused !== undefined) return refuse(form, call.refused, { by, id: idOf(body) });
    const headers = headersOf(context);
    if (status === 204) return new Response(null, { status, headers });
    return exchange.answer(status, JSON.stringify(value), by, { 'content-type': type, ...headers });
  }

  const app = new Hono<Env>();
  app.post(A2A_PATH, rpc);
  app.all(`${A2A_PATH}/*`, rest);
  return app;
}

function headersOf({ requestedVersion, activatedExtensions = [] }: ServerCallContext): Record<string, string> {
  // From a query it can be anything, and not everything is allowed in a header field.
  const version = /^\d\.\d$/.test(requestedVersion) ? { [A2A_VERSION_HEADER.toLowerCase()]: requestedVersion } : {};
  return activatedExtensions.length === 0
    ? version
    : { ...version, [HTTP_EXTENSION_HEADER.toLowerCase()]: Extensions.toServiceParameter(activatedExtensions) };
}

type Answered = { readonly result?: unknown };

/** The card in an answer of 0.3's, made over from one of 1.0 with its signatures: those say nothing of what is served. */
function resealed(told: object & Answered, { requestedVersion }: ServerCallContext, seal: Seal): object {
  const card: Json = JSON.parse(JSON.stringify(told.result ?? null));
  if (requestedVersion !== LEGACY || !isObject(card) || !('protocolVersion' in card)) return told;
  const { signatures: _of1, ...bare } = card;
  return { ...told, result: seal(bare) };
}
