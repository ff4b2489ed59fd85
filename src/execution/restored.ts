import type { PlanStep } from '../../adapters/sdk/index.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { type Look, lookForStep } from './readback.ts';

/** After an older copy of the records was put back, what the CRM was asked to do since that copy is known to the CRM alone. An operation
 * of the copy is looked up by its key before its first write, and so is a new one for as long as it may be a lost one, repeated with its
 * Idempotency-Key (and therefore with the same key in the CRM). Undefined: there is nothing to look for. */
export async function lookBefore(world: World, operation: Operation, step: PlanStep): Promise<Look | undefined> {
  const { restoredAt } = world.settings;
  if (restoredAt === undefined) return undefined;
  const isOfCopy = Date.parse(operation.createdAt) < restoredAt;
  const mayBeRepeated = world.clock.now().getTime() < restoredAt + LIMITS.idempotencyRetentionSeconds * 1_000;
  // Where no key is kept, a new write cannot be told from a lost one.
  const isKept = world.crm.manifest.capabilities.some(
    ({ action, idempotency }) => action === operation.action && idempotency !== 'none',
  );
  return isOfCopy || (mayBeRepeated && isKept) ? lookForStep(world, operation, step) : undefined;
}
