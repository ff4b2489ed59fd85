import { Agent, type Dispatcher } from 'undici';

export interface Sent {
  readonly method: string;
  readonly path: string;
  /** What a request carries, where it carries text: all that tells a read from a write where everything goes to one address. */
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Stands between the adapter and its CRM: lets a request wait, or answers for the CRM. Undefined lets it through. `again`: the same
 * request once more, whoever still waits for the first; where it cannot be made again, the first one arrives by itself. */
export type Between = (sent: Sent, again?: () => Promise<void>) => Promise<Reply | undefined> | undefined;

/** Sees every request that really leaves, and can let something happen just before the n-th of the next ones. */
export function makeRecorder() {
  const sent: Sent[] = [];
  let hook: { at: number; work: () => Promise<void> } | undefined;
  let between: Between | undefined;
  let heard: ((sent: Sent, reply: Reply) => void) | undefined;
  let dispatched = 0;
  // A simulator may close an idle connection at any moment; that race is not what is judged.
  const agent = new Agent({ pipelining: 0 });
  const dispatcher: Dispatcher = agent.compose((dispatch) => (options, given) => {
    const request = { method: options.method, path: options.path, ...bodyOf(options.body) };
    sent.push(request);
    dispatched += 1;
    const handler = heard === undefined ? given : listening(given, (reply) => heard?.(request, reply));
    const go = () => {
      const { origin = '', method, path, headers, body } = options;
      const again = async () => {
        const copy = {
          origin,
          method,
          path,
          ...(headers == null ? {} : { headers }),
          ...(body == null ? {} : { body }),
        };
        await (await agent.request(copy)).body.dump();
      };
      const answer = between?.(request, again);
      if (answer === undefined) return dispatch(options, handler);
      void answer.then((reply) => (reply === undefined ? dispatch(options, handler) : answering(handler, reply)));
      return true;
    };
    if (hook === undefined || sent.length < hook.at) return go();
    const { work } = hook;
    hook = undefined;
    void work().finally(go);
    return true;
  });
  return {
    dispatcher,
    /** The same for what leaves by another way than HTTP; it waits for this, and nobody answers in its place. */
    async sent(method: string, path: string): Promise<void> {
      const request = { method, path };
      sent.push(request);
      await between?.(request, undefined);
    },
    count: () => sent.length,
    /** How many passed here, where the kit can answer in the CRM’s place. */
    dispatched: () => dispatched,
    since: (mark: number): readonly Sent[] => sent.slice(mark),
    before(nth: number, work: () => Promise<void>) {
      hook = { at: sent.length + nth, work };
    },
    /** Until told otherwise. */
    between(work: Between | undefined) {
      between = work;
    },
    /** What the CRM answers, until told otherwise. */
    hears(told: ((sent: Sent, reply: Reply) => void) | undefined) {
      heard = told;
    },
    close: () => agent.destroy(),
  };
}

const bodyOf = (body: unknown): { body?: string } => (typeof body === 'string' ? { body } : {});

function answering(handler: Dispatcher.DispatchHandler, { status, headers, body }: Reply): void {
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
  handler.onRequestStart?.(controller, {});
  handler.onResponseStart?.(controller, status, { ...headers }, '');
  handler.onResponseData?.(controller, Buffer.from(body));
  handler.onResponseEnd?.(controller, {});
}

/** The same, and tells the whole answer when it has come. */
function listening(handler: Dispatcher.DispatchHandler, tell: (reply: Reply) => void): Dispatcher.DispatchHandler {
  const chunks: Uint8Array[] = [];
  let status = 0;
  let headers: Record<string, string> = {};
  return {
    onRequestStart: (...all) => handler.onRequestStart?.(...all),
    onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
    onResponseStart(controller, code, given, message) {
      status = code;
      headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
      handler.onResponseStart?.(controller, code, given, message);
    },
    onResponseData(controller, chunk) {
      chunks.push(Uint8Array.from(chunk));
      handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd(controller, trailers) {
      tell({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
      handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError: (...all) => handler.onResponseError?.(...all),
  };
}
