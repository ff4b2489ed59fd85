/** What an operation has, or may have, left in the CRM. */
import type { Operation } from './operation.ts';
import { hasWritten } from './schedule.ts';

/** Whether the CRM may have something of this operation: what was written, or sent without an answer. */
export function mayHaveWritten({ attempts }: Pick<Operation, 'attempts'>): boolean {
  return attempts.some(
    ({ result, written, doubtedAt }) => result !== undefined || written !== undefined || doubtedAt !== undefined,
  );
}

/** Whether an operation that has ended may have left something in the CRM: what ended between its steps has an effect, whatever its end is
 * called, and a person who took over while nobody knew whether a write had happened still does not know. */
export function mayLeaveEffect({ state, attempts }: Pick<Operation, 'state' | 'attempts'>): boolean {
  if (state === 'completed') return true;
  if (state === 'reversed') return false;
  return state === 'handed_off' ? mayHaveWritten({ attempts }) : hasWritten({ attempts });
}
