/** The suite's long-running fixtures (Tasks extension, SEP-2663). The gateway's own tasks are operations; these are timers in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type InputRequests,
  inputRequired,
  inputResponse,
  MissingRequiredClientCapabilityError,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { declares } from '../../../src/serve/mcp/declared.ts';
import type { TaskVerb } from '../../../src/serve/mcp/server.ts';
import { TASKS_EXTENSION } from '../../../src/serve/mcp/tasks.ts';
import { said } from './content.ts';

export const TASK_TOOLS = [
  'greet',
  'slow_compute',
  'failing_job',
  'protocol_error_job',
  'confirm_delete',
  'multi_input',
];

const TASKS_MAX = 1_000;
const TTL_MS = 300_000;
const POLL_MS = 200;
const SYNC_SECONDS_MAX = 5;

interface Running {
  readonly id: string;
  readonly createdAt: Date;
  updatedAt: Date;
  status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  /** What it still waits for. */
  waitingFor: InputRequests;
  outcome: object;
}

export interface TaskDeps {
  readonly now: () => Date;
  readonly newId: () => string;
}

type Work = (running: Running) => Promise<object>;

export function makeFixtureTasks({ now, newId }: TaskDeps) {
  const tasks = new Map<string, Running>();
  const answered = new Map<string, () => void>();

  function begin(work: Work): object {
    const at = now();
    const running: Running = {
      id: newId(),
      createdAt: at,
      updatedAt: at,
      status: 'working',
      waitingFor: {},
      outcome: {},
    };
    const [oldest] = tasks.keys();
    if (tasks.size >= TASKS_MAX && oldest !== undefined) tasks.delete(oldest);
    tasks.set(running.id, running);
    work(running).then(
      (outcome) => settle(running, 'completed', { result: outcome }),
      (error: unknown) => settle(running, 'failed', { error: { code: -32_603, message: String(error) } }),
    );
    return { resultType: 'task', ...baseOf(running) };
  }

  function settle(running: Running, status: Running['status'], outcome: object): void {
    if (isOver(running)) return;
    Object.assign(running, { status, outcome, waitingFor: {}, updatedAt: now() });
  }

  /** Resolves once every question is answered. */
  function question(running: Running, waitingFor: InputRequests): Promise<void> {
    Object.assign(running, { status: 'input_required', waitingFor, updatedAt: now() });
    return new Promise((resolve) => answered.set(running.id, resolve));
  }

  const confirm = inputRequired.elicit({
    message: 'Really?',
    requestedSchema: { type: 'object', properties: { confirm: { type: 'boolean' } }, required: ['confirm'] },
  });
  const compute = async (seconds: number) => {
    await sleep(seconds * 1_000, undefined, { ref: false });
    return said(`Computed for ${seconds} s.`);
  };
  const WORK: Readonly<Record<string, (args: JsonObject) => Work>> = {
    slow_compute: (args) => () => compute(secondsOf(args)),
    failing_job: () => async () => {
      await compute(1);
      return { isError: true, ...said('The job failed.') };
    },
    protocol_error_job: () => async () => {
      throw new Error('the job broke');
    },
    confirm_delete:
      ({ filename }) =>
      async (running) => {
        await question(running, { confirm });
        return said(`Deleted ${String(filename)}.`);
      },
    multi_input: () => async (running) => {
      await question(running, { first: confirm, second: confirm });
      return said('Both are answered.');
    },
  };

  return {
    begin,

    /** A task, or the plain result for who declared no tasks; `undefined`: no such fixture. */
    async call(name: string, args: JsonObject, ctx: ServerContext): Promise<object | undefined> {
      if (name === 'greet') return said(`Hello, ${String(args['name'] ?? '')}!`);
      const work = WORK[name]?.(args);
      if (work === undefined) return undefined;
      if (declares(ctx, 'extensions', TASKS_EXTENSION)) return begin(work);
      if (name !== 'slow_compute')
        throw new MissingRequiredClientCapabilityError({
          requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
        });
      return compute(Math.min(secondsOf(args), SYNC_SECONDS_MAX));
    },

    /** `undefined`: not one of these tasks. */
    handle(verb: TaskVerb, { taskId }: JsonObject, ctx: ServerContext): JsonObject | undefined {
      const running = tasks.get(String(taskId));
      if (running === undefined) return undefined;
      if (verb === 'get') return { resultType: 'complete', ...shown(running) };
      if (verb === 'cancel') settle(running, 'cancelled', {});
      else update(running, ctx.mcpReq.inputResponses ?? {});
      return { resultType: 'complete' };
    },
  };

  function update(running: Running, responses: Record<string, unknown>): void {
    if (running.status !== 'input_required') return;
    const left = Object.entries(running.waitingFor).filter(([key]) => inputResponse(responses, key).kind === 'missing');
    Object.assign(running, { waitingFor: Object.fromEntries(left), updatedAt: now() });
    if (left.length > 0) return;
    running.status = 'working';
    answered.get(running.id)?.();
    answered.delete(running.id);
  }
}

const isOver = ({ status }: Running) => status === 'completed' || status === 'failed' || status === 'cancelled';

function secondsOf({ seconds }: JsonObject): number {
  return typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, 60) : 0;
}

/** What every look at a task has; the call that makes it is answered with no more. */
function baseOf({ id, status, createdAt, updatedAt }: Running): JsonObject {
  return {
    taskId: id,
    status,
    createdAt: createdAt.toISOString(),
    lastUpdatedAt: updatedAt.toISOString(),
    ttlMs: TTL_MS,
    pollIntervalMs: POLL_MS,
  };
}

function shown(running: Running): JsonObject {
  const { status, waitingFor: inputRequests, outcome } = running;
  const more = status === 'input_required' ? { inputRequests } : outcome;
  return { ...baseOf(running), ...JSON.parse(JSON.stringify(more)) };
}
