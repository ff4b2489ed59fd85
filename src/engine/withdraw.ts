import { refusal } from '../../protocol/errors.ts';
import { err, ok } from '../../protocol/result.ts';
import { ownOperation } from './submit.ts';
import { move, nextState } from './transitions.ts';
import type { Ask, StepResult, World } from './world.ts';

/** The agent takes its request back: possible until a person or policy has authorised the write. */
export async function withdraw(world: World, ask: Ask): Promise<StepResult> {
  const own = ownOperation(world, ask.caller.keyid, ask.target);
  if (!own.ok) return own;
  const envelope = world.actions.checkEnvelope('withdraw', ask.body);
  if (!envelope.ok) return envelope;
  const operation = own.value;
  if (nextState(operation, 'withdrawn') === undefined)
    return err(refusal('wrong-state', `The operation is ${operation.state}.`));
  const now = world.clock.now();
  const at = now.toISOString();
  const signoffs = operation.signoffs.map((each) =>
    each.decision === undefined ? { ...each, decision: { kind: 'void' as const, at } } : each,
  );
  const moved = move(operation, 'withdrawn', 'agent', now, { signoffs }, { request: ask.caller.evidence.digest });
  return ok({ next: moved.next, expected: operation.version, records: [moved.record] });
}
