import type { Outgoing } from '../ports.ts';

export interface Waiting extends Outgoing {
  readonly attempts: number;
}

export interface WaitingOf {
  readonly nowMs: number;
  /** One of the company's; {@link PUSH_ENDPOINT} for all that agents gave; null for one of each endpoint of the company's. */
  readonly endpoint: string | null;
  readonly limit: number;
  /** Of those that agents gave: where the last page ended. */
  readonly after?: Pick<Waiting, 'id' | 'dueAt'>;
}

/** What became of a try. */
export type Settled =
  | { readonly kind: 'delivered' | 'exhausted'; readonly at: Date; readonly note: string }
  | { readonly kind: 'retry'; readonly at: Date; readonly note: string; readonly retryAtMs: number };

export interface DeadLetter {
  readonly id: string;
  readonly endpoint: string;
  readonly type: string;
  readonly attempts: number;
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly note: string;
}

/** What became of a message. */
export interface Letter {
  readonly state: 'waiting' | 'delivered' | 'exhausted';
  readonly attempts: number;
  /** When it was put in, or last tried: RFC 3339 UTC. */
  readonly at: string;
  /** The status that the last try was answered with; `0`: no answer. */
  readonly note: string;
}

/** What waits to go out, and what was never taken. One implementation for SQLite: `src/store/outgoing-sqlite.ts`. */
export interface OutboxStore {
  /** What is due, the earliest first. */
  waitingOutgoing(of: WaitingOf): readonly Waiting[];
  /** What was put off while the clock was ahead is due now. */
  catchUpOutgoing(nowMs: number): Promise<void>;
  settleOutgoing(id: string, settled: Settled): Promise<void>;
  /** Nothing more goes to an endpoint that said that it is gone, until somebody sends it something again. */
  switchOff(endpoint: string, at: Date): Promise<void>;
  isOff(endpoint: string): boolean;
  letter(id: string): Letter | undefined;
  /** What was tried to the end and not taken, the newest first. */
  deadLetters(limit: number): readonly DeadLetter[];
  /** Sends one again, or all of an endpoint; how many. */
  sendAgain(idOrEndpoint: string, nowMs: number): Promise<number>;
}
