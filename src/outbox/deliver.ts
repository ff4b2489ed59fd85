import { type Clock, type Log, type Outgoing, PUSH_ENDPOINT } from '../ports.ts';
import type { OutboxStore, Waiting } from './outbox-store.ts';

/** A message as it goes out. */
export interface Rendered {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whose address it is: what goes to an agent's never stands in the way of what goes to the company's. */
  readonly to?: 'agent';
}

/** Makes a message for its endpoint, signed for this try; `undefined` when the endpoint is no more. */
export type Render = (message: Outgoing, now: Date) => Rendered | undefined;

/** Sends one message. Rejects when nothing was answered. */
export type Send = (message: Rendered, signal: AbortSignal) => Promise<Answered>;

export interface Answered {
  readonly status: number;
  /** As it came: somebody else's word. */
  readonly retryAfter?: string | undefined;
}

/** Seconds before each further try (Standard Webhooks, "Retries"): about three days in all. */
const RETRY_SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const JITTER = 0.2;
/** No endpoint puts a message off for longer. */
const RETRY_AFTER_SECONDS_MAX = 86_400;

/** One of the company's endpoints takes this many at once, and waits for nobody else's. */
const AT_ONCE_OF_OURS = 8;
/** All addresses that agents gave, together, and those of one host. */
const AT_ONCE_OF_PEERS = 16;
const AT_ONCE_OF_A_HOST = 2;
/** Looked through, a page at a time, for hosts that are not busy. */
const PAGE = 100;
const PAGES_MAX = 10;

export interface OutboxDeps {
  readonly store: Pick<OutboxStore, 'waitingOutgoing' | 'catchUpOutgoing' | 'settleOutgoing' | 'switchOff' | 'isOff'>;
  /** The company's endpoints, by name. */
  readonly endpoints: readonly string[];
  readonly render: Render;
  readonly send: Send;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

export interface Outbox {
  /** Starts the deliveries that are due and have room. */
  step(): Promise<number>;
  /** Cuts off what is under way: it is sent again after the next start. */
  stop(): Promise<void>;
}

/** Delivers what goes out: at least once, same id on every try, a new timestamp each, until answered 2xx, gone, or exhausted. Every endpoint
 * of the company has a queue of its own; what goes to addresses that agents gave shares another, in which no host takes all. */
export function makeOutbox(deps: OutboxDeps): Outbox {
  const underway = new Map<string, { readonly lane: string; readonly done: Promise<void> }>();
  const ending = new AbortController();
  const busy = (lane: string) => [...underway.values()].filter((each) => each.lane === lane).length;

  function start(message: Waiting, lane: string, rendered: Rendered | undefined): void {
    const done = deliver(deps, ending.signal, message, rendered)
      .catch((error: unknown) =>
        deps.log('webhook.failed', { id: message.id, error: error instanceof Error ? error.message : 'unknown' }),
      )
      .finally(() => underway.delete(message.id));
    underway.set(message.id, { lane, done });
  }

  function stepOurs(endpoint: string, now: Date): number {
    const room = AT_ONCE_OF_OURS - busy(endpoint);
    if (room <= 0) return 0;
    const asked = { nowMs: now.getTime(), endpoint, limit: AT_ONCE_OF_OURS + room };
    const due = deps.store.waitingOutgoing(asked).filter(({ id }) => !underway.has(id));
    const taken = due.slice(0, room);
    for (const message of taken) start(message, endpoint, deps.render(message, now));
    return taken.length;
  }

  function stepPeers(now: Date): number {
    let started = 0;
    let after: Waiting | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const due = deps.store.waitingOutgoing({
        nowMs: now.getTime(),
        endpoint: PUSH_ENDPOINT,
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const message of due) {
        const room =
          AT_ONCE_OF_PEERS - [...underway.values()].filter(({ lane }) => lane.startsWith(PUSH_ENDPOINT)).length;
        if (room <= 0) return started;
        after = message;
        if (underway.has(message.id)) continue;
        const rendered = deps.render(message, now);
        const lane = `${PUSH_ENDPOINT}${rendered === undefined ? '' : hostOf(rendered.url)}`;
        if (busy(lane) >= AT_ONCE_OF_A_HOST) continue;
        start(message, lane, rendered);
        started += 1;
      }
      if (due.length < PAGE) return started;
    }
    return started;
  }

  /** What is for an endpoint that is no longer configured ends here. */
  function endForNobody(nowMs: number): void {
    const known = new Set(deps.endpoints);
    const found = deps.store.waitingOutgoing({ nowMs, endpoint: null, limit: PAGE });
    for (const { endpoint } of found.filter((each) => !known.has(each.endpoint)))
      for (const message of deps.store.waitingOutgoing({ nowMs, endpoint, limit: PAGE }))
        if (!underway.has(message.id)) start(message, endpoint, undefined);
  }

  return {
    async step() {
      if (ending.signal.aborted) return 0;
      const now = deps.clock.now();
      await deps.store.catchUpOutgoing(now.getTime());
      const ours = deps.endpoints.reduce((sum, endpoint) => sum + stepOurs(endpoint, now), 0);
      endForNobody(now.getTime());
      return ours + stepPeers(now);
    },
    async stop() {
      ending.abort();
      await Promise.all([...underway.values()].map(({ done }) => done));
    },
  };
}

async function deliver(
  deps: OutboxDeps,
  signal: AbortSignal,
  message: Waiting,
  rendered: Rendered | undefined,
): Promise<void> {
  const { id, endpoint, attempts } = message;
  const now = deps.clock.now();
  const exhausted = (note: string) => {
    deps.log('webhook.exhausted', { id, endpoint, note });
    return deps.store.settleOutgoing(id, { kind: 'exhausted', at: now, note });
  };
  if (rendered === undefined) return exhausted('the endpoint is no longer configured');
  if (deps.store.isOff(endpoint)) return exhausted('the endpoint is off: it said that it is gone (410)');
  const answer = await deps.send(rendered, signal).catch((): Answered => ({ status: 0 }));
  if (answer.status >= 200 && answer.status < 300)
    return deps.store.settleOutgoing(id, { kind: 'delivered', at: now, note: String(answer.status) });
  if (signal.aborted) return;
  if (answer.status === 410) {
    deps.log('webhook.off', { endpoint });
    await deps.store.switchOff(endpoint, now);
    return exhausted('410');
  }
  const pause = RETRY_SECONDS[attempts];
  if (pause === undefined) return exhausted(String(answer.status));
  const asked = retryAfterSeconds(answer.retryAfter, now);
  const seconds = Math.max(pause * (1 + JITTER * deps.random()), asked);
  const retryAtMs = deps.clock.now().getTime() + Math.round(seconds * 1_000);
  if (attempts === 0)
    deps.log('webhook.retry', { id, endpoint, status: answer.status, at: new Date(retryAtMs).toISOString() });
  return deps.store.settleOutgoing(id, { kind: 'retry', at: now, note: String(answer.status), retryAtMs });
}

/** `Retry-After` (RFC 9110 §10.2.3): seconds or a date, never in the past, never longer than we allow; 0 where it says nothing usable. */
export function retryAfterSeconds(text: string | undefined, now: Date): number {
  if (text === undefined) return 0;
  const date = /^[A-Z]/.test(text) ? Date.parse(text) : Number.NaN;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (date - now.getTime()) / 1_000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), RETRY_AFTER_SECONDS_MAX) : 0;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}
