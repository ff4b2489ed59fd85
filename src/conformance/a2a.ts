/** The A2A suite's executor: what a message leads to is chosen by the prefix of its `messageId`. Everything else is the gateway's own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Artifact, type Message, type Part, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk';
import { TaskNotCancelableError, UnsupportedOperationError } from '@a2a-js/sdk/errors';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import type { Ids } from '../ports.ts';
import { messageOf, textPart } from '../serve/a2a/parts.ts';
import { artifactOf, partOf, type Step, stepsFor } from './a2a-steps.ts';

export interface FixtureDeps {
  readonly now: () => Date;
  readonly ids: Ids;
}

/** One task of the suite: what happened so far, and whoever waits for more. */
interface Run {
  readonly task: Task;
  readonly events: StreamResponse[];
  waiting: (() => void)[];
}

const RUNS_MAX = 1_000;
const PREFIX = /^(?:tck-|test-resubscribe-message-id)/;
const INTERRUPTED: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_STATE_INPUT_REQUIRED,
  TaskState.TASK_STATE_AUTH_REQUIRED,
]);
const ENDED: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_CANCELED,
  TaskState.TASK_STATE_REJECTED,
]);

export function makeA2aFixtures({ now, ids }: FixtureDeps) {
  const runs = new Map<string, Run>();

  function begin(message: Message): Run {
    const id = ids.make('op');
    const contextId = message.contextId === '' ? id : message.contextId;
    const task: Task = { id, contextId, status: undefined, artifacts: [], history: [], metadata: undefined };
    const run: Run = { task, events: [], waiting: [] };
    const [oldest] = runs.keys();
    if (runs.size >= RUNS_MAX && oldest !== undefined) runs.delete(oldest);
    runs.set(id, run);
    move(run, TaskState.TASK_STATE_SUBMITTED);
    return run;
  }

  function hear(run: Run, message: Message): void {
    run.task.history.push({ ...message, taskId: run.task.id, contextId: run.task.contextId });
    void play(run, stepsFor(message.messageId));
  }

  async function play(run: Run, steps: readonly Step[]): Promise<void> {
    for (const { afterMs = 0, artifact, state } of steps) {
      if (afterMs > 0) await sleep(afterMs, undefined, { ref: false });
      if (isOver(run)) return;
      if (artifact !== undefined) add(run, artifact);
      if (state !== undefined) move(run, state);
    }
  }

  function move(run: Run, state: TaskState): void {
    const { id: taskId, contextId } = run.task;
    const message = messageOf({
      messageId: ids.make('ev'),
      contextId,
      taskId,
      parts: [textPart(TaskState[state] ?? '')],
    });
    const status = { state, timestamp: now().toISOString(), message };
    run.task.status = status;
    tell(run, { payload: { $case: 'statusUpdate', value: { taskId, contextId, status, metadata: undefined } } });
  }

  function add(run: Run, { part, append = false }: { readonly part: Part; readonly append?: boolean }): void {
    const { id: taskId, contextId, artifacts } = run.task;
    const artifact: Artifact = artifactOf('artifact-1', part);
    const [held] = artifacts;
    if (append && held !== undefined) held.parts.push(part);
    else artifacts.push(artifact);
    const value = { taskId, contextId, artifact, append, lastChunk: !append, metadata: undefined };
    tell(run, { payload: { $case: 'artifactUpdate', value } });
  }

  function tell(run: Run, event: StreamResponse): void {
    run.events.push(event);
    for (const wake of run.waiting.splice(0)) wake();
  }

  const more = (run: Run) => new Promise<void>((resolve) => run.waiting.push(resolve));

  /** The task as it is, then what happens, until it ends or waits. */
  async function* follow(run: Run): AsyncGenerator<StreamResponse, void, undefined> {
    let seen = run.events.length;
    yield { payload: { $case: 'task', value: snapshot(run) } };
    while (!(seen >= run.events.length && isSettled(run))) {
      if (seen >= run.events.length) await more(run);
      for (const event of run.events.slice(seen)) yield event;
      seen = run.events.length;
    }
  }

  /** A run that this message begins or goes on with; `undefined`: not the suite's. */
  function heard(message: Message | undefined): Run | undefined {
    if (message === undefined) return undefined;
    const known = runs.get(message.taskId);
    if (known === undefined && (message.taskId !== '' || !PREFIX.test(message.messageId))) return undefined;
    if (known !== undefined && isOver(known)) throw new UnsupportedOperationError('The task has ended.');
    const run = known ?? begin(message);
    hear(run, message);
    return run;
  }

  return (own: A2ARequestHandler): A2ARequestHandler => ({
    ...own,

    async sendMessage(request, context) {
      const { message, configuration } = request;
      if (message?.messageId.startsWith('tck-message-response') === true) return spoken(message);
      const run = heard(message);
      if (run === undefined) return own.sendMessage(request, context);
      while (configuration?.returnImmediately !== true && !isSettled(run)) await more(run);
      return snapshot(run, configuration?.historyLength);
    },

    async *sendMessageStream(request, context) {
      if (request.message?.messageId.startsWith('tck-message-response') === true) {
        yield { payload: { $case: 'message', value: spoken(request.message) } };
        return;
      }
      const run = heard(request.message);
      yield* run === undefined ? own.sendMessageStream(request, context) : follow(run);
    },

    async getTask(params, context) {
      const run = runs.get(params.id);
      return run === undefined ? own.getTask(params, context) : snapshot(run, params.historyLength);
    },

    async cancelTask(params, context) {
      const run = runs.get(params.id);
      if (run === undefined) return own.cancelTask(params, context);
      if (isOver(run)) throw new TaskNotCancelableError();
      move(run, TaskState.TASK_STATE_CANCELED);
      return snapshot(run);
    },

    async *resubscribe(params, context) {
      const run = runs.get(params.id);
      if (run !== undefined && isOver(run)) throw new UnsupportedOperationError('The task has ended.');
      yield* run === undefined ? own.resubscribe(params, context) : follow(run);
    },
  });

  function spoken({ contextId }: Message): Message {
    const messageId = ids.make('ev');
    return messageOf({ messageId, contextId: contextId || messageId, taskId: '', parts: [partOf('text')] });
  }
}

const isOver = ({ task }: Run) => task.status !== undefined && ENDED.has(task.status.state);
const isSettled = (run: Run) =>
  isOver(run) || (run.task.status !== undefined && INTERRUPTED.has(run.task.status.state));

function snapshot({ task }: Run, historyLength?: number): Task {
  const history =
    historyLength === undefined ? task.history : task.history.slice(Math.max(0, task.history.length - historyLength));
  return structuredClone({ ...task, history });
}
