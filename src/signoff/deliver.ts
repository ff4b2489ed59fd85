import type { Clock, Log, Outgoing, Store } from '../ports.ts';

/** A message as it goes out. */
export interface Rendered {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Makes a message for its endpoint, signed for this try; `undefined` when the endpoint is no more. */
export type Render = (message: Outgoing, now: Date) => Rendered | undefined;

/** Sends one message. Rejects when nothing was answered. */
export type Send = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<{ readonly status: number; readonly retryAfterSeconds?: number }>;

/** Seconds before each further try (Standard Webhooks, "Retries"): about three days in all. */
const RETRY_SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const BATCH = 32;
const JITTER = 0.2;

export interface DelivererDeps {
  readonly store: Pick<Store, 'dueOutgoing' | 'settleOutgoing'>;
  readonly render: Render;
  readonly send: Send;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

/** Delivers the outbox: at least once, same id on every try, a new timestamp each, until answered 2xx, gone, or exhausted. */
export function makeDeliverer(deps: DelivererDeps): { step(): Promise<number> } {
  const underway = new Set<string>();

  async function deliver(message: Outgoing & { readonly attempts: number }): Promise<void> {
    const now = deps.clock.now();
    const rendered = deps.render(message, now);
    if (rendered === undefined)
      return deps.store.settleOutgoing(message.id, 'exhausted', 'the endpoint is no longer configured');
    const { url, headers, body } = rendered;
    const answer = await deps.send(url, headers, body).catch(() => ({ status: 0 }));
    if (answer.status >= 200 && answer.status < 300)
      return deps.store.settleOutgoing(message.id, 'delivered', String(answer.status));
    const pause = RETRY_SECONDS[message.attempts];
    if (answer.status === 410 || pause === undefined) {
      deps.log('webhook.exhausted', { id: message.id, endpoint: message.endpoint, status: answer.status });
      return deps.store.settleOutgoing(message.id, 'exhausted', String(answer.status));
    }
    const asked = 'retryAfterSeconds' in answer ? (answer.retryAfterSeconds ?? 0) : 0;
    const seconds = Math.max(pause * (1 + JITTER * deps.random()), asked);
    return deps.store.settleOutgoing(
      message.id,
      { retryAtMs: now.getTime() + Math.round(seconds * 1000) },
      String(answer.status),
    );
  }

  return {
    /** Starts what is due and is not under way; a slow endpoint holds up only its own messages. */
    async step() {
      const due = deps.store.dueOutgoing(deps.clock.now().getTime(), BATCH).filter(({ id }) => !underway.has(id));
      for (const message of due) {
        underway.add(message.id);
        void deliver(message)
          .catch((error: unknown) =>
            deps.log('webhook.failed', { id: message.id, error: error instanceof Error ? error.message : 'unknown' }),
          )
          .finally(() => underway.delete(message.id));
      }
      return due.length;
    },
  };
}
