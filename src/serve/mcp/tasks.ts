/** The Tasks extension (SEP-2663, `io.modelcontextprotocol/tasks`, 2026-07-28) over operations. A task is how one call looks at an
 * operation: it keeps nothing of its own, so it survives whatever the operation survives. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { isFinalState } from '../../../protocol/operation.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import type { Keys } from '../../ports.ts';
import { secretFor } from '../secret.ts';
import { inWords } from '../words.ts';
import { asToolCall, operationResult } from './results.ts';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
const POLL_INTERVAL_MS = 2_000;

/** Names the operation and the moment of the call: only what happened since settles the task. */
export interface TaskId {
  readonly operation: string;
  /** Unix milliseconds. */
  readonly since: number;
}

/** A MAC of this many bytes makes an id that nobody guesses. */
const MAC_BYTES = 16;
const FORM = /^(op_[0-9a-f-]{36})\.(\d{13})\.([\w-]{22})$/;

export type TaskIds = ReturnType<typeof makeTaskIds>;

/** An id is unguessable and its caller's alone by a MAC over all three, so that nothing has to be kept to know it again. */
export function makeTaskIds(keys: Pick<Keys, 'sign'>) {
  const secret = secretFor('MCP task id', keys);
  const macOf = ({ operation, since }: TaskId, owner: string): string => {
    const mac = createHmac('sha256', secret).update(`${owner} ${operation} ${since}`).digest();
    return mac.subarray(0, MAC_BYTES).toString('base64url');
  };
  return {
    write: (id: TaskId, owner: string): string => `${id.operation}.${id.since}.${macOf(id, owner)}`,

    read(text: unknown, owner: string): TaskId | undefined {
      const [, operation = '', since, given = ''] = FORM.exec(typeof text === 'string' ? text : '') ?? [];
      const id = { operation, since: Number(since) };
      const isOurs = operation !== '' && timingSafeEqual(Buffer.from(given), Buffer.from(macOf(id, owner)));
      return isOurs ? id : undefined;
    },
  };
}

/** Whether the call has its result: it became the agent's turn, the operation ended, it waits for its day, or a person took it. Once true, true for ever. */
export function isDone(operation: Operation, since: number): boolean {
  return operation.history.some(
    ({ at, to, by }) =>
      Date.parse(at) >= since &&
      (isFinalState(to) || to === 'needs_human' || to === 'scheduled' || (to === 'negotiating' && by !== 'agent')),
  );
}

/** `Task` with what its status carries. */
export function taskOf(operation: Operation, since: number, taskId: string): JsonObject {
  const done = isDone(operation, since);
  const status = operation.state === 'withdrawn' ? 'cancelled' : done ? 'completed' : 'working';
  return {
    taskId,
    status,
    statusMessage: inWords(viewOf(operation), asToolCall),
    createdAt: new Date(since).toISOString(),
    lastUpdatedAt: operation.updatedAt,
    ttlMs: LIMITS.operationRetentionSeconds * 1000,
    pollIntervalMs: POLL_INTERVAL_MS,
    ...(status === 'completed' ? { result: JSON.parse(JSON.stringify(operationResult(operation))) } : {}),
  };
}
