import type { JsonObject } from '../../protocol/base/json.ts';
import type { Party, State } from '../../protocol/operation.ts';
import { isFinalState } from '../../protocol/operation.ts';
import type { LedgerRecord } from '../ports.ts';
import { mayHaveWritten } from './effects.ts';
import type { Operation } from './operation.ts';
import { hasWritten } from './schedule.ts';

/** The one table of transitions: state → event → next state. Nothing else changes a state. */
export const TRANSITIONS = {
  received: {
    offered: 'negotiating',
    answered: 'completed',
    asked: 'awaiting_signoff',
    cleared: 'authorized',
    refused: 'rejected',
    failed: 'failed',
    stuck: 'needs_human',
  },
  negotiating: {
    countered: 'negotiating',
    offered: 'negotiating',
    said: 'negotiating',
    overtaken: 'negotiating',
    referred: 'negotiating',
    accepted: 'agreed',
    withdrawn: 'withdrawn',
    declined: 'declined',
    expired: 'expired',
  },
  agreed: {
    asked: 'awaiting_signoff',
    cleared: 'authorized',
    refused: 'rejected',
    failed: 'failed',
    withdrawn: 'withdrawn',
    stuck: 'needs_human',
  },
  awaiting_signoff: {
    approved: 'authorized',
    rejected: 'rejected',
    countered: 'negotiating',
    voided: 'agreed',
    withdrawn: 'withdrawn',
    expired: 'expired',
  },
  // `started` is the one way into executing, for the first write, the next one and one that is sent again: it passes the gate.
  authorized: {
    started: 'executing',
    voided: 'agreed',
    refused: 'rejected',
    failed: 'failed',
    scheduled: 'scheduled',
    doubted: 'unknown',
    undoing: 'reversing',
    stuck: 'needs_human',
  },
  // What waits for its day, and passes the gate on it.
  scheduled: {
    started: 'executing',
    scheduled: 'scheduled',
    voided: 'agreed',
    overtaken: 'agreed',
    refused: 'rejected',
    failed: 'failed',
    withdrawn: 'withdrawn',
    cancelled: 'rejected',
    doubted: 'unknown',
    stuck: 'needs_human',
  },
  executing: {
    stepped: 'authorized',
    confirmed: 'completed',
    doubted: 'unknown',
    conflicted: 'agreed',
    failed: 'failed',
    undoing: 'reversing',
    stuck: 'needs_human',
  },
  unknown: { looking: 'reconciling' },
  reconciling: {
    doubted: 'unknown',
    stepped: 'authorized',
    confirmed: 'completed',
    absent: 'authorized',
    stuck: 'needs_human',
  },
  reversing: { stepped: 'reversing', undone: 'reversed', stuck: 'needs_human' },
  needs_human: { confirmed: 'completed', failed: 'failed' },
  completed: {},
  rejected: {},
  declined: {},
  withdrawn: {},
  expired: {},
  handed_off: {},
  failed: {},
  reversed: {},
} as const satisfies Record<State, Partial<Record<string, State>>>;

/** Once a step is written, nothing ends as if it were not: a person's no takes it back, and what cannot go on needs a person. */
const AFTER_WRITING: ReadonlyMap<string, State> = new Map<string, State>([
  ['rejected', 'reversing'],
  ['cancelled', 'reversing'],
  ['refused', 'needs_human'],
  ['failed', 'needs_human'],
  ['expired', 'needs_human'],
]);
const BEFORE_THE_REST: ReadonlySet<State> = new Set<State>(['agreed', 'awaiting_signoff', 'scheduled']);

/** "Human now" is legal in every state. It takes the operation out of the machine's hands where no write can be under way;
 * elsewhere (a write in flight, a part written, a day that is waited for, a final state) the machine finishes its duty and the person is
 * called beside it. */
const HANDOFF_TAKES_OVER: ReadonlySet<State> = new Set<State>([
  'received',
  'negotiating',
  'agreed',
  'awaiting_signoff',
  'authorized',
  'needs_human',
]);

type EventOf<S extends State> = keyof (typeof TRANSITIONS)[S] & string;
export type EngineEvent = { [S in State]: EventOf<S> }[State] | 'handoff' | 'noted' | 'settled';

/** The state an event leads to, or `undefined` where the table has none. */
export function nextState(operation: Pick<Operation, 'state' | 'attempts'>, event: EngineEvent): State | undefined {
  const { state: from } = operation;
  // A person has said what became of a case: what was done stays what it is.
  if (event === 'noted' || event === 'settled') return from;
  if (event === 'handoff') {
    // What may have been written is finished, found or taken back first: an end says what there is.
    return HANDOFF_TAKES_OVER.has(from) && !mayHaveWritten(operation) ? 'handed_off' : from;
  }
  if (BEFORE_THE_REST.has(from) && AFTER_WRITING.has(event) && hasWritten(operation)) return AFTER_WRITING.get(event);
  const row: Partial<Record<string, State>> = TRANSITIONS[from];
  return Object.hasOwn(row, event) ? row[event] : undefined;
}

/** What a transition sets beside the state. `dueAt`: Unix ms when the engine must look again; null when only others can move it. */
export type Patch = Partial<Omit<Operation, 'id' | 'version' | 'state' | 'history' | 'createdAt' | 'updatedAt'>>;

export interface Moved {
  readonly next: Operation;
  readonly expected: number;
  readonly record: LedgerRecord;
}

/** Applies one event. Throws on an event the table does not have: callers check {@link nextState} first where a stranger can cause it.
 * `facts` go into the ledger record: digests and pseudonyms only. */
export function move(
  operation: Operation,
  event: EngineEvent,
  by: Party | 'engine',
  now: Date,
  patch: Patch,
  facts: JsonObject = {},
): Moved {
  const to = nextState(operation, event);
  if (to === undefined) throw new Error(`no transition ${event} from ${operation.state}`);
  const at = now.toISOString();
  const { reading, ...standing } = operation;
  const next: Operation = {
    ...standing,
    ...((event === 'noted' || event === 'settled') && reading !== undefined ? { reading } : {}),
    tries: 0,
    ...(to === 'reversing' ? { dueAt: now.getTime() } : {}),
    ...patch,
    ...(isFinalState(to) || to === 'needs_human' ? { dueAt: null } : {}),
    version: operation.version + 1,
    state: to,
    updatedAt: at,
    history: [...operation.history, { at, from: operation.state, to, event, by }],
  };
  const record: LedgerRecord = {
    type: 'transition',
    at,
    operation: operation.id,
    version: next.version,
    action: operation.action,
    from: operation.state,
    to,
    event,
    by,
    ...facts,
  };
  return { next, expected: operation.version, record };
}
