import { UnreadableError } from '../../adapters/sdk/unreadable.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { endedBy } from './ended.ts';
import type { Operation } from './operation.ts';
import { scopeOf } from './rules.ts';
import { actionOf, type World } from './world.ts';

/** Whether what the action's definition requires holds, the same for every CRM. Without terms only what speaks of none is judged: the
 * author's words come before anything else that the record does not fit. */
export function meetsRequirements(
  world: Pick<World, 'actions' | 'store'>,
  operation: Operation,
  terms: JsonObject | null,
): Result<void, Refusal> {
  const scope = { ...scopeOf(operation, terms), ended: endedBy(world, operation) };
  for (const { that, otherwise, ofTerms } of actionOf(world, operation)?.rules.requires ?? []) {
    if (ofTerms && terms === null) continue;
    try {
      if (that(scope) !== true) return unmet(otherwise);
    } catch (error) {
      const why = error instanceof UnreadableError ? error.message : 'The record lacks what decides it.';
      return unmet(`It cannot be told whether this stands in the way: ${otherwise} ${why}`);
    }
  }
  return ok(undefined);
}

const unmet = (words: string) => err(refusal('record-unusable', words));
