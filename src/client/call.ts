/** How long a call of the client may take, and what ends it sooner. */
export interface CallOptions {
  /** Ends the call at once, with its reason. What was sent may have arrived: the journal keeps it, and `resume` sends it again. */
  readonly signal?: AbortSignal;
  /** The longest that the call may take in all, in milliseconds (`Infinity`: no end). It then throws a `TimeoutError`. */
  readonly timeoutMs?: number;
}

/** What a call goes on until, all of it together. */
export function endingOf({ signal, timeoutMs = Number.POSITIVE_INFINITY }: CallOptions): AbortSignal {
  const ends = [signal, Number.isFinite(timeoutMs) ? AbortSignal.timeout(timeoutMs) : undefined];
  return AbortSignal.any(ends.filter((each) => each !== undefined));
}

/** The promise, unless the wait for it ends first. What is waited for may be others' too: it goes on. */
export async function unlessEnded<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
