/** What is agreed for a later day and kept here until then. */
import type { PlanStep, Ref } from '../../adapters/sdk/index.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { laterFields, recordName } from './dealings.ts';
import type { Operation } from './operation.ts';
import { actionOf, type World } from './world.ts';

/** Nothing waits for a day that is further away. */
const MEMORY_MS = 2 * 366 * 86_400_000;

/** The record with what others have agreed on for it, for an action whose rules know of such; what the CRM has itself stands. */
export function withLater(
  world: Pick<World, 'actions' | 'store' | 'clock'>,
  operation: Operation,
  { ref, data }: { readonly ref: Ref; readonly data: JsonObject },
): JsonObject {
  if (actionOf(world, operation)?.rules.sharesWhileScheduled !== true) return data;
  const record = recordName(ref.type, ref.value);
  const since = world.clock.now().getTime() - MEMORY_MS;
  const ids = new Set(world.store.dealings({ by: 'record', value: record, since }).map((each) => each.operation));
  const later = [...ids].flatMap((id) => {
    const other = id === operation.id ? undefined : world.store.operation(id);
    return other?.state === 'scheduled' ? [laterFields(undone(other), record)] : [];
  });
  const lacking = Object.entries(Object.assign({}, ...later) as JsonObject).filter(
    ([field]) => (data[field] ?? null) === null,
  );
  return lacking.length === 0 ? data : { ...data, ...Object.fromEntries(lacking) };
}

function undone({ plan, attempts }: Operation): readonly PlanStep[] {
  const done = new Set(attempts.flatMap(({ step, result }) => (result === undefined ? [] : [step])));
  return plan?.plan.steps.filter(({ id }) => !done.has(id)) ?? [];
}
