import { AdapterError, type PlanStep } from '../../adapters/sdk/index.ts';
import { digest } from '../../protocol/base/canonical.ts';
import { type Refusal, refusal, toProblem } from '../../protocol/base/errors.ts';
import { isRight } from '../engine/demands.ts';
import type { Attempt, Operation } from '../engine/operation.ts';
import { heldRefusal, recordHolds } from '../engine/record-holds.ts';
import { isUnclear } from '../engine/requirements.ts';
import { leftSteps, stepAs } from '../engine/schedule.ts';
import { type Moved, move, type Patch } from '../engine/transitions.ts';
import type { Change, World } from '../engine/world.ts';
import type { Held } from '../ports.ts';
import { isGone, settledAt } from './absence.ts';
import { waitsFor } from './authority.ts';
import { backoff, crmContext, crmProblem, endOf, mayTryAgain, unread, wait } from './crm.ts';
import { passGate } from './gate.ts';
import { mayTakeBack, undone } from './overtake.ts';
import type { Judge } from './prepare.ts';
import { lookForStep, readBackOf } from './readback.ts';
import { lookBefore } from './restored.ts';
import { dayToWaitFor, isForPerson, putOff, unreadOnItsDay, waitsForItsDay } from './schedule.ts';
import { type WriteOutcome, write } from './write.ts';

/** Ends an operation well: output checked against its schema, receipt signed. */
export type Complete = (operation: Operation, attempts: readonly Attempt[]) => Promise<Moved>;

/** Passes the last gate before the CRM and records the intent of the next write: the first step that has no result, or the day it waits
 * for; on that day the gate is passed with a fresh plan. Holds what is claimed as it is now. */
export async function start(
  world: World,
  judge: Judge,
  complete: Complete,
  from: Operation,
): Promise<Moved & Pick<Change, 'holds'>> {
  const given = givenUp(world, from);
  if (given !== undefined) return given;
  const waits = waitsForItsDay(world, from, leftSteps(from)[0]);
  if (waits !== undefined) return { ...waits, holds: [recordHolds(world, from, true)] };
  let gate: Awaited<ReturnType<typeof passGate>>;
  try {
    gate = await passGate(world, judge, from);
  } catch (thrown) {
    const moved = from.state === 'scheduled' ? unreadOnItsDay(world, from, thrown) : unread(world, from, thrown);
    return moved.next.state === from.state ? moved : withoutEffect(world, from, moved);
  }
  const now = world.clock.now();
  if (!gate.open && gate.event === 'refused') {
    const why = waitsFor(from, gate.error);
    return why === undefined ? shutOut(world, from, gate.error) : wait(world, from, why);
  }
  if (!gate.open)
    return withoutEffect(world, from, move(from, 'voided', 'engine', now, { dueAt: now.getTime() }, gate.facts));
  const { operation, holds } = gate;
  const { plan } = operation;
  const next = leftSteps(operation)[0];
  const schedule = from.state === 'scheduled' ? undefined : dayToWaitFor(world, next);
  if (schedule !== undefined) {
    const others = holds.filter(({ kind }) => kind !== 'record');
    return {
      ...putOff(operation, schedule, world.clock.now()),
      holds: [...others, recordHolds(world, operation, true)],
    };
  }
  const facts = { plan: plan?.digest ?? null, step: next?.id ?? null };
  const patch: Patch = {
    attempts: next === undefined ? effective(operation.attempts) : begun(operation, gate.step ?? next, now),
    dueAt: now.getTime(),
  };
  // A CRM that fails again and again is not tried for ever because of what went well in between.
  const started = move(operation, 'started', 'engine', now, { ...patch, tries: operation.tries }, facts);
  if (next !== undefined) return { ...started, holds };
  // Nothing to write: the record already is as agreed.
  const done = await complete(started.next, started.next.attempts);
  return { ...done, expected: operation.version, holds };
}

/** A write that the CRM did not make in all its tries. What was agreed for a later day is a person's then. */
function givenUp(world: World, from: Operation): Moved | undefined {
  if (
    from.state !== 'authorized' ||
    mayTryAgain(world, from) ||
    from.attempts.every(({ result }) => result !== undefined)
  )
    return undefined;
  const problem = toProblem(refusal('not-carried-out'));
  const event = from.schedule === undefined ? 'failed' : 'stuck';
  return withoutEffect(world, from, move(from, event, 'engine', world.clock.now(), { problem }, { why: 'gave up' }));
}

/** Others hold what it would. On its day another request on the record may be open for a moment: that is waited for. */
export function heldOff(world: World, from: Operation, held: Held): Moved {
  if (from.state === 'scheduled' && held.kind === 'record')
    return unreadOnItsDay(world, from, new AdapterError('retryable', 'Another request on the record is open.'));
  return shutOut(world, from, heldRefusal(world, from, held));
}

/** The end of an operation whose next write nobody may make any more. */
function shutOut(world: World, from: Operation, error: Refusal): Moved {
  const [patch, facts] = [{ problem: toProblem(error) }, { problem: error.code }];
  const isPersons = isForPerson(from, error) || (isUnclear(error) && isRight(world, from));
  const end = move(from, isPersons ? 'stuck' : 'refused', 'engine', world.clock.now(), patch, facts);
  return withoutEffect(world, from, end, error);
}

/** The attempts with the next write's intent as the last. A write that may have been sent before is sent again knowingly. */
function begun({ attempts, plan }: Operation, step: PlanStep, now: Date): Attempt[] {
  const at = now.toISOString();
  const { id } = step;
  const before = attempts.find((each) => each.step === id);
  // On its day as it was planned then.
  const agreed = plan?.plan.steps.find((each) => each.id === id);
  const as = agreed !== undefined && digest(agreed) === digest(step) ? {} : { as: step };
  const again = before?.doubtedAt === undefined ? {} : { resentAt: at };
  return [...attempts.filter((each) => each.step !== id), { ...before, step: id, ...as, intentAt: at, ...again }];
}

/** Carries out the step whose intent is recorded, reads it back, and records the outcome. */
export async function carryOut(world: World, complete: Complete, operation: Operation): Promise<Moved> {
  const { step, attempt } = currentStep(operation);
  const earlier = await lookBefore(world, operation, step);
  if (earlier?.kind === 'confirmed')
    return record(world, complete, operation, { ...attempt, result: { state: 'already_applied', ...earlier.after } });
  if (earlier !== undefined && earlier.kind !== 'absent')
    return doubt(world, operation, { why: `after a restore: ${earlier.kind}` });
  const outcome = await write(() => world.crm.execute(crmContext(world, operation), step));
  switch (outcome.kind) {
    case 'written': {
      const { result } = outcome;
      const back = readBackOf(await lookForStep(world, operation, step));
      if (back.kind === 'confirmed') return record(world, complete, operation, { ...attempt, result });
      return doubt(world, operation, { why: back.why, written: result });
    }
    case 'unknown':
      told(world, operation, outcome);
      return doubt(world, operation, { why: outcome.error.code, isLost: true });
    case 'not_written':
      told(world, operation, outcome);
      return notWritten(world, operation, outcome);
  }
}

/** A write found under way that nobody waits for any more: an earlier process died, or lost a race. */
export function interrupted(world: World, operation: Operation): Moved {
  return doubt(world, operation, { why: 'interrupted', isLost: true });
}

/** After the effect of a step is known: on to the next one, or the end. */
export async function record(world: World, complete: Complete, operation: Operation, done: Attempt): Promise<Moved> {
  const attempts = operation.attempts.map((attempt) => (attempt.step === done.step ? done : attempt));
  const next = leftSteps({ ...operation, attempts })[0];
  if (next === undefined) return complete(operation, effective(attempts));
  const now = world.clock.now();
  return move(operation, 'stepped', 'engine', now, { attempts, dueAt: now.getTime() }, { step: done.step });
}

const effective = (attempts: readonly Attempt[]) => attempts.filter(({ result }) => result !== undefined);

/** A step whose effect is recorded and not yet followed. */
export async function finishStep(world: World, complete: Complete, operation: Operation): Promise<Moved> {
  return record(world, complete, operation, currentStep(operation).attempt);
}

function notWritten(
  world: World,
  operation: Operation,
  { reason, error }: Extract<WriteOutcome, { kind: 'not_written' }>,
): Moved {
  const now = world.clock.now();
  const facts = { crm: error.code };
  // Not written, says the CRM; still, the next try begins by reading.
  if (reason === 'passing' && mayTryAgain(world, operation))
    return doubt(world, operation, { why: error.code, retryAfterMs: error.retryAfterMs });
  if (reason === 'conflict')
    return withoutEffect(
      world,
      operation,
      move(operation, 'conflicted', 'engine', now, { dueAt: now.getTime() }, facts),
    );
  return withoutEffect(
    world,
    operation,
    move(operation, endOf(world, operation), 'engine', now, { problem: crmProblem(error) }, facts),
  );
}

/** An end, or a new beginning, of an operation that has left nothing in the CRM. Where it may have, that is settled first; where it
 * has, that is taken back. */
function withoutEffect(world: World, operation: Operation, end: Moved, why?: Refusal): Moved {
  const now = world.clock.now();
  const open = operation.attempts.find((each) => each.result === undefined && !isGone(world, operation, each));
  if (open !== undefined) {
    const dueAt = Math.max(now.getTime(), settledAt(world, operation, open));
    return move(operation, 'doubted', 'engine', now, { tries: operation.tries, dueAt }, { why: 'not settled' });
  }
  const written = effective(operation.attempts);
  const attempts = [...written, ...operation.attempts.flatMap((each) => settled(each, now))];
  // What is left is planned anew on the records as they are now: good work is not taken back for it.
  if (end.next.state === 'agreed') return { ...end, next: { ...end.next, attempts } };
  if (written.length > 0 && !mayTakeBack(world, operation, why)) {
    const { problem } = end.next;
    const facts = { event: end.record['event'] ?? null };
    return move(operation, 'stuck', 'engine', now, problem === undefined ? {} : { problem }, facts);
  }
  if (written.length > 0) {
    const problem = end.next.problem ?? undone();
    return move(
      operation,
      'undoing',
      'engine',
      now,
      { problem, dueAt: now.getTime() },
      { event: end.record['event'] ?? null },
    );
  }
  return { ...end, next: { ...end.next, attempts } };
}

/** What is kept of a write that came to nothing: whether it was sent twice, whatever is planned next. */
function settled({ step, intentAt, doubtedAt, resentAt, result }: Attempt, now: Date): Attempt[] {
  if (result !== undefined) return [];
  if (doubtedAt === undefined && resentAt === undefined) return [];
  return [{ step, intentAt, resentAt: resentAt ?? now.toISOString() }];
}

export interface Doubt {
  readonly why: string;
  /** No answer came: it may have been written, or may yet be. */
  readonly isLost?: boolean;
  readonly written?: Attempt['written'];
  readonly absentAt?: string;
  readonly retryAfterMs?: number | undefined;
  /** Unix ms: looked at again by then at the latest. */
  readonly byMs?: number;
}

export function doubt(world: World, operation: Operation, { why, retryAfterMs, byMs, ...told }: Doubt): Moved {
  const now = world.clock.now();
  const { attempt } = currentStep(operation);
  const { written, absentAt, isLost } = told;
  const seen: Attempt = {
    ...attempt,
    ...(isLost === true ? { doubtedAt: now.toISOString() } : {}),
    ...(written === undefined ? {} : { written }),
    ...(absentAt === undefined ? {} : { absentAt }),
  };
  const dueAt = Math.min(backoff(world, operation.tries, retryAfterMs), byMs ?? Number.POSITIVE_INFINITY);
  const patch = { attempts: withAttempt(operation, seen), tries: operation.tries + 1, dueAt };
  return move(operation, 'doubted', 'engine', now, patch, { why });
}

export function withAttempt({ attempts }: Operation, seen: Attempt): Attempt[] {
  return attempts.map((each) => (each.step === seen.step ? seen : each));
}

export function currentStep(operation: Operation): { step: PlanStep; attempt: Attempt } {
  const attempt = operation.attempts.at(-1);
  const step = attempt === undefined ? undefined : stepAs(operation, attempt);
  if (attempt === undefined || step === undefined) throw new Error('executing without an intent');
  return { step, attempt };
}

function told(world: World, operation: Operation, { error }: Exclude<WriteOutcome, { kind: 'written' }>): void {
  world.log('crm.step_failed', { operation: operation.id, code: error.code, message: error.message });
}
