import { type Refusal, refusal, toProblem } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { commitment } from '../engine/commitment.ts';
import type { Operation } from '../engine/operation.ts';
import { personsReason } from '../engine/persons-words.ts';
import { hasWritten } from '../engine/schedule.ts';
import { move, nextState } from '../engine/transitions.ts';
import { type Change, notify, type World } from '../engine/world.ts';

/** A person of the company takes back what waits for its day. What of it is written already is reversed. The customer is told why. */
export function cancel(
  world: World,
  operation: Operation,
  { reason, approver }: { readonly reason: string; readonly approver: string },
): Result<Change, Refusal> {
  if (nextState(operation, 'cancelled') === undefined)
    return err(refusal('wrong-state', `The operation is ${operation.state}: nothing of it waits for a day.`));
  if (operation.attempts.some(({ result, doubtedAt }) => result === undefined && doubtedAt !== undefined))
    return err(refusal('conflict', 'It is being carried out just now. Look again in a moment.'));
  const told = personsReason(reason);
  if (!told.ok) return told;
  const why = told.value;
  const now = world.clock.now();
  const { on = '' } = operation.schedule ?? {};
  const problem = toProblem(refusal('forbidden', `A person at the company cancelled it before ${on}: ${why}`));
  const facts = {
    on,
    approver: commitment(operation.salt, approver),
    reason: commitment(operation.salt, why),
    written: hasWritten(operation),
  };
  const moved = move(operation, 'cancelled', 'person', now, { problem }, facts);
  return ok({
    next: moved.next,
    expected: operation.version,
    records: [moved.record],
    outgoing: notify(world, 'operation.cancelled', { operation: operation.id, action: operation.action, on }),
  });
}
