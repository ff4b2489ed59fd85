import type { Scope } from '../../adapters/sdk/expression.ts';
import { isDay, momentOf } from '../../adapters/sdk/values.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { startOfDay } from '../../protocol/base/zone.ts';
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
  const thenAt = actionOf(world, operation)?.rules.thenAt;
  if (thenAt === undefined) return scope;
  const since = momentIn(operation, () => thenAt(scope));
  return { ...scope, records_then: Number.isNaN(since) ? scope.records : recordsBefore(world, operation, since) };
}

/** A day begins where the company is. Where no time can be told the records are as they are: a field that is not needed stops nothing. */
function momentIn({ zone = 'UTC' }: Operation, evaluate: () => Json | undefined): number {
  try {
    const at = evaluate();
    return isDay(at) ? startOfDay({ day: at, timeZone: zone }) : momentOf(at);
  } catch {
    return Number.NaN;
  }
}
