import { PROBLEMS, type Refusal, refusal, toProblem } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { commitment } from '../engine/commitment.ts';
import type { Operation, Signoff } from '../engine/operation.ts';
import { decidedAgainst, personsWords } from '../engine/persons-words.ts';
import { hasWritten } from '../engine/schedule.ts';
import { move, type Patch } from '../engine/transitions.ts';
import { type Change, notify, type World } from '../engine/world.ts';
import { type Approver, checkDecision, type Decision } from './decide.ts';

export interface DecideDeps {
  /** Whether all that the operation's authority rests on still stands. */
  readonly mayCarryOut: (operation: Operation) => Promise<Result<unknown, Refusal>>;
  readonly countersign: (operation: Operation) => Promise<Operation['agreement']>;
  readonly personCounters: (
    operation: Operation,
    counter: { readonly terms: JsonObject; readonly message: string; readonly patch: Patch },
  ) => Promise<Result<Change, Refusal>>;
}

/** A person's decision, from the page or from a signed webhook answer: the same rules, the same table. */
export async function decide(
  world: World,
  deps: DecideDeps,
  operation: Operation,
  decision: Decision,
  approver: Approver,
  via: 'page' | 'webhook',
): Promise<Result<Change | 'already', Refusal>> {
  const now = world.clock.now();
  const checked = checkDecision(operation, decision, approver, now);
  if (!checked.ok) return checked;
  if (checked.value.repeated) return ok('already');
  const at = now.toISOString();
  const words = personsWords(decision.message);
  if (!words.ok) return words;
  const message = words.value;
  if (message !== '' && decision.kind === 'approved')
    return err(refusal('schema-violation', 'A message for the customer goes with a rejection or a counter-offer.'));
  const made: NonNullable<Signoff['decision']> = {
    kind: decision.kind,
    at,
    by: approver.id,
    via,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    ...(message === '' ? {} : { message }),
  };
  const signoffs = operation.signoffs.map((each) =>
    each.id === decision.signoff ? { ...each, decision: made } : each,
  );
  const outgoing = notify(world, 'signoff.decided', {
    signoff: decision.signoff,
    operation: operation.id,
    decision: decision.kind,
  });
  const facts = {
    signoff: decision.signoff,
    plan: decision.planDigest,
    approver: commitment(operation.salt, approver.id),
    via,
  };
  switch (decision.kind) {
    case 'approved': {
      // Nobody approves what could not be carried out: they are told why, and may still reject or call for the customer.
      const stands = await deps.mayCarryOut(operation);
      if (!stands.ok) return err(toApprover(stands.error));
      const agreement = await deps.countersign(operation);
      const patch = { signoffs, dueAt: now.getTime(), ...(agreement === undefined ? {} : { agreement }) };
      const moved = move(operation, 'approved', 'person', now, patch, facts);
      return ok({ next: moved.next, expected: operation.version, records: [moved.record], outgoing });
    }
    case 'rejected': {
      const problem = toProblem(refusal('forbidden', decidedAgainst(message)));
      const told = message === '' ? facts : { ...facts, message: commitment(operation.salt, message) };
      const moved = move(operation, 'rejected', 'person', now, { signoffs, problem }, told);
      return ok({ next: moved.next, expected: operation.version, records: [moved.record], outgoing });
    }
    case 'countered': {
      if (hasWritten(operation))
        return err(
          refusal(
            'wrong-state',
            'A part of it is written: approve what is left, or reject it to take back what is written.',
          ),
        );
      if (decision.terms === undefined) return err(refusal('terms-invalid', 'A counter-offer needs terms.'));
      const changed = await deps.personCounters(operation, { terms: decision.terms, message, patch: { signoffs } });
      return changed.ok ? ok({ ...changed.value, outgoing }) : changed;
    }
  }
}

/** A sign-off that was not given in time is a rejection, never an approval. */
export function expireSignoff(world: World, operation: Operation): Change {
  const now = world.clock.now();
  const signoffs = operation.signoffs.map((each) =>
    each.decision === undefined ? { ...each, decision: { kind: 'expired' as const, at: now.toISOString() } } : each,
  );
  const problem = toProblem(refusal('signoff-void', 'Nobody signed off in time. Ask for a human, or submit again.'));
  const moved = move(operation, 'expired', 'engine', now, { signoffs, problem });
  return {
    next: moved.next,
    expected: operation.version,
    records: [moved.record],
    outgoing: notify(world, 'signoff.expired', { operation: operation.id }),
  };
}

/** An agent's refusal in words for the person who cannot approve; what cannot be read now may be in a moment. */
function toApprover(error: Refusal): Refusal {
  if (error.code === 'unavailable' || error.code === 'mandate-unverifiable') return error;
  return refusal('authority-ended', error.detail ?? PROBLEMS[error.code][1]);
}
