import { refusal } from '../../protocol/base/errors.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { mayHaveWritten } from './effects.ts';
import type { Operation } from './operation.ts';
import { isSignedByBoth } from './schedule.ts';
import { ownOperation } from './submit.ts';
import { move, nextState } from './transitions.ts';
import type { Ask, StepResult, World } from './world.ts';

/** Why the agent cannot take it back by itself; undefined where it can: until a person or policy has authorised the write, and while an
 * authorised one waits for its day. What both have signed is ended by a person, or as the law or the contract says. */
export function whyKept(operation: Operation): string | undefined {
  if (nextState(operation, 'withdrawn') === undefined) return `The operation is ${operation.state}.`;
  if (mayHaveWritten(operation))
    return 'A part of it is written already. Ask for a human, or for the action that ends it.';
  if (isSignedByBoth(operation))
    return 'Both sides have signed it: it is no longer for one of them to take back. Ask for a human, or for the action that ends it.';
  return undefined;
}

/** The agent takes its request back. */
export async function withdraw(world: World, ask: Ask): Promise<StepResult> {
  const own = ownOperation(world, ask.caller, ask.target);
  if (!own.ok) return own;
  const envelope = world.actions.checkEnvelope('withdraw', ask.body);
  if (!envelope.ok) return envelope;
  const operation = own.value;
  const kept = whyKept(operation);
  if (kept !== undefined) return err(refusal('wrong-state', kept));
  const now = world.clock.now();
  const at = now.toISOString();
  const signoffs = operation.signoffs.map((each) =>
    each.decision === undefined ? { ...each, decision: { kind: 'void' as const, at } } : each,
  );
  const moved = move(operation, 'withdrawn', 'agent', now, { signoffs }, { request: ask.caller.evidence.digest });
  return ok({ next: moved.next, expected: operation.version, records: [moved.record] });
}
