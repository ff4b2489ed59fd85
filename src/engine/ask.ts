import { digest } from '../../protocol/canonical.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Claim, StoredAnswer } from '../ports.ts';
import { demandsOf } from './demands.ts';
import { scopeOf } from './operation-id.ts';
import { provenEnough } from './submit.ts';
import { viewOf } from './view.ts';
import { type Ask, actionOf, type Change, type StepResult, type Verb, type World } from './world.ts';
import { write } from './write.ts';

export interface Reply extends StoredAnswer {
  readonly replayed: boolean;
  readonly operation: string;
}

/** What a verb does with a checked ask: decide a change, write nothing. */
export type Handler = (world: World, ask: Ask) => Promise<StepResult>;

const STATUS: Record<Verb, number> = { submit: 202, offers: 200, accept: 200, withdraw: 200, handoff: 202 };
/** A step that loses a race is decided again on the fresh operation; more losses than this mean a livelock. */
const RACES_MAX = 8;

/** The one way a stranger's request changes anything: idempotency, decision and one durable unit, acknowledged after it. */
export async function answer(world: World, ask: Ask, handle: Handler): Promise<Result<Reply, Refusal>> {
  const scope = scopeOf(ask);
  const strong = strongEnough(world, ask);
  if (!strong.ok) return strong;
  const fingerprint = digest([ask.verb, ask.target, withoutKeyBinding(ask.body)]);
  for (let race = 0; race < RACES_MAX; race += 1) {
    const claimed = world.store.claim(scope, ask.key);
    if (claimed !== undefined) return replay(world, ask, claimed, fingerprint);
    const decided = await handle(world, ask);
    if (!decided.ok) return decided;
    const expiresAt = Math.floor(world.clock.now().getTime() / 1000) + LIMITS.idempotencyRetentionSeconds;
    const { nonce } = ask.caller;
    const written = await write(world.store, decided.value, (change) => {
      // A refusal is not an answer to keep: the same request is decided again.
      if (change.refused !== undefined) return nonce === undefined ? {} : { nonce };
      const { status, body } = toReply(change, STATUS[ask.verb]);
      const claim: Claim = { scope, key: ask.key, fingerprint, answer: { status, body }, expiresAt };
      return { ...(nonce === undefined ? {} : { nonce }), claim };
    });
    if (!written.ok) return written;
    const { committed, change } = written.value;
    if (committed.ok && change.refused !== undefined) return err(change.refused);
    if (committed.ok) return ok(toReply(change, STATUS[ask.verb]));
    if (committed.reason === 'replayed') return err(refusal('signature-replayed'));
    if (committed.reason === 'claimed') return settleClaim(world, ask, committed.claim, fingerprint);
  }
  return err(refusal('conflict'));
}

/** Judged before anything is read of the request; {@link submit} judges again what this very request demands. Taking back and calling
 * a person need no strength. */
function strongEnough(world: World, ask: Ask): Result<void, Refusal> {
  if (ask.verb === 'withdraw' || ask.verb === 'handoff') return ok(undefined);
  const operation = ask.verb === 'submit' ? undefined : world.store.operation(ask.target);
  const action = operation === undefined ? world.actions.action(ask.target) : actionOf(world, operation);
  if (action === undefined) return ok(undefined);
  const { risk } = operation === undefined ? action.definition : demandsOf(action, operation.input);
  return provenEnough(ask.caller.proof, risk);
}

/** A retry may bind the same mandate afresh: what is asked, and with whose permission, is what makes it the same request. */
function withoutKeyBinding(body: Json): Json {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { mandate, ...rest } = body as JsonObject;
  return typeof mandate === 'string' ? { ...rest, mandate: mandate.slice(0, mandate.lastIndexOf('~') + 1) } : body;
}

function toReply(change: Change, status: number): Reply {
  return { status, body: JSON.stringify(viewOf(change.next)), replayed: false, operation: change.next.id };
}

async function replay(world: World, ask: Ask, claim: Claim, fingerprint: string): Promise<Result<Reply, Refusal>> {
  const { nonce } = ask.caller;
  if (nonce !== undefined && !(await world.store.spend(nonce))) return err(refusal('signature-replayed'));
  return settleClaim(world, ask, claim, fingerprint);
}

function settleClaim(world: World, ask: Ask, claim: Claim, fingerprint: string): Result<Reply, Refusal> {
  if (claim.fingerprint !== fingerprint) return err(refusal('idempotency-key-reused'));
  if (claim.expiresAt * 1000 <= world.clock.now().getTime()) return err(refusal('idempotency-key-expired'));
  const first: unknown = JSON.parse(claim.answer.body);
  const operation = typeof first === 'object' && first !== null && 'id' in first ? String(first.id) : ask.target;
  return ok({ ...claim.answer, replayed: true, operation });
}
