/** Steps whose day has not come, and what becomes of them on it. */
import { essenceOf } from '../../adapters/sdk/dated.ts';
import type { Plan, PlanStep } from '../../adapters/sdk/index.ts';
import { digest } from '../../protocol/base/canonical.ts';
import type { ProblemCode, Refusal } from '../../protocol/base/errors.ts';
import type { Operation } from '../engine/operation.ts';
import { doneSteps, hasWritten, isSignedByBoth, type Schedule, scheduleOf } from '../engine/schedule.ts';
import { type Moved, move } from '../engine/transitions.ts';
import { notify, type World } from '../engine/world.ts';
import type { Outgoing } from '../ports.ts';
import { adapterError, crmProblem, isPassing, unread } from './crm.ts';

/** A CRM that is down on the day is waited for this long before a person is called. */
const LATE_MS_MAX = 3 * 86_400_000;
const WAIT_MS_MIN = 1_000;
const WAIT_MS_MAX = 3_600_000;

/** Lets an operation wait for the day of its next step. */
export function putOff(operation: Operation, schedule: Schedule, now: Date): Moved {
  const dueAt = Math.max(Date.parse(schedule.at), now.getTime());
  const tries = dueAt > now.getTime() ? 0 : operation.tries;
  return move(operation, 'scheduled', 'engine', now, { schedule, dueAt, tries }, { on: schedule.on });
}

/** The day that a step has and that has not come. */
export function dayToWaitFor(world: World, step: PlanStep | undefined): Schedule | undefined {
  const schedule = scheduleOf(step, world.settings.timeZone);
  return schedule !== undefined && Date.parse(schedule.at) > world.clock.now().getTime() ? schedule : undefined;
}

/** What has a day of its own and follows on another write, or waited before, goes by the gate of that day, even where it has come. */
export function waitsForItsDay(world: World, operation: Operation, next: PlanStep | undefined): Moved | undefined {
  const { state, schedule: before } = operation;
  if (state === 'scheduled') {
    const day = dayToWaitFor(world, next);
    return day === undefined ? undefined : putOff(operation, day, world.clock.now());
  }
  const schedule = scheduleOf(next, world.settings.timeZone);
  if (schedule === undefined || (before === undefined && !hasWritten(operation))) return undefined;
  return putOff(operation, schedule, world.clock.now());
}

/** Whether what is left to do is what was agreed on, whoever moved the record's version meanwhile. */
export function isAsAgreed(operation: Operation, again: Plan): boolean {
  const done = new Set(doneSteps(operation).map(({ id }) => id));
  const left = ({ steps }: Plan) => digest(steps.filter(({ id }) => !done.has(id)).map(essenceOf));
  return operation.plan !== undefined && left(operation.plan.plan) === left(again);
}

/** Both sides count on it, or a part of it is there: it does not just end. */
const isCountedOn = (operation: Operation): boolean => isSignedByBoth(operation) || hasWritten(operation);

/** What the record has become since, or who else has it. Whoever may no longer ask is refused, whatever was signed. */
const OF_THE_RECORD: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'not-found',
  'record-unusable',
  'terms-invalid',
  'record-busy',
  'claim-exceeded',
  'already-claimed',
  'offer-unavailable',
]);

/** Whether the gate's no ends with a person. */
export function isForPerson(operation: Operation, { code }: Refusal): boolean {
  return operation.state === 'scheduled' && isCountedOn(operation) && OF_THE_RECORD.has(code);
}

/** What a failed reading means on the day: the CRM is waited for, for days; what was promised and cannot be done is for a person. */
export function unreadOnItsDay(world: World, operation: Operation, thrown: unknown): Moved {
  const error = adapterError(thrown);
  const now = world.clock.now();
  const isLate = now.getTime() - Date.parse(operation.schedule?.at ?? operation.updatedAt) > LATE_MS_MAX;
  if (isPassing(error) && !isLate) {
    world.log('crm.refused', { operation: operation.id, code: error.code, message: error.message });
    const tries = operation.tries + 1;
    const dueAt = now.getTime() + Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(tries, 16));
    return move(operation, 'noted', 'engine', now, { tries, dueAt }, { crm: error.code });
  }
  if (!isPassing(error) && !isCountedOn(operation)) return unread(world, operation, error);
  world.log('crm.refused', { operation: operation.id, code: error.code, message: error.message });
  return move(operation, 'stuck', 'engine', now, { problem: crmProblem(error) }, { crm: error.code });
}

/** What happens to what waits for its day, or on it, happens unwatched: the company is told. */
export function newsOf(world: World, before: Operation, next: Operation): Outgoing[] {
  const { id, action, state, schedule, dueAt, updatedAt } = next;
  const on = schedule?.on ?? '';
  if (state === 'scheduled' && before.state !== state && (dueAt ?? 0) > Date.parse(updatedAt))
    return notify(world, 'operation.scheduled', { operation: id, action, on });
  const fails = before.state === 'scheduled' && (state === 'rejected' || state === 'failed');
  return fails ? notify(world, 'operation.not_carried_out', { operation: id, action, on, state }) : [];
}
