/** Waits for work to end, and no longer than this. */
export function within(ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const end = (then: () => void) => {
      clearTimeout(timer);
      then();
    };
    work.then(
      () => end(resolve),
      (error: unknown) => end(() => reject(error instanceof Error ? error : new Error('failed'))),
    );
  });
}
