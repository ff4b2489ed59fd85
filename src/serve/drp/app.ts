/** The Data Rights Protocol 1.0 as a binding: its messages, tokens and statuses, over the same engine. What the protocol lacks, a
 * memory of what was asked, it has from the engine's idempotency. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { parseThumbprint } from '../../../protocol/base/ids.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { contentDigest } from '../../../protocol/signature/signature.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import { NODE_HASHES } from '../../identity/signature/keys-node.ts';
import type { Clock, Keys } from '../../ports.ts';
import { type Env, type Exchange, type Http, rawRequest } from '../exchange.ts';
import type { Operations } from '../operations.ts';
import { secretFor } from '../secret.ts';
import { DRP_ACTION, exerciseOf, revocationOf, statusOf } from './exercise.ts';
import { type DrpAgent, invalid, type Opened, readMessage } from './message.ts';

export interface DrpDeps {
  readonly business: string;
  readonly agents: readonly DrpAgent[];
  readonly operations: Operations;
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly keys: Pick<Keys, 'sign'>;
}

const TEXT = ['text/plain'];
const REQUEST_ID = /^[\x21-\x7e]{1,200}$/;

interface Heard {
  readonly agent: DrpAgent;
  readonly raw: RawRequest;
}

export function makeDrpBinding({ business, agents, operations, exchange, clock, keys }: DrpDeps): Hono<Env> {
  const secret = secretFor('DRP token', keys);
  const app = new Hono<Env>();

  /** Opaque to the agent; a new key of the agent's is a new token. */
  function tokenOf({ id, verify_key }: DrpAgent): string {
    return createHmac('sha256', secret).update(`${id} ${verify_key}`).digest('base64url');
  }

  function bearer(raw: RawRequest): Result<Heard, Refusal> {
    const token = /^Bearer ([\w-]{1,200})$/.exec(raw.headers.get('authorization')?.[0] ?? '')?.[1] ?? '';
    const agent = agents.find((each) => alike(tokenOf(each), token));
    return agent === undefined
      ? err(refusal('token-invalid', 'Get a token at POST /v1/agent/{agent-id}.'))
      : ok({ agent, raw });
  }

  async function heard(c: Http, media?: readonly string[]): Promise<Result<Heard, Refusal>> {
    const raw = await rawRequest(c, media);
    return raw.ok ? bearer(raw.value) : raw;
  }

  // §2.05: no body where it is refused.
  app.post('/v1/agent/:id', async (c) => {
    const raw = await rawRequest(c, TEXT);
    const agent = agents.find(({ id }) => id === c.req.param('id'));
    if (!raw.ok || agent === undefined) return new Response(null, { status: 403 });
    const opened = readMessage(raw.value.body, { agent, business, now: clock.now(), purpose: 'agent' });
    if (!opened.ok) return new Response(null, { status: 403 });
    return exchange.answer(200, JSON.stringify({ 'agent-id': agent.id, token: tokenOf(agent) }), undefined);
  });

  app.get('/v1/agent/:id', async (c) => {
    const by = await heard(c);
    if (!by.ok) return exchange.refuse(by.error);
    const isOwn = by.value.agent.id === c.req.param('id');
    return isOwn ? exchange.answer(200, '{}', undefined) : exchange.refuse(refusal('forbidden'));
  });

  app.post('/v1/data-rights-request', async (c) => told(await heardThen(c, exercise)));
  app.get('/v1/data-rights-request/:id', async (c) =>
    told(await heardThen(c, (by) => status(by, c.req.param('id')), undefined)),
  );
  app.delete('/v1/data-rights-request/:id', async (c) =>
    told(await heardThen(c, (by) => revoke(by, c.req.param('id')))),
  );

  async function heardThen(
    c: Http,
    then: (by: Heard) => Promise<Result<JsonObject, Refusal>>,
    media: readonly string[] | undefined = TEXT,
  ): Promise<Result<JsonObject, Refusal>> {
    const by = await heard(c, media);
    return by.ok ? then(by.value) : by;
  }

  const told = (result: Result<JsonObject, Refusal>): Response =>
    result.ok ? exchange.answer(200, JSON.stringify(result.value), undefined) : exchange.refuse(result.error);

  async function exercise({ agent, raw }: Heard): Promise<Result<JsonObject, Refusal>> {
    const opened = readMessage(raw.body, { agent, business, now: clock.now(), purpose: 'exercise' });
    if (!opened.ok) return opened;
    const { claims } = opened.value;
    const input = exerciseOf(claims);
    if (!input.ok) return input;
    const requestId = claims['agent-request-id'];
    if (requestId !== undefined && !(typeof requestId === 'string' && REQUEST_ID.test(requestId)))
      return err(invalid('/agent-request-id', 'must be 1 to 200 printable characters'));
    // Without an id of its own, the very message is what makes it one request.
    const key = keyFor('exercise', requestId ?? opened.value.signature);
    const asked = await operations.ask(callerOf(agent, raw, opened.value), {
      verb: 'submit',
      target: DRP_ACTION,
      key,
      body: { input: input.value },
      ...(requestId === undefined ? {} : { conversation: requestId }),
    });
    if (!asked.ok) return asked.error.code === 'idempotency-key-reused' ? err(taken()) : asked;
    return status({ agent, raw }, asked.value.operation);
  }

  async function status({ agent, raw }: Heard, id: string): Promise<Result<JsonObject, Refusal>> {
    const caller = callerOf(agent, raw);
    const found = own(caller, id);
    if (!found.ok) return found;
    const revoked = await operations.list(caller, { limit: 1, conversation: revocationNamed(id) });
    if (!revoked.ok) return revoked;
    return ok(statusOf(found.value, found.value.conversation, revoked.value.total > 0));
  }

  /** Taken back: a person is told, whatever became of it so far. */
  async function revoke(by: Heard, id: string): Promise<Result<JsonObject, Refusal>> {
    const opened = readMessage(by.raw.body, { agent: by.agent, business, now: clock.now(), purpose: 'revoke' });
    if (!opened.ok) return opened;
    const caller = callerOf(by.agent, by.raw, opened.value);
    const found = own(caller, id);
    if (!found.ok) return found;
    const asked = await operations.ask(caller, {
      verb: 'submit',
      target: DRP_ACTION,
      key: keyFor('revoke', id),
      body: { input: revocationOf(found.value, opened.value.claims['reason']) },
      conversation: revocationNamed(id),
    });
    // Revoked once is revoked, for whatever reason it is asked again.
    return asked.ok || asked.error.code === 'idempotency-key-reused' ? status(by, id) : asked;
  }

  /** §2.02.1: what is another agent's is forbidden; what does not exist is told apart by nobody. */
  function own(caller: Caller, id: string): Result<Operation, Refusal> {
    const found = operations.own(caller, id);
    return found.ok && found.value.action === DRP_ACTION
      ? found
      : err(refusal('forbidden', 'This request is not yours.'));
  }

  return app;
}

const revocationNamed = (id: string): string => `revocation of ${id}`;
const keyFor = (verb: string, what: string): string => `drp-${verb}-${hash('sha256', what, 'base64url')}`;
const taken = () =>
  refusal('idempotency-key-reused', 'This agent-request-id was used for another request.', { status: 409 });

function callerOf({ id, name, verify_key }: DrpAgent, raw: RawRequest, opened?: Opened): Caller {
  const keyid = parseThumbprint(hash('sha256', `drp ${id} ${verify_key}`, 'base64url'));
  if (keyid === undefined) throw new Error('a digest is no thumbprint');
  const evidence = {
    contentDigest: contentDigest(raw.body, NODE_HASHES),
    signatureInput: `drp/1.0 ${id}`,
    signature: opened?.signature ?? '',
  };
  return { keyid, proof: opened === undefined ? 'bearer' : 'signature', via: 'registered', name, evidence };
}

function alike(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
