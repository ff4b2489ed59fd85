import type { AdapterError, AdapterErrorCode, StepResult } from '../../adapters/sdk/index.ts';
import { adapterError } from './crm.ts';

/** What the call that writes says of the write, and nothing else may. */
export type WriteOutcome =
  /** The CRM's own answer. It is an effect once it was read back. */
  | { readonly kind: 'written'; readonly result: StepResult }
  | { readonly kind: 'not_written'; readonly reason: 'final' | 'passing' | 'conflict'; readonly error: AdapterError }
  | { readonly kind: 'unknown'; readonly error: AdapterError };

const MEANING: Readonly<Record<AdapterErrorCode, 'final' | 'passing' | 'conflict' | 'unknown'>> = {
  retryable: 'passing',
  rate_limited: 'passing',
  unauthorised: 'passing',
  conflict: 'conflict',
  invalid: 'final',
  forbidden: 'final',
  not_found: 'final',
  unsupported: 'final',
  unknown_outcome: 'unknown',
  // Nobody knows how far it came.
  bug: 'unknown',
};

/** Makes one write. Only what this very call throws may say that nothing was written. */
export async function write(call: () => Promise<StepResult>): Promise<WriteOutcome> {
  try {
    return { kind: 'written', result: await call() };
  } catch (thrown) {
    const error = adapterError(thrown);
    const meaning = MEANING[error.code];
    return meaning === 'unknown' ? { kind: 'unknown', error } : { kind: 'not_written', reason: meaning, error };
  }
}
