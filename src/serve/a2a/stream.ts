/** An operation's life as A2A events, read from its durable history: it goes on wherever a stream was cut off. */
import type { StreamResponse } from '@a2a-js/sdk';
import { isFinalState } from '../../../protocol/operation.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Operations } from '../operations.ts';
import { artifactsOf, contextOf, scopeOf, statusOf, taskOf } from './task.ts';

/** A stream is closed after this; the agent subscribes again. */
const STREAM_MS_MAX = 600_000;
const LOOK_MS = 15_000;

/** The task as it is, then every change until `stop` (it is the agent's turn, or the end). */
export async function* eventsOf(
  operations: Operations,
  operation: Operation,
  stop: (seen: Operation) => boolean,
  signal: AbortSignal,
): AsyncGenerator<StreamResponse, void, undefined> {
  const until = performance.now() + STREAM_MS_MAX;
  let seen = operation;
  yield { payload: { $case: 'task', value: taskOf(seen) } };
  while (!isFinalState(seen.state) && !stop(seen) && !signal.aborted && performance.now() < until) {
    const next = await operations.beyond(seen, seen.version, LOOK_MS);
    // A gateway that stops has no more news: the agent subscribes again, to the next one.
    if (next.version === seen.version && operations.ended) return;
    if (next.version === seen.version) continue;
    const isNew = next.state !== seen.state || next.history.length !== seen.history.length;
    seen = next;
    if (!isNew) continue;
    if (isFinalState(seen.state)) yield* artifactEvents(seen);
    yield statusEvent(seen);
  }
}

export function statusEvent(operation: Operation): StreamResponse {
  const value = {
    taskId: operation.id,
    contextId: contextOf(operation),
    status: statusOf(operation),
    metadata: scopeOf(operation),
  };
  return { payload: { $case: 'statusUpdate', value } };
}

function* artifactEvents(operation: Operation): Generator<StreamResponse> {
  for (const artifact of artifactsOf(operation)) {
    const value = {
      taskId: operation.id,
      contextId: contextOf(operation),
      artifact,
      append: false,
      lastChunk: true,
      metadata: undefined,
    };
    yield { payload: { $case: 'artifactUpdate', value } };
  }
}
