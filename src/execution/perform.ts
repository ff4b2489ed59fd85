import type { PlanStep, StepResult, Verification } from '../../adapters/sdk/index.ts';
import { refusal, toProblem } from '../../protocol/errors.ts';
import type { Attempt, Operation } from '../engine/operation.ts';
import { type Moved, move, type Patch } from '../engine/transitions.ts';
import type { Change, World } from '../engine/world.ts';
import { adapterError, backoff, crmContext, crmProblem, unread } from './crm.ts';
import { type Judge, makeReady } from './prepare.ts';

/** Ends an operation well: output checked against its schema, receipt signed. */
export type Complete = (operation: Operation, attempts: readonly Attempt[]) => Promise<Moved>;

/** The last gate before the CRM: everything that was true when it was decided must be true now. Records the intent, and holds what
 * is claimed as it is now. */
export async function start(
  world: World,
  judge: Judge,
  complete: Complete,
  from: Operation,
): Promise<Moved & Pick<Change, 'holds'>> {
  let ready: Awaited<ReturnType<typeof makeReady>>;
  try {
    ready = await makeReady(world, from);
  } catch (thrown) {
    return unread(world, from, thrown);
  }
  const now = world.clock.now();
  if (!ready.ok)
    return move(from, 'refused', 'engine', now, { problem: toProblem(ready.error) }, { problem: ready.error.code });
  const { operation, terms, plan: again, holds } = ready.value;
  const shown = operation.plan?.digest;
  const signedOff = operation.signoffs.some(
    ({ planDigest, decision }) => planDigest === again.digest && decision?.kind === 'approved',
  );
  const verdict = judge(operation, again.plan, terms);
  if (again.digest !== shown || (verdict.required && !signedOff)) {
    return move(
      operation,
      'voided',
      'engine',
      now,
      { dueAt: now.getTime() },
      { plan: again.digest, shown: shown ?? null },
    );
  }
  const first = again.plan.steps[0];
  const attempts: Attempt[] = first === undefined ? [] : [{ step: first.id, intentAt: now.toISOString() }];
  const started = move(
    operation,
    'started',
    'engine',
    now,
    { attempts, dueAt: now.getTime() },
    { plan: again.digest, step: first?.id ?? null },
  );
  if (first !== undefined) return { ...started, holds };
  // Nothing to write: the record already is as agreed.
  const done = await complete(started.next, []);
  return { ...done, expected: operation.version, holds };
}

/** Carries out the step whose intent is recorded, reads it back, and records the outcome. */
export async function carryOut(world: World, complete: Complete, operation: Operation): Promise<Moved> {
  const { step, attempt } = currentStep(operation);
  let result: StepResult;
  let seen: Verification;
  try {
    result = await world.crm.execute(crmContext(world, operation), step);
    seen = await world.crm.verify(crmContext(world, operation), step);
  } catch (thrown) {
    return failed(world, operation, thrown);
  }
  if (seen.state !== 'applied') return doubt(world, operation, `read-back: ${seen.state}`);
  return record(world, complete, operation, { ...attempt, result });
}

/** After the effect of a step is known: the next step's intent, or the end. */
async function record(world: World, complete: Complete, operation: Operation, done: Attempt): Promise<Moved> {
  const attempts = operation.attempts.map((attempt) => (attempt.step === done.step ? done : attempt));
  const steps = operation.plan?.plan.steps ?? [];
  const next = steps[attempts.length];
  if (next === undefined) return complete(operation, attempts);
  const now = world.clock.now();
  const patch: Patch = {
    attempts: [...attempts, { step: next.id, intentAt: now.toISOString() }],
    dueAt: now.getTime(),
  };
  return move(operation, 'stepped', 'engine', now, patch, { step: next.id });
}

/** A step whose effect was found by reading but is not yet followed. */
export async function finishStep(world: World, complete: Complete, operation: Operation): Promise<Moved> {
  return record(world, complete, operation, currentStep(operation).attempt);
}

function failed(world: World, operation: Operation, thrown: unknown): Moved {
  const error = adapterError(thrown);
  const now = world.clock.now();
  world.log('crm.step_failed', { operation: operation.id, code: error.code, message: error.message });
  const applied = operation.attempts.some(({ result }) => result !== undefined);
  switch (error.code) {
    case 'unknown_outcome':
    case 'bug':
      return doubt(world, operation, error.code);
    case 'retryable':
    case 'rate_limited':
    case 'unauthorised':
      // Not written, says the adapter; still, the next try begins by reading.
      return move(
        operation,
        'doubted',
        'engine',
        now,
        { tries: operation.tries + 1, dueAt: backoff(world, operation.tries, error.retryAfterMs) },
        {
          crm: error.code,
        },
      );
    case 'conflict':
      return applied
        ? undo(operation, now, error.code)
        : move(operation, 'conflicted', 'engine', now, { attempts: [], dueAt: now.getTime() }, { crm: error.code });
    case 'invalid':
    case 'forbidden':
    case 'not_found':
    case 'unsupported':
      return applied
        ? undo(operation, now, error.code)
        : move(operation, 'failed', 'engine', now, { problem: crmProblem(error) }, { crm: error.code });
  }
}

function undo(operation: Operation, now: Date, code: string): Moved {
  const problem = toProblem(
    refusal('record-unusable', 'A later step could not be carried out; the earlier ones are being reversed.'),
  );
  return move(operation, 'undoing', 'engine', now, { problem, dueAt: now.getTime() }, { crm: code });
}

export function doubt(world: World, operation: Operation, why: string): Moved {
  const now = world.clock.now();
  return move(
    operation,
    'doubted',
    'engine',
    now,
    { tries: operation.tries + 1, dueAt: backoff(world, operation.tries) },
    { why },
  );
}

export function currentStep(operation: Operation): { step: PlanStep; attempt: Attempt } {
  const attempt = operation.attempts.at(-1);
  const step = operation.plan?.plan.steps.find(({ id }) => id === attempt?.step);
  if (attempt === undefined || step === undefined) throw new Error('executing without an intent');
  return { step, attempt };
}
