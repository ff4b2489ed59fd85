import { Hono } from 'hono';
import type { Refusal } from '../../../protocol/errors.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import { err, ok, type Result } from '../../../protocol/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import type { Verb } from '../../engine/world.ts';
import type { Caller } from '../../identity/authenticate.ts';
import {
  type Env,
  type Exchange,
  type Http,
  jsonBody,
  knownVersion,
  type ProvenRequest,
  preferredWaitMs,
  REPLAYED,
  rawRequest,
} from '../exchange.ts';
import { idempotencyKeyField } from '../idempotency-key.ts';
import { isSettled, type Operations } from '../operations.ts';

export interface HttpDeps {
  readonly operations: Operations;
  readonly exchange: Exchange;
  readonly authenticate: (raw: RawRequest) => Promise<Result<Caller, Refusal>>;
  /** Registers the key in the body, proven by its own signature. */
  readonly register: (
    raw: RawRequest,
    body: JsonObject,
  ) => Promise<Result<{ readonly caller: Caller; readonly agent: JsonObject }, Refusal>>;
  readonly answerSignoff: (id: string, raw: RawRequest) => Promise<Result<JsonObject, Refusal>>;
}

/** The native binding: signed HTTP. It translates and decides nothing. */
export function makeHttpBinding(deps: HttpDeps): Hono<Env> {
  const app = new Hono<Env>();
  const { exchange, operations } = deps;

  app.post('/agents', async (c) => {
    const raw = await rawRequest(c);
    if (!raw.ok) return exchange.refuse(raw.error);
    const body = jsonBody(raw.value);
    if (!body.ok) return exchange.refuse(body.error);
    const registered = await deps.register(raw.value, body.value as JsonObject);
    if (!registered.ok) return exchange.refuse(registered.error);
    const proven = { raw: raw.value, caller: registered.value.caller };
    return exchange.answer(201, JSON.stringify(registered.value.agent), proven);
  });

  app.post('/actions/:name', (c) => act(c, 'submit', c.req.param('name')));
  app.post('/operations/:id/offers', (c) => act(c, 'offers', c.req.param('id')));
  app.post('/operations/:id/accept', (c) => act(c, 'accept', c.req.param('id')));
  app.post('/operations/:id/withdraw', (c) => act(c, 'withdraw', c.req.param('id')));
  app.post('/operations/:id/handoff', (c) => act(c, 'handoff', c.req.param('id')));

  async function act(c: Http, verb: Verb, target: string): Promise<Response> {
    const proven = await receive(c);
    if (!proven.ok) return exchange.refuse(proven.error);
    const answered = await actProven(proven.value, verb, target);
    if (!answered.ok) return exchange.refuse(answered.error, proven.value);
    const { status, body, replayed, operation } = answered.value;
    const location = verb === 'submit' ? { location: `/operations/${operation}` } : {};
    return exchange.answer(status, body, proven.value, { ...location, ...(replayed ? REPLAYED : {}) });
  }

  async function actProven({ raw, caller }: ProvenRequest, verb: Verb, target: string) {
    const key = idempotencyKeyField(raw);
    if (!key.ok) return key;
    const body = jsonBody(raw);
    return body.ok ? operations.ask(caller, { verb, target, key: key.value, body: body.value }) : body;
  }

  app.get('/operations/:id', async (c) => {
    const read = await readOwn(c);
    if (!read.ok) return read.error;
    const { proven, operation } = read.value;
    const waitMs = preferredWaitMs(proven.raw);
    const known = knownVersion(proven.raw) ?? (isSettled(operation) ? -1 : operation.version);
    const shown = waitMs > 0 ? await operations.beyond(operation, known, waitMs) : operation;
    return exchange.answer(200, JSON.stringify(viewOf(shown)), proven, { etag: `"${shown.version}"` });
  });

  app.get('/operations/:id/receipt', async (c) => {
    const read = await readOwn(c);
    if (!read.ok) return read.error;
    const { proven, operation } = read.value;
    const file = await operations.receipt(operation);
    return file.ok ? exchange.answer(200, JSON.stringify(file.value), proven) : exchange.refuse(file.error, proven);
  });

  app.post('/signoffs/:id/decision', async (c) => {
    const raw = await rawRequest(c);
    if (!raw.ok) return exchange.refuse(raw.error);
    const decided = await deps.answerSignoff(c.req.param('id'), raw.value);
    return decided.ok ? exchange.answer(200, JSON.stringify(decided.value), undefined) : exchange.refuse(decided.error);
  });

  async function receive(c: Http): Promise<Result<ProvenRequest, Refusal>> {
    const raw = await rawRequest(c);
    if (!raw.ok) return raw;
    const caller = await deps.authenticate(raw.value);
    return caller.ok ? ok({ raw: raw.value, caller: caller.value }) : caller;
  }

  async function readOwn(c: Http): Promise<Result<{ proven: ProvenRequest; operation: Operation }, Response>> {
    const proven = await receive(c);
    if (!proven.ok) return err(exchange.refuse(proven.error));
    const operation = await operations.read(proven.value.caller, c.req.param('id') ?? '');
    return operation.ok
      ? ok({ proven: proven.value, operation: operation.value })
      : err(exchange.refuse(operation.error, proven.value));
  }

  return app;
}
