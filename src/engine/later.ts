/** What is agreed for a later day and kept here until then. */
import type { Ref } from '../../adapters/sdk/index.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { laterFields, recordName } from './dealings.ts';
import type { Operation } from './operation.ts';
import { leftSteps } from './schedule.ts';
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
  const later = scheduledOn(world, { record, except: operation.id }).map((other) =>
    laterFields(leftSteps(other), record),
  );
  const lacking = Object.entries(Object.assign({}, ...later) as JsonObject).filter(
    ([field]) => (data[field] ?? null) === null,
  );
  return lacking.length === 0 ? data : { ...data, ...Object.fromEntries(lacking) };
}

/** The other operations that wait for their day with this record. */
export function scheduledOn(
  { store, clock }: Pick<World, 'store' | 'clock'>,
  { record, except }: { readonly record: string; readonly except: string },
): readonly Operation[] {
  const dealings = store.dealings({ by: 'record', value: record, since: clock.now().getTime() - MEMORY_MS });
  return [...new Set(dealings.map(({ operation }) => operation))].flatMap((id) => {
    const other = id === except ? undefined : store.operation(id);
    return other?.state === 'scheduled' ? [other] : [];
  });
}
