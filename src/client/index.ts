/** What the developer of a customer's agent imports: discover, ask, negotiate, wait, verify. Imports nothing of the server. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../protocol/base/json.ts';
import { presentMandate } from '../../protocol/mandate/mandate.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { isFinalState } from '../../protocol/operation.ts';
import type { ReceiptFile } from '../../protocol/receipt/receipt.ts';
import type { Choice } from '../../protocol/schedule.ts';
import { acceptanceOf } from './acceptance.ts';
import type { AgentKey } from './agent-key.ts';
import { type CallOptions, endingOf } from './call.ts';
import type { Intent, Journal } from './journal.ts';
import { AnswerError, ProblemError } from './problem.ts';
import { makeTransport, mayRepeat } from './transport.ts';

export type { Id, OfferId, OperationId, SignoffId, Thumbprint } from '../../protocol/base/ids.ts';
export type { Json, JsonObject } from '../../protocol/base/json.ts';
export type { Money } from '../../protocol/base/money.ts';
export type { PublicJwk } from '../../protocol/base/strict-jws.ts';
export type { IdentityClaim } from '../../protocol/mandate/claims.ts';
export type { MandateConstraints, Period } from '../../protocol/mandate/facts.ts';
export type { JwtSigner } from '../../protocol/mandate/jwt.ts';
export {
  type Delegating,
  delegateMandate,
  type MandateOrder,
  type Presenting,
  presentMandate,
} from '../../protocol/mandate/mandate.ts';
export type {
  CaseOutcome,
  Confirmation,
  Firmness,
  NegotiatorView,
  NextStep,
  Offer,
  OfferFacts,
  OperationView,
  Party,
  Reading,
  ReadingView,
  Reason,
  Schedule,
  ScheduleIssue,
  SignedSchedule,
  SignoffView,
  State,
  Terms,
} from '../../protocol/operation.ts';
export type { ReceiptFile } from '../../protocol/receipt/receipt.ts';
export type { Choice } from '../../protocol/schedule.ts';
export type { SignatureAlgorithm, SignKey } from '../../protocol/signature/signature.ts';
export { acceptanceOf } from './acceptance.ts';
export { type AgentKey, loadAgentKey, newAgentKey } from './agent-key.ts';
export { type BuyerMove, type BuyerOptions, buyerMove, type Stood, type Talk } from './buyer.ts';
export { type Buyer, type BuyerMemory, fileMemory, makeBuyer, processMemory } from './buyer-memory.ts';
export type { CallOptions } from './call.ts';
export type { CompanyKeys, KeysWanted } from './company-keys.ts';
export type { BuyerGoals, Goal, Limit } from './goals.ts';
export { fileJournal, type Intent, type Journal, memoryJournal } from './journal.ts';
export { type Commits, mandateLimits } from './mandate-limits.ts';
export { AnswerError, ProblemError } from './problem.ts';
export { makeSignedFetch, type SignedFetch, type SignedFetchOptions } from './signed-fetch.ts';
export type { LimitWhy, TermWhy, Why } from './why.ts';

export interface ClientOptions {
  /** Origin of the company's gateway. */
  readonly gateway: string;
  readonly key: AgentKey;
  readonly journal: Journal;
  readonly clock?: () => Date;
  readonly fetch?: typeof globalThis.fetch;
  /** The longest that a call may take unless told otherwise with it; two minutes. */
  readonly timeoutMs?: number;
}

/** What a gateway says of itself at `/.well-known/parley`. */
export interface Profile extends JsonObject {
  readonly origin: string;
  readonly company: string;
  /** The company's public keys, as a JWK Set has them. */
  readonly keys: readonly JsonObject[];
}

/** Every call takes at last what ends it: {@link CallOptions}. */
export interface Client {
  discover(call?: CallOptions): Promise<Profile>;
  /** Makes this agent's key known to the gateway. Safe to repeat. */
  register(agent: { readonly name: string; readonly contact?: string }, call?: CallOptions): Promise<JsonObject>;
  /** Asks for an action. The idempotency key is made, and the request persisted, before anything is sent. */
  submit(action: string, input: JsonObject, mandate?: string, call?: CallOptions): Promise<OperationView>;
  /** Asks to be told of the company's own offers, for the accounts and actions of the mandate: each is announced to the address with a
   * signed A2A push notification that names the operation. One invitation an agent; a new one replaces the last. */
  invite(
    mandate: string,
    push: { readonly url: string; readonly token?: string },
    call?: CallOptions,
  ): Promise<JsonObject>;
  /** Takes the invitation back. */
  uninvite(call?: CallOptions): Promise<void>;
  counter(operation: string, terms: JsonObject, message?: string, call?: CallOptions): Promise<OperationView>;
  /** Says or asks something in plain words. It is told back as `reading` and binds nobody until one of its `confirm` is sent. */
  say(operation: string, message: string, call?: CallOptions): Promise<OperationView>;
  /** Signs the agreement for exactly these terms, or for the package chosen of the offer's schedule, and accepts the offer. */
  accept(operation: OperationView, offer: Offer, choice?: Choice, call?: CallOptions): Promise<OperationView>;
  withdraw(operation: string, reason?: string, call?: CallOptions): Promise<OperationView>;
  /** A person, now. Always possible. */
  handoff(operation: string, topic: string, message?: string, call?: CallOptions): Promise<OperationView>;
  read(operation: string, call?: CallOptions): Promise<OperationView>;
  /** Waits until it is this agent's turn, the operation has ended or waits for its day (`scheduled`: read it again then), or until `seen`
   * says it has seen enough. People may take hours: it has no end of its own unless `timeoutMs` is given. */
  waitForTurn(operation: string, seen?: (view: OperationView) => boolean, call?: CallOptions): Promise<OperationView>;
  /** The receipt with its log proof (waits for the next checkpoint). */
  receipt(operation: string, call?: CallOptions): Promise<ReceiptFile>;
  /** Sends again what was begun and never answered, e.g. after a crash. However much that is: no end of its own. */
  resume(call?: CallOptions): Promise<number>;
}

const WAIT_SECONDS = 20;
const PROOF_TRIES = 20;
/** Of a call that waits for nobody: a gateway that starts again meanwhile is still reached. */
const CALL_MS_MAX = 120_000;

export function makeClient(options: ClientOptions): Client {
  const { key, journal, timeoutMs = CALL_MS_MAX } = options;
  const clock = options.clock ?? (() => new Date());
  const transport = makeTransport({ gateway: options.gateway, key, clock, fetch: options.fetch ?? globalThis.fetch });
  const newKey = () => `k-${randomBytes(24).toString('base64url')}`;
  const ending = (call: CallOptions | undefined) => endingOf({ timeoutMs, ...call });

  const present = (mandate: string, nonce: string) =>
    presentMandate(mandate, { key, audience: options.gateway, nonce, now: clock() });

  async function send(path: string, body: JsonObject, signal: AbortSignal, idempotencyKey = newKey()) {
    signal.throwIfAborted();
    const intent = { key: idempotencyKey, path, body: JSON.stringify(body) };
    journal.begin(intent);
    return parseView(await carry(intent, signal));
  }

  /** A refusal is an answer too: what was refused is not sent again. */
  async function carry(intent: Intent, signal: AbortSignal): Promise<JsonObject> {
    try {
      const answered = await transport.post({ ...intent, signal });
      journal.end(intent.key);
      return answered;
    } catch (error) {
      if (error instanceof ProblemError && !mayRepeat(error)) journal.end(intent.key);
      throw error;
    }
  }

  async function read(operation: string, signal: AbortSignal, known?: number): Promise<OperationView> {
    const headers: Record<string, string> =
      known === undefined ? {} : { prefer: `wait=${WAIT_SECONDS}`, 'if-none-match': `"${known}"` };
    return parseView(await transport.get({ path: `/operations/${operation}`, headers, signal }));
  }

  return {
    async discover(call) {
      return (await transport.profile({ signal: ending(call) })) as Profile;
    },
    async register(agent, call) {
      const body = JSON.stringify({ ...agent, jwk: key.publicJwk });
      return transport.post({ path: '/agents', body, signal: ending(call) });
    },
    async submit(action, input, mandate, call) {
      const signal = ending(call);
      const idempotencyKey = newKey();
      const presented = mandate === undefined ? {} : { mandate: await present(mandate, idempotencyKey) };
      return send(`/actions/${action}`, { ...presented, input }, signal, idempotencyKey);
    },
    async invite(mandate, push, call) {
      const signal = ending(call);
      const idempotencyKey = newKey();
      const body = JSON.stringify({ mandate: await present(mandate, idempotencyKey), push });
      return transport.post({ path: '/invitations', body, key: idempotencyKey, signal });
    },
    async uninvite(call) {
      await transport.delete({ path: '/invitations', signal: ending(call) });
    },
    say: (operation, message, call) => send(`/operations/${operation}/offers`, { message }, ending(call)),
    counter: (operation, terms, message, call) =>
      send(`/operations/${operation}/offers`, { terms, ...(message === undefined ? {} : { message }) }, ending(call)),
    async accept(view, offer, choice, call) {
      const [{ companyKeys }, signal] = [transport, ending(call)];
      const acceptance = await acceptanceOf(view, offer, {
        gateway: options.gateway,
        key,
        companyKeys,
        choice,
        signal,
      });
      return send(`/operations/${view.id}/accept`, acceptance, signal);
    },
    withdraw: (operation, reason, call) =>
      send(`/operations/${operation}/withdraw`, reason === undefined ? {} : { reason }, ending(call)),
    handoff: (operation, topic, message, call) =>
      send(`/operations/${operation}/handoff`, { topic, ...(message === undefined ? {} : { message }) }, ending(call)),
    read: (operation, call) => read(operation, ending(call)),
    async waitForTurn(operation, seen = () => false, call = {}) {
      const signal = endingOf(call);
      let view = await read(operation, signal);
      while (!isFinalState(view.state) && view.state !== 'scheduled' && view.turn !== 'agent' && !seen(view))
        view = await read(operation, signal, view.version);
      return view;
    },
    async receipt(operation, call) {
      const signal = ending(call);
      for (let tries = 0; ; tries += 1) {
        const file = await transport.get({ path: `/operations/${operation}/receipt`, signal });
        if (file['proof'] !== null || tries >= PROOF_TRIES) return file as unknown as ReceiptFile;
        await sleep(250, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
    async resume(call = {}) {
      const [open, signal] = [journal.unfinished(), endingOf(call)];
      for (const intent of open) {
        await carry(intent, signal).catch((error: unknown) => {
          if (!(error instanceof ProblemError) || mayRepeat(error)) throw error;
        });
      }
      return open.length;
    },
  };
}

function parseView(answer: JsonObject): OperationView {
  if (typeof answer['id'] !== 'string' || typeof answer['state'] !== 'string' || !Array.isArray(answer['next'])) {
    throw new AnswerError('the answer is not an operation');
  }
  // The answer's signature was verified against the company's key: its shape is the company's promise.
  return answer as unknown as OperationView;
}
