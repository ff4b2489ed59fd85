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
import type { Intent, Journal } from './journal.ts';
import { AnswerError, ProblemError } from './problem.ts';
import { makeTransport, mayRepeat } from './transport.ts';

export { type Delegating, delegateMandate, type MandateOrder, presentMandate } from '../../protocol/mandate/mandate.ts';
export { acceptanceOf } from './acceptance.ts';
export { type AgentKey, loadAgentKey, newAgentKey } from './agent-key.ts';
export { type BuyerMove, buyerMove } from './buyer.ts';
export { type Buyer, type BuyerMemory, fileMemory, makeBuyer, processMemory } from './buyer-memory.ts';
export type { BuyerGoals, Goal, Limit } from './goals.ts';
export { fileJournal, type Journal, memoryJournal } from './journal.ts';
export { type Commits, mandateLimits } from './mandate-limits.ts';
export { AnswerError, ProblemError } from './problem.ts';
export { makeSignedFetch, type SignedFetch, type SignedFetchOptions } from './signed-fetch.ts';
export type { Why } from './why.ts';

export interface ClientOptions {
  /** Origin of the company's gateway. */
  readonly gateway: string;
  readonly key: AgentKey;
  readonly journal: Journal;
  readonly clock?: () => Date;
  readonly fetch?: typeof globalThis.fetch;
}

/** What a gateway says of itself at `/.well-known/parley`. */
export interface Profile extends JsonObject {
  readonly origin: string;
  readonly company: string;
}

export interface Client {
  discover(): Promise<Profile>;
  /** Makes this agent's key known to the gateway. Safe to repeat. */
  register(agent: { readonly name: string; readonly contact?: string }): Promise<JsonObject>;
  /** Asks for an action. The idempotency key is made, and the request persisted, before anything is sent. */
  submit(action: string, input: JsonObject, mandate?: string): Promise<OperationView>;
  /** Asks to be told of the company's own offers, for the accounts and actions of the mandate: each is announced to the address with a
   * signed A2A push notification that names the operation. One invitation an agent; a new one replaces the last. */
  invite(mandate: string, push: { readonly url: string; readonly token?: string }): Promise<JsonObject>;
  /** Takes the invitation back. */
  uninvite(): Promise<void>;
  counter(operation: string, terms: JsonObject, message?: string): Promise<OperationView>;
  /** Says or asks something in plain words. It is told back as `reading` and binds nobody until one of its `confirm` is sent. */
  say(operation: string, message: string): Promise<OperationView>;
  /** Signs the agreement for exactly these terms, or for the package chosen of the offer's schedule, and accepts the offer. */
  accept(operation: OperationView, offer: Offer, choice?: Choice): Promise<OperationView>;
  withdraw(operation: string, reason?: string): Promise<OperationView>;
  /** A person, now. Always possible. */
  handoff(operation: string, topic: string, message?: string): Promise<OperationView>;
  read(operation: string): Promise<OperationView>;
  /** Waits until it is this agent's turn, the operation has ended or waits for its day (`scheduled`: read it again then), or until `seen`
   * says it has seen enough. */
  waitForTurn(operation: string, seen?: (view: OperationView) => boolean): Promise<OperationView>;
  /** The receipt with its log proof (waits for the next checkpoint). */
  receipt(operation: string): Promise<ReceiptFile>;
  /** Sends again what was begun and never answered, e.g. after a crash. */
  resume(): Promise<number>;
}

const WAIT_SECONDS = 20;
const PROOF_TRIES = 20;

export function makeClient(options: ClientOptions): Client {
  const { key, journal } = options;
  const clock = options.clock ?? (() => new Date());
  const transport = makeTransport({ gateway: options.gateway, key, clock, fetch: options.fetch ?? globalThis.fetch });
  const newKey = () => `k-${randomBytes(24).toString('base64url')}`;

  const present = (mandate: string, nonce: string) =>
    presentMandate(mandate, { key, audience: options.gateway, nonce, now: clock() });

  async function send(path: string, body: JsonObject, idempotencyKey = newKey()): Promise<OperationView> {
    const intent = { key: idempotencyKey, path, body: JSON.stringify(body) };
    journal.begin(intent);
    return parseView(await carry(intent));
  }

  /** A refusal is an answer too: what was refused is not sent again. */
  async function carry(intent: Intent): Promise<JsonObject> {
    try {
      const answered = await transport.post(intent);
      journal.end(intent.key);
      return answered;
    } catch (error) {
      if (error instanceof ProblemError && !mayRepeat(error)) journal.end(intent.key);
      throw error;
    }
  }

  async function read(operation: string, known?: number): Promise<OperationView> {
    const headers: Record<string, string> =
      known === undefined ? {} : { prefer: `wait=${WAIT_SECONDS}`, 'if-none-match': `"${known}"` };
    return parseView(await transport.get(`/operations/${operation}`, headers));
  }

  return {
    async discover() {
      return (await transport.profile()) as Profile;
    },
    async register(agent) {
      return transport.post({ path: '/agents', body: JSON.stringify({ ...agent, jwk: key.publicJwk }) });
    },
    async submit(action, input, mandate) {
      const idempotencyKey = newKey();
      const presented = mandate === undefined ? {} : { mandate: await present(mandate, idempotencyKey) };
      return send(`/actions/${action}`, { ...presented, input }, idempotencyKey);
    },
    async invite(mandate, push) {
      const idempotencyKey = newKey();
      const body = JSON.stringify({ mandate: await present(mandate, idempotencyKey), push });
      return transport.post({ path: '/invitations', body, key: idempotencyKey });
    },
    async uninvite() {
      await transport.delete('/invitations');
    },
    say: (operation, message) => send(`/operations/${operation}/offers`, { message }),
    counter: (operation, terms, message) =>
      send(`/operations/${operation}/offers`, { terms, ...(message === undefined ? {} : { message }) }),
    async accept(view, offer, choice) {
      const { companyKeys } = transport;
      const acceptance = await acceptanceOf(view, offer, { gateway: options.gateway, key, companyKeys, choice });
      return send(`/operations/${view.id}/accept`, acceptance);
    },
    withdraw: (operation, reason) => send(`/operations/${operation}/withdraw`, reason === undefined ? {} : { reason }),
    handoff: (operation, topic, message) =>
      send(`/operations/${operation}/handoff`, { topic, ...(message === undefined ? {} : { message }) }),
    read: (operation) => read(operation),
    async waitForTurn(operation, seen = () => false) {
      let view = await read(operation);
      while (!isFinalState(view.state) && view.state !== 'scheduled' && view.turn !== 'agent' && !seen(view))
        view = await read(operation, view.version);
      return view;
    },
    async receipt(operation) {
      for (let tries = 0; ; tries += 1) {
        const file = (await transport.get(`/operations/${operation}/receipt`)) as unknown as ReceiptFile;
        if (file.proof !== null || tries >= PROOF_TRIES) return file;
        await sleep(250);
      }
    },
    async resume() {
      const open = journal.unfinished();
      for (const intent of open) {
        await carry(intent).catch((error: unknown) => {
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
