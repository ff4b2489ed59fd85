import { Hono } from 'hono';
import { type Refusal, refusal } from '../../../protocol/errors.ts';
import { parseId } from '../../../protocol/ids.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import { isFinalState } from '../../../protocol/operation.ts';
import { receiptFile } from '../../../protocol/receipt.ts';
import { err, ok, type Result } from '../../../protocol/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import type { Worker } from '../../engine/worker.ts';
import type { Ask, Caller as EngineCaller, Verb, World } from '../../engine/world.ts';
import type { Caller } from '../../identity/authenticate.ts';
import type { Pipeline } from '../../pipeline.ts';
import {
  type Env,
  type Exchange,
  type Http,
  jsonBody,
  knownVersion,
  preferredWaitMs,
  REPLAYED,
  rawRequest,
  type SignedRequest,
} from './exchange.ts';
import { idempotencyKey } from './idempotency-key.ts';

export interface HttpDeps {
  readonly world: World;
  readonly pipeline: Pipeline;
  readonly worker: Pick<Worker, 'waitBeyond'>;
  readonly exchange: Exchange;
  readonly authenticate: (raw: RawRequest) => Promise<Result<Caller, Refusal>>;
  /** Registers the key in the body, proven by its own signature. */
  readonly register: (
    raw: RawRequest,
    body: JsonObject,
  ) => Promise<Result<{ readonly caller: Caller; readonly agent: JsonObject }, Refusal>>;
  readonly proofOf: (operation: Operation) => Promise<string | null>;
  readonly answerSignoff: (id: string, raw: RawRequest) => Promise<Result<JsonObject, Refusal>>;
}

/** The native binding: signed HTTP. It translates and decides nothing. */
export function makeHttpBinding(deps: HttpDeps): Hono<Env> {
  const app = new Hono<Env>();
  const { exchange, world } = deps;

  app.post('/agents', async (c) => {
    const raw = await rawRequest(c);
    if (!raw.ok) return exchange.refuse(raw.error);
    const body = jsonBody(raw.value);
    if (!body.ok) return exchange.refuse(body.error);
    const registered = await deps.register(raw.value, body.value as JsonObject);
    if (!registered.ok) return exchange.refuse(registered.error);
    const signed = { raw: raw.value, caller: registered.value.caller };
    return exchange.answer(201, JSON.stringify(registered.value.agent), signed);
  });

  app.post('/actions/:name', (c) => act(c, 'submit', c.req.param('name')));
  app.post('/operations/:id/offers', (c) => act(c, 'offers', c.req.param('id')));
  app.post('/operations/:id/accept', (c) => act(c, 'accept', c.req.param('id')));
  app.post('/operations/:id/withdraw', (c) => act(c, 'withdraw', c.req.param('id')));
  app.post('/operations/:id/handoff', (c) => act(c, 'handoff', c.req.param('id')));

  async function act(c: Http, verb: Verb, target: string): Promise<Response> {
    const signed = await receive(c);
    if (!signed.ok) return exchange.refuse(signed.error);
    const answered = await actSigned(signed.value, verb, target);
    if (!answered.ok) return exchange.refuse(answered.error, signed.value);
    const { status, body, replayed, operation } = answered.value;
    const location = verb === 'submit' ? { location: `/operations/${operation}` } : {};
    return exchange.answer(status, body, signed.value, { ...location, ...(replayed ? REPLAYED : {}) });
  }

  async function actSigned(signed: SignedRequest, verb: Verb, target: string) {
    if (verb !== 'submit' && parseId('op', target) === undefined) return err(refusal('not-found'));
    const key = idempotencyKey(signed.raw);
    if (!key.ok) return key;
    const body = jsonBody(signed.raw);
    if (!body.ok) return body;
    const ask: Ask = { caller: engineCaller(signed.caller), verb, target, key: key.value, body: body.value };
    return deps.pipeline.ask(ask);
  }

  app.get('/operations/:id', async (c) => {
    const read = await readOwn(c);
    if (!read.ok) return read.error;
    const { signed, operation } = read.value;
    const waitMs = preferredWaitMs(signed.raw);
    const known = knownVersion(signed.raw) ?? (isSettled(operation) ? -1 : operation.version);
    const fresh = waitMs > 0 ? await deps.worker.waitBeyond(operation.id, known, waitMs) : operation;
    const shown = fresh ?? operation;
    return exchange.answer(200, JSON.stringify(viewOf(shown)), signed, { etag: `"${shown.version}"` });
  });

  app.get('/operations/:id/receipt', async (c) => {
    const read = await readOwn(c);
    if (!read.ok) return read.error;
    const { signed, operation } = read.value;
    if (operation.receipt === undefined)
      return exchange.refuse(refusal('wrong-state', 'The operation has not ended: it has no receipt yet.'), signed);
    const file = receiptFile(operation.receipt, await deps.proofOf(operation), world.keys.jwks());
    return exchange.answer(200, JSON.stringify(file), signed);
  });

  app.post('/signoffs/:id/decision', async (c) => {
    const raw = await rawRequest(c);
    if (!raw.ok) return exchange.refuse(raw.error);
    const decided = await deps.answerSignoff(c.req.param('id'), raw.value);
    return decided.ok ? exchange.answer(200, JSON.stringify(decided.value), undefined) : exchange.refuse(decided.error);
  });

  async function receive(c: Http): Promise<Result<SignedRequest, Refusal>> {
    const raw = await rawRequest(c);
    if (!raw.ok) return raw;
    const caller = await deps.authenticate(raw.value);
    return caller.ok ? ok({ raw: raw.value, caller: caller.value }) : caller;
  }

  async function readOwn(c: Http): Promise<Result<{ signed: SignedRequest; operation: Operation }, Response>> {
    const signed = await receive(c);
    if (!signed.ok) return err(exchange.refuse(signed.error));
    if (!(await world.store.spend(signed.value.caller.nonce)))
      return err(exchange.refuse(refusal('signature-replayed'), signed.value));
    const id = c.req.param('id') ?? '';
    const operation = parseId('op', id) === undefined ? undefined : world.store.operation(id);
    if (operation === undefined || operation.agent.keyid !== signed.value.caller.keyid) {
      return err(exchange.refuse(refusal('not-found'), signed.value));
    }
    return ok({ signed: signed.value, operation });
  }

  return app;
}

/** Nothing will happen unless the agent moves. */
function isSettled(operation: Operation): boolean {
  return (
    isFinalState(operation.state) || (operation.state === 'negotiating' && operation.negotiation?.turn === 'agent')
  );
}

function engineCaller(caller: Caller): EngineCaller {
  const { keyid, via, name, nonce, evidence } = caller;
  return {
    keyid,
    via,
    ...(name === undefined ? {} : { name }),
    nonce,
    evidence: {
      digest: evidence.contentDigest ?? '',
      signature: evidence.signature,
      signatureInput: evidence.signatureInput,
    },
  };
}
