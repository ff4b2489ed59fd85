import { Agent, type Dispatcher } from 'undici';

export interface Sent {
  readonly method: string;
  readonly path: string;
}

/** Sees every request that really leaves, and can let something happen just before the n-th of the next ones. */
export function makeRecorder() {
  const sent: Sent[] = [];
  let hook: { at: number; work: () => Promise<void> } | undefined;
  // A simulator may close an idle connection at any moment; that race is not what is judged.
  const agent = new Agent({ pipelining: 0 });
  const dispatcher: Dispatcher = agent.compose((dispatch) => (options, handler) => {
    sent.push({ method: options.method, path: options.path });
    if (hook === undefined || sent.length < hook.at) return dispatch(options, handler);
    const { work } = hook;
    hook = undefined;
    void work().finally(() => dispatch(options, handler));
    return true;
  });
  return {
    dispatcher,
    /** The same for what leaves by another way than HTTP. */
    sent: (method: string, path: string): void => void sent.push({ method, path }),
    count: () => sent.length,
    since: (mark: number): readonly Sent[] => sent.slice(mark),
    before(nth: number, work: () => Promise<void>) {
      hook = { at: sent.length + nth, work };
    },
    close: () => agent.destroy(),
  };
}
