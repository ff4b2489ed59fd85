import { UnreadableError } from '../../adapters/sdk/unreadable.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { agreedOffer } from '../engine/agreement.ts';
import type { Operation } from '../engine/operation.ts';
import { evaluated } from '../engine/rules.ts';
import { scopeThen } from '../engine/then.ts';
import { actionOf, type World } from '../engine/world.ts';

/** What is to be carried out: the agreed terms, or where nothing is negotiated the definition's own, made from the request and the
 * records; null for an action that has none. */
export function termsOf(
  world: Pick<World, 'actions' | 'store'>,
  operation: Operation,
): Result<JsonObject | null, Refusal> {
  const agreed = agreedOffer(operation)?.terms;
  if (agreed !== undefined) return ok(agreed);
  return standardTerms(world, operation);
}

export function standardTerms(
  world: Pick<World, 'actions' | 'store'>,
  operation: Operation,
): Result<JsonObject | null, Refusal> {
  const action = actionOf(world, operation);
  const standard = action?.rules.standardTerms ?? null;
  if (action === undefined || standard === null) return ok(null);
  const unfit = (why = 'The request does not fit the record.') => err(refusal('record-unusable', why));
  try {
    const checked = action.checkTerms(evaluated(standard, scopeThen(world, operation, null)));
    return checked.ok ? checked : unfit();
  } catch (error) {
    return unfit(error instanceof UnreadableError ? error.message : undefined);
  }
}
