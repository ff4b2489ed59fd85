/** What binds an operation takes of what there is only so much of: judged here with what is left, and by the store in the transaction. */
import type { Refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import type { Operation } from '../engine/operation.ts';
import { recordHolds } from '../engine/record-holds.ts';
import { actionOf, type World } from '../engine/world.ts';
import type { HoldSet } from '../ports.ts';
import { committedTotal } from './authority.ts';
import { holdsOfClaims, readClaims } from './claims.ts';
import { holdsOfMandate } from './mandate-holds.ts';

export function holdsOf(
  world: Pick<World, 'store' | 'actions' | 'clock' | 'settings'>,
  operation: Operation,
  terms: JsonObject | null,
): Result<readonly HoldSet[], Refusal> {
  const claims = readClaims(world, operation, terms);
  const claimed = claims.ok ? holdsOfClaims(operation, claims.value) : claims;
  if (!claimed.ok) return claimed;
  // A person is reached under a permission that is used up, too, and uses none of it.
  if (actionOf(world, operation)?.definition.mandate === 'none')
    return ok([recordHolds(world, operation), ...claimed.value]);
  const mandated = holdsOfMandate(world, operation, committedTotal(world, operation, terms));
  return mandated.ok ? ok([recordHolds(world, operation), ...claimed.value, ...mandated.value]) : mandated;
}
