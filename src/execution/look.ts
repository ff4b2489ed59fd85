import { refusal } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { NotSeen, Operation, Seen } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { adapterError, backoff, isPassing } from './crm.ts';
import { readSubjects, withRecords } from './subjects.ts';

/** The operation's records as the CRM has them now. Never throws: what could not be seen says whether another look may help. */
export async function look(world: World, operation: Operation): Promise<Result<Seen, NotSeen>> {
  let reads: Awaited<ReturnType<typeof readSubjects>>;
  try {
    reads = await readSubjects(world, operation);
  } catch (thrown) {
    const error = adapterError(thrown);
    world.log('crm.refused', { operation: operation.id, code: error.code, message: error.message });
    const passing = isPassing(error);
    const dueAt = backoff(world, operation.tries, error.retryAfterMs);
    const seconds = Math.max(1, Math.ceil((dueAt - world.clock.now().getTime()) / 1000));
    const refused = passing
      ? {
          ...refusal('unavailable', 'The company’s system of record cannot be read now. Nothing has changed.'),
          retryAfterSeconds: seconds,
        }
      : refusal('record-unusable', 'The record can no longer be read.');
    return err({ refusal: refused, passing, dueAt });
  }
  if (!reads.ok) return err({ refusal: reads.error, passing: false, dueAt: 0 });
  return ok({ operation: withRecords(operation, reads.value), revision: reads.value[0]?.snapshot.version ?? null });
}
