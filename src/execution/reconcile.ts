import { refusal, toProblem } from '../../protocol/base/errors.ts';
import { type Attempt, type Operation, PLAN_FORMAT } from '../engine/operation.ts';
import { type Moved, move } from '../engine/transitions.ts';
import type { World } from '../engine/world.ts';
import { judgeAbsence } from './absence.ts';
import { gaveUp } from './crm.ts';
import { type Complete, currentStep, doubt, record, withAttempt } from './perform.ts';
import { lookForStep } from './readback.ts';

/** Settles a write of unknown outcome by reading. What is to be sent again goes back to the gate. */
export async function reconcile(world: World, complete: Complete, operation: Operation): Promise<Moved> {
  // Written by a later version of this gateway: it is not guessed at.
  if ((operation.plan?.format ?? PLAN_FORMAT) > PLAN_FORMAT)
    return stuck(world, operation, 'a plan of another version');
  const { step, attempt } = currentStep(operation);
  const seen = await lookForStep(world, operation, step);
  switch (seen.kind) {
    case 'confirmed': {
      const result = attempt.written ?? { state: 'already_applied' as const, ...seen.after };
      return record(world, complete, operation, { ...attempt, result });
    }
    case 'absent':
      return absent(world, operation, attempt);
    case 'differs':
      return stuck(world, operation, 'diverged');
    case 'doubted':
      if (!gaveUp(operation)) return doubt(world, operation, seen);
      // Nothing was sent that could have arrived: it ends as what never began.
      return isOpen(attempt) ? stuck(world, operation, seen.why) : again(world, operation, attempt);
  }
}

async function absent(world: World, operation: Operation, attempt: Attempt): Promise<Moved> {
  const { step } = currentStep(operation);
  const absentAt = world.clock.now().toISOString();
  const judged = await judgeAbsence(world, operation, step, attempt);
  switch (judged.next) {
    case 'again':
      return again(world, operation, { ...attempt, absentAt });
    case 'look':
      return doubt(world, operation, { why: 'not seen yet', absentAt, byMs: judged.untilMs });
    case 'person':
      return stuck(world, operation, judged.why);
  }
}

function again(world: World, operation: Operation, attempt: Attempt): Moved {
  const now = world.clock.now();
  const patch = { attempts: withAttempt(operation, attempt), tries: operation.tries, dueAt: now.getTime() };
  return move(operation, 'absent', 'engine', now, patch, { step: attempt.step });
}

const isOpen = ({ written, doubtedAt }: Attempt) => written !== undefined || doubtedAt !== undefined;

/** A person has to look: the operation waits for them, and nothing is written meanwhile. */
export function stuck(world: World, operation: Operation, why: string): Moved {
  const problem = toProblem(refusal('outcome-unknown'));
  return move(operation, 'stuck', 'engine', world.clock.now(), { problem, dueAt: null }, { why });
}
