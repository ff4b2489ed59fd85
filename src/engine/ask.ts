import type { Refusal } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { StoredAnswer } from '../ports.ts';
import { demandsOf } from './demands.ts';
import { idempotent, withoutKeyBinding } from './idempotent.ts';
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

/** The one way a stranger's request changes anything: idempotency, decision and one durable unit, acknowledged after it. */
export async function answer(world: World, ask: Ask, handle: Handler): Promise<Result<Reply, Refusal>> {
  const strong = strongEnough(world, ask);
  if (!strong.ok) return strong;
  const { verb, target, key } = ask;
  const { nonce } = ask.caller;
  const keyed = { scope: scopeOf(ask), key, content: [verb, target, withoutKeyBinding(ask.body)], nonce };
  const answered = await idempotent(world, keyed, async (keep) => {
    const decided = await handle(world, ask);
    if (!decided.ok) return decided;
    const written = await write(world.store, decided.value, (change) => {
      // A refusal is not an answer to keep: the same request is decided again.
      if (change.refused !== undefined) return nonce === undefined ? {} : { nonce };
      return keep(toAnswer(change, STATUS[verb]));
    });
    if (!written.ok) return written;
    const { committed, change } = written.value;
    if (committed.ok && change.refused !== undefined) return err(change.refused);
    return ok({ committed, answer: toAnswer(change, STATUS[verb]) });
  });
  return answered.ok ? ok({ ...answered.value, operation: operationOf(answered.value, target) }) : answered;
}

/** The operation that an answer is about. */
function operationOf({ body }: StoredAnswer, target: string): string {
  const first: unknown = JSON.parse(body);
  return typeof first === 'object' && first !== null && 'id' in first ? String(first.id) : target;
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

function toAnswer(change: Change, status: number): StoredAnswer {
  return { status, body: JSON.stringify(viewOf(change.next)) };
}
