import type { PlanStep, StepResult } from '../../adapters/sdk/index.ts';
import type { Attempt, Operation, Phases } from '../engine/operation.ts';
import { stepAs } from '../engine/schedule.ts';
import { type Moved, move, type Patch } from '../engine/transitions.ts';
import type { World } from '../engine/world.ts';
import { judgeAbsence } from './absence.ts';
import { backoff, crmContext, gaveUp } from './crm.ts';
import { withAttempt } from './perform.ts';
import { lookForReversal, readBackOf } from './readback.ts';
import { stuck } from './reconcile.ts';
import { write } from './write.ts';

/** A step that is to be taken back, and how far that has come. */
interface Undoing {
  readonly step: PlanStep;
  readonly attempt: Attempt;
  readonly done: StepResult;
  readonly phases: Phases;
}

/** Takes back what earlier steps wrote, last first, after a later one was refused for good: for each an intent, a write and a look.
 * It passes no gate: half of what was agreed on is what nobody gave leave for, and who revokes a mandate wants it gone as much as we do. */
export async function reverse(world: World, operation: Operation, continuing: boolean): Promise<Moved> {
  const attempt = operation.attempts.findLast(
    ({ result, reversal }) => result !== undefined && reversal?.result === undefined,
  );
  const now = world.clock.now();
  if (attempt?.result === undefined) {
    const steps = operation.attempts.filter(({ reversal }) => reversal?.result !== undefined).length;
    return move(operation, 'undone', 'engine', now, {}, { steps });
  }
  const step = stepAs(operation, attempt);
  if (step === undefined || world.crm.compensate === undefined) return stuck(world, operation, 'not reversible');
  const { reversal, result: done } = attempt;
  if (reversal === undefined) return intend(world, operation, attempt, {});
  const undoing = { step, attempt, done, phases: reversal };
  if (!isUnderWay(reversal)) return lookFor(world, operation, undoing);
  if (continuing) return takeBack(world, operation, undoing);
  // The process that had the intent is gone: it may have been sent.
  return lookFor(world, operation, { ...undoing, phases: { ...reversal, doubtedAt: now.toISOString() } });
}

/** An intent that nothing is known of yet. */
const isUnderWay = ({ intentAt, doubtedAt = '', written }: Phases) => written === undefined && doubtedAt < intentAt;

function intend(world: World, operation: Operation, attempt: Attempt, before: Partial<Phases>): Moved {
  const now = world.clock.now();
  const intentAt = now.toISOString();
  const again = before.doubtedAt === undefined ? {} : { resentAt: intentAt };
  const reversal = { ...before, intentAt, ...again };
  return stepped(world, operation, { ...attempt, reversal }, { tries: operation.tries, dueAt: now.getTime() });
}

async function takeBack(world: World, operation: Operation, undoing: Undoing): Promise<Moved> {
  const { step, attempt, done, phases } = undoing;
  const { crm } = world;
  const outcome = await write(async () => {
    if (crm.compensate === undefined) throw new Error('an adapter lost its compensate');
    return crm.compensate(crmContext(world, operation), step, done);
  });
  const now = world.clock.now();
  switch (outcome.kind) {
    case 'written': {
      const { result } = outcome;
      const back = readBackOf(await lookForReversal(world, operation, step, done));
      if (back.kind === 'confirmed') return taken(world, operation, attempt, { ...phases, result });
      return doubted(world, operation, attempt, { ...phases, written: result }, { why: back.why });
    }
    case 'unknown':
      return doubted(
        world,
        operation,
        attempt,
        { ...phases, doubtedAt: now.toISOString() },
        { why: outcome.error.code },
      );
    case 'not_written': {
      const { reason, error } = outcome;
      if (reason !== 'passing' || gaveUp(operation)) return stuck(world, operation, error.code);
      // This try sent nothing; what an earlier one left open stays so.
      const { reversal: _intent, ...rest } = attempt;
      const { doubtedAt } = phases;
      const next = doubtedAt === undefined ? rest : { ...attempt, reversal: { ...phases, intentAt: doubtedAt } };
      const dueAt = backoff(world, operation.tries, error.retryAfterMs);
      const patch = { attempts: withAttempt(operation, next), tries: operation.tries + 1, dueAt };
      return move(operation, 'noted', 'engine', now, patch, { crm: error.code });
    }
  }
}

/** A reversal of unknown outcome is settled by reading, like every write. */
async function lookFor(world: World, operation: Operation, undoing: Undoing): Promise<Moved> {
  const { step, attempt, done, phases } = undoing;
  const seen = await lookForReversal(world, operation, step, done);
  const now = world.clock.now();
  switch (seen.kind) {
    case 'confirmed': {
      const result = phases.written ?? { state: 'already_applied' as const, ...seen.after };
      return taken(world, operation, attempt, { ...phases, result });
    }
    case 'differs':
      return stuck(world, operation, 'diverged');
    case 'doubted':
      return gaveUp(operation) ? stuck(world, operation, seen.why) : doubted(world, operation, attempt, phases, seen);
    case 'absent': {
      const judged = await judgeAbsence(world, operation, step, phases);
      const looked = { ...phases, absentAt: now.toISOString() };
      if (judged.next === 'again') return intend(world, operation, attempt, looked);
      if (judged.next === 'person' || gaveUp(operation))
        return stuck(world, operation, judged.next === 'person' ? judged.why : 'not seen');
      return doubted(world, operation, attempt, looked, { why: 'not seen yet', byMs: judged.untilMs });
    }
  }
}

function taken(world: World, operation: Operation, attempt: Attempt, reversal: Phases): Moved {
  return stepped(world, operation, { ...attempt, reversal }, { dueAt: world.clock.now().getTime() });
}

function stepped(world: World, operation: Operation, attempt: Attempt, patch: Patch): Moved {
  const attempts = withAttempt(operation, attempt);
  return move(operation, 'stepped', 'engine', world.clock.now(), { ...patch, attempts }, { step: attempt.step });
}

function doubted(
  world: World,
  operation: Operation,
  attempt: Attempt,
  reversal: Phases,
  { why, retryAfterMs, byMs = Number.POSITIVE_INFINITY }: { why: string; retryAfterMs?: number; byMs?: number },
): Moved {
  const dueAt = Math.min(backoff(world, operation.tries, retryAfterMs), byMs);
  const attempts = withAttempt(operation, { ...attempt, reversal });
  const patch = { attempts, tries: operation.tries + 1, dueAt };
  return move(operation, 'noted', 'engine', world.clock.now(), patch, { why });
}
