import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { err, type Result } from '../../protocol/base/result.ts';
import { StoreUnavailable } from '../ports.ts';

/** Room is made by a person, or by what ends; a lock goes by itself. */
const ROOM_RETRY_SECONDS = 10;
const LOCK_RETRY_SECONDS = 2;

/** What a sender is told when the store took nothing of what they asked: nothing was done, and the same request may come again. */
export function unavailableRefusal(error: unknown): Refusal | undefined {
  if (!(error instanceof StoreUnavailable)) return undefined;
  return error.reason === 'full'
    ? { ...refusal('insufficient-storage'), retryAfterSeconds: ROOM_RETRY_SECONDS }
    : { ...refusal('unavailable'), retryAfterSeconds: LOCK_RETRY_SECONDS };
}

/** The task's own answer, or the refusal when the store could not take it. */
export async function orUnavailable<T>(task: () => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
  try {
    return await task();
  } catch (error) {
    const refused = unavailableRefusal(error);
    if (refused === undefined) throw error;
    return err(refused);
  }
}
