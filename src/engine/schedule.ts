/** Steps that wait for their day, and operations of which a part is written and a part is not. */
import type { PlanStep } from '../../adapters/sdk/index.ts';
import { startOfDay } from '../../protocol/base/zone.ts';
import type { MandateFacts } from '../../protocol/mandate/mandate.ts';
import type { Attempt, Operation } from './operation.ts';

/** Whether any step is known to be written. */
export function hasWritten({ attempts }: Pick<Operation, 'attempts'>): boolean {
  return attempts.some(({ result }) => result !== undefined);
}

/** The step as it was, or is to be, sent. */
export function stepAs({ plan }: Pick<Operation, 'plan'>, { step, as }: Attempt): PlanStep | undefined {
  return as ?? plan?.plan.steps.find(({ id }) => id === step);
}

/** The steps that are written, as they were sent. */
export function doneSteps(operation: Pick<Operation, 'plan' | 'attempts'>): readonly PlanStep[] {
  return operation.attempts.flatMap((attempt) =>
    attempt.result === undefined ? [] : (stepAs(operation, attempt) ?? []),
  );
}

/** The steps that have no effect yet. */
export function leftSteps({ plan, attempts }: Pick<Operation, 'plan' | 'attempts'>): readonly PlanStep[] {
  const done = new Set(attempts.flatMap(({ step, result }) => (result === undefined ? [] : [step])));
  return plan?.plan.steps.filter(({ id }) => !done.has(id)) ?? [];
}

export type Schedule = NonNullable<Operation['schedule']>;

/** The day a step waits for; undefined for one that is for now. That its day has come is decided by its own gate. */
export function scheduleOf(step: PlanStep | undefined, timeZone: string): Schedule | undefined {
  const on = step?.not_before;
  if (on === undefined) return undefined;
  return { on, at: new Date(startOfDay({ day: on, timeZone })).toISOString(), timeZone };
}

/** A step in one sentence, with its day. */
export function inWords({ summary, not_before: on }: PlanStep): string {
  return on === undefined ? summary : `On ${on}: ${summary}`;
}

/** When it was first put off to a later day: until then everything it rests on had to be in force. */
function putOffAt({ history }: Operation): number | undefined {
  const first = history.find(({ to }) => to === 'scheduled');
  return first === undefined ? undefined : Date.parse(first.at);
}

/** The mandate as it is to be judged: what it was agreed under while it was in force does not lapse by waiting for the day it was agreed
 * for. A revocation ends it all the same. */
export function mandateOf(operation: Operation, now: Date): MandateFacts | null {
  const { mandate } = operation;
  return lasting(mandate, { from: putOffAt(operation), now });
}

/** The mandate as one that has not run out, where it was in force at that time. */
export function lasting(
  mandate: MandateFacts | null,
  { from, now }: { readonly from: number | undefined; readonly now: Date },
): MandateFacts | null {
  if (mandate === null || from === undefined || from >= mandate.expiresAt * 1_000) return mandate;
  return { ...mandate, expiresAt: Math.max(mandate.expiresAt, Math.floor(now.getTime() / 1_000) + 1) };
}

/** Whether both sides have signed: from then on one side alone does not take it back. */
export function isSignedByBoth({ agreement }: Pick<Operation, 'agreement'>): boolean {
  return (agreement?.signatures.length ?? 0) > 1;
}
