import type { JsonObject } from '../../protocol/base/json.ts';
import type { PlanStep, StepResult } from './index.ts';
import { PAYLOAD_FORMAT, seenPayloadOf } from './payload.ts';

/** The change that takes back what a step changed: the values from before, only where nobody has written since, under a key of its own.
 * Undefined for a step that changes nothing that was there. */
export function undoStep(step: PlanStep, done: StepResult): PlanStep | undefined {
  const { update } = seenPayloadOf(step);
  if (update === null) return undefined;
  const changes = step.changes
    .filter(({ ref }) => ref.type === update.type && ref.value === update.id)
    .map((change) => ({ ...change, from: change.to, to: change.from }));
  const values: JsonObject = Object.fromEntries(changes.map(({ field, to }) => [field, to]));
  return {
    ...step,
    changes,
    preconditions: [{ ref: { type: update.type, by: 'id', value: update.id }, version: done.version }],
    idempotencyKey: `${step.idempotencyKey}:undo`,
    payload: {
      format: PAYLOAD_FORMAT,
      update: { ...update, values, seen: { marker: step.idempotencyKey } },
      create: null,
      note: null,
    },
  };
}
