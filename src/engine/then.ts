import type { Scope } from '../../adapters/sdk/expression.ts';
import { momentOf } from '../../adapters/sdk/values.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { recordsBefore } from './baseline.ts';
import type { Operation } from './operation.ts';
import { scopeOf } from './rules.ts';
import { actionOf, type World } from './world.ts';

/** What a definition's terms and claims see: where it names a time, also the records as they were before what was agreed through us since. */
export function scopeThen(
  world: Pick<World, 'actions' | 'store'>,
  operation: Operation,
  terms: JsonObject | null,
): Scope {
  const scope = scopeOf(operation, terms);
  const at = actionOf(world, operation)?.rules.thenAt?.(scope);
  if (at === undefined) return scope;
  const since = momentOf(at);
  return Number.isNaN(since) ? scope : { ...scope, records_then: recordsBefore(world, operation, since) };
}
