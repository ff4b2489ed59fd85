/** The Tasks extension (SEP-2663, `io.modelcontextprotocol/tasks`, 2026-07-28) over operations. A task is how one call looks at an
 * operation: it keeps nothing of its own, so it survives whatever the operation survives. */
import type { JsonObject } from '../../../protocol/json.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { isFinalState } from '../../../protocol/operation.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import { inWords } from '../words.ts';
import { operationResult } from './results.ts';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
const POLL_INTERVAL_MS = 2_000;

/** Names the operation and the moment of the call: only what happened since settles the task. */
export interface TaskId {
  readonly operation: string;
  /** Unix milliseconds. */
  readonly since: number;
}

export function taskId({ operation, since }: TaskId): string {
  return `${operation}.${since}`;
}

export function parseTaskId(text: unknown): TaskId | undefined {
  const [, operation, since] = /^(op_[0-9a-f-]{36})\.(\d{13})$/.exec(typeof text === 'string' ? text : '') ?? [];
  return operation === undefined ? undefined : { operation, since: Number(since) };
}

/** Whether the call has its result: it became the agent's turn, the operation ended, or a person took it. Once true, true for ever. */
export function isDone(operation: Operation, since: number): boolean {
  return operation.history.some(
    ({ at, to, by }) =>
      Date.parse(at) >= since && (isFinalState(to) || to === 'needs_human' || (to === 'negotiating' && by !== 'agent')),
  );
}

/** `Task` with what its status carries. */
export function taskOf(operation: Operation, id: TaskId): JsonObject {
  const done = isDone(operation, id.since);
  const status = operation.state === 'withdrawn' ? 'cancelled' : done ? 'completed' : 'working';
  return {
    taskId: taskId(id),
    status,
    statusMessage: inWords(viewOf(operation)),
    createdAt: new Date(id.since).toISOString(),
    lastUpdatedAt: operation.updatedAt,
    ttlMs: LIMITS.operationRetentionSeconds * 1000,
    pollIntervalMs: POLL_INTERVAL_MS,
    ...(status === 'completed' ? { result: JSON.parse(JSON.stringify(operationResult(operation))) } : {}),
  };
}
