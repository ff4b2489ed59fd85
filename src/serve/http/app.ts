import { Hono } from 'hono';
import type { Refusal } from '../../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import type { Verb } from '../../engine/world.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import type { StoredAnswer } from '../../ports.ts';
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
    body: Json,
  ) => Promise<Result<{ readonly caller: Caller; readonly agent: JsonObject }, Refusal>>;
  /** What both sides speak, for a caller that named its UCP profile. */
  readonly negotiate: (profile: Json) => Result<JsonObject, Refusal>;
  /** Where a person goes on (UCP `continue_url`). */
  readonly humanChannel: string;
  /** A customer's agent asks to be told of the company's offers, and no longer. */
  readonly invite: (
    caller: Caller,
    key: string,
    body: Json,
  ) => Promise<Result<StoredAnswer & { readonly replayed: boolean }, Refusal>>;
  readonly uninvite: (caller: Caller) => Promise<Result<void, Refusal>>;
}

/** A request whose sender is proven; of a UCP agent also what both sides speak. */
interface Received extends ProvenRequest {
  readonly ucp?: JsonObject;
}

const WITH_PERSON: ReadonlySet<unknown> = new Set(['awaiting_signoff', 'handed_off', 'needs_human']);

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
    if (!answered.ok) return exchange.refuse(asTold(answered.error, proven.value), proven.value);
    const { status, body, replayed, operation } = answered.value;
    const location = verb === 'submit' ? { location: `/operations/${operation}` } : {};
    const told = withUcp(body, proven.value);
    return exchange.answer(status, told, proven.value, { ...location, ...(replayed ? REPLAYED : {}) });
  }

  /** UCP has 409 for a key that came with another body, where the RFC draft has 422. */
  function asTold(refused: Refusal, { ucp }: Received): Refusal {
    const isReused = ucp !== undefined && refused.code === 'idempotency-key-reused';
    return isReused ? { ...refused, extra: { ...refused.extra, status: 409 } } : refused;
  }

  /** UCP agents learn with every answer what both sides speak, and where to go on when a person has to (`requires_escalation`). */
  function withUcp(body: string, { ucp }: Received): string {
    if (ucp === undefined) return body;
    const view: JsonObject = JSON.parse(body);
    const escalated = WITH_PERSON.has(view['state'])
      ? { status: 'requires_escalation', continue_url: deps.humanChannel }
      : {};
    return JSON.stringify({ ucp, ...view, ...escalated });
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
    return exchange.answer(200, withUcp(JSON.stringify(viewOf(shown)), proven), proven, { etag: `"${shown.version}"` });
  });

  app.get('/operations/:id/receipt', async (c) => {
    const read = await readOwn(c);
    if (!read.ok) return read.error;
    const { proven, operation } = read.value;
    const file = await operations.receipt(operation);
    return file.ok ? exchange.answer(200, JSON.stringify(file.value), proven) : exchange.refuse(file.error, proven);
  });

  app.post('/invitations', async (c) => {
    const proven = await receive(c);
    if (!proven.ok) return exchange.refuse(proven.error);
    const invited = await inviteProven(proven.value);
    if (!invited.ok) return exchange.refuse(invited.error, proven.value);
    const { status, body: told, replayed } = invited.value;
    return exchange.answer(status, told, proven.value, replayed ? REPLAYED : {});
  });

  async function inviteProven({ raw, caller }: ProvenRequest) {
    const key = idempotencyKeyField(raw);
    if (!key.ok) return key;
    const body = jsonBody(raw);
    return body.ok ? deps.invite(caller, key.value, body.value as JsonObject) : body;
  }

  app.delete('/invitations', async (c) => {
    const proven = await receive(c);
    if (!proven.ok) return exchange.refuse(proven.error);
    const done = await deps.uninvite(proven.value.caller);
    return done.ok ? exchange.answer(200, '{}', proven.value) : exchange.refuse(done.error, proven.value);
  });

  async function receive(c: Http): Promise<Result<Received, Refusal>> {
    const raw = await rawRequest(c);
    if (!raw.ok) return raw;
    const caller = await deps.authenticate(raw.value);
    if (!caller.ok) return caller;
    const proven = { raw: raw.value, caller: caller.value };
    if (caller.value.profile === undefined) return ok(proven);
    const ucp = deps.negotiate(caller.value.profile);
    return ucp.ok ? ok({ ...proven, ucp: ucp.value }) : ucp;
  }

  async function readOwn(c: Http): Promise<Result<{ proven: Received; operation: Operation }, Response>> {
    const proven = await receive(c);
    if (!proven.ok) return err(exchange.refuse(proven.error));
    const operation = await operations.read(proven.value.caller, c.req.param('id') ?? '');
    return operation.ok
      ? ok({ proven: proven.value, operation: operation.value })
      : err(exchange.refuse(operation.error, proven.value));
  }

  return app;
}
