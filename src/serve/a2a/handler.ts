/** A2A 1.0's operations over the engine: the SDK's transport calls these, and so do our REST routes. */
import type { AgentCard, Message, SendMessageRequest, Task, TaskPushNotificationConfig } from '@a2a-js/sdk';
import { TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors';
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { type ProblemCode, type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { isFinalState } from '../../../protocol/operation.ts';
import type { Contract } from '../../actions/contract.ts';
import type { Operation } from '../../engine/operation.ts';
import type { World } from '../../engine/world.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import { wishesPerson } from '../../reading/person.ts';
import { isSettled, type Operations } from '../operations.ts';
import { a2aError } from './errors.ts';
import { isLength, NOT_A_LENGTH, pageOf, tokenOf } from './list.ts';
import { askIn, guide, guideTo, personAsked, textIn, unreadPart, wordsAsked } from './message.ts';
import { makePushConfigs } from './push-configs.ts';
import { eventsOf } from './stream.ts';
import { taskOf } from './task.ts';

/** One request: who asks, and what became of it that only HTTP can say. */
export interface Call {
  readonly caller: Caller | undefined;
  readonly signal: AbortSignal;
  /** Set when the caller must prove itself first, or has too much open: the answer is that, whatever the transport made of it. */
  refused?: Refusal;
}

export interface HandlerDeps {
  readonly world: Pick<World, 'settings'>;
  readonly contract: Contract;
  readonly operations: Operations;
  readonly card: () => AgentCard;
  readonly extendedCard: () => AgentCard;
  readonly callOf: (context: ServerCallContext) => Call;
  readonly allowPrivate: boolean;
}

/** A send that blocks is answered with the task as it is after this: nothing of ours should take so long. */
const BLOCK_MS_MAX = 60_000;
const isAnswerable = (operation: Operation) => isSettled(operation) || operation.state === 'awaiting_signoff';

export function makeA2aHandler(deps: HandlerDeps): A2ARequestHandler {
  const { operations, callOf } = deps;

  function callerOf(context: ServerCallContext): Caller {
    const call = callOf(context);
    if (call.caller !== undefined) return call.caller;
    call.refused = refusal('signature-missing', 'Sign the request, or send an access token.');
    throw a2aError(call.refused, 'message');
  }

  async function readTask(context: ServerCallContext, id: string): Promise<Operation> {
    const found = await operations.read(callerOf(context), id);
    if (!found.ok) throw a2aError(found.error, 'task');
    return found.value;
  }

  const pushConfigs = makePushConfigs({
    operations,
    callerOf,
    readTask,
    allowPrivate: deps.allowPrivate,
  });

  /** What a message leads to: an operation that moved, or an answer in words. */
  async function take(request: SendMessageRequest, context: ServerCallContext): Promise<Operation | Message> {
    const { message } = request;
    if (message === undefined) throw a2aError(refusal('schema-violation', 'There is no message.'), 'message');
    const unread = unreadPart(message);
    if (unread !== undefined) throw a2aError(unread, 'message');
    const ask = askIn(message);
    if (!ask.ok) throw a2aError(ask.error, 'message');
    const isPersonAsked = ask.value === undefined && wishesPerson(textIn(message));
    if (ask.value === undefined && message.taskId === '')
      return withoutTask(deps, callOf(context).caller, { message, isPersonAsked });
    const caller = callerOf(context);
    const config = request.configuration?.taskPushNotificationConfig;
    const push = config === undefined ? undefined : pushConfigs.checked(config);
    const forPerson = ask.value?.verb === 'handoff' || isPersonAsked;
    const task = message.taskId === '' ? undefined : openTask(caller, message, forPerson);
    // In words only a talk goes on; a person is called in every state.
    const isHeard = isPersonAsked || (task?.state === 'negotiating' && task.negotiation?.turn === 'agent');
    if (ask.value === undefined && !isHeard) return guideTo(await readTask(context, message.taskId), message);
    const asked = ask.value ?? wordsAsked(message);
    const replied = await operations.ask(caller, asked);
    if (!replied.ok) throw a2aError(replied.error, asked.verb === 'submit' ? 'message' : 'task');
    if (push !== undefined) await pushConfigs.keep(context, replied.value.operation, push);
    const found = operations.own(caller, replied.value.operation);
    if (!found.ok) throw a2aError(found.error, 'task');
    return found.value;
  }

  /** An ended task takes no messages (A2A §3.1.1); a call for a person is heard all the same. */
  function openTask(caller: Caller, { taskId, contextId }: Message, forPerson: boolean): Operation {
    const found = operations.own(caller, taskId);
    if (!found.ok) throw a2aError(found.error, 'task');
    const { conversation, id, state } = found.value;
    if (contextId !== '' && contextId !== (conversation ?? id))
      throw a2aError(refusal('schema-violation', 'contextId is not the task’s.'), 'message');
    if (isFinalState(state) && !forPerson)
      throw new UnsupportedOperationError(`The task has ended (${state}): it takes no more messages.`);
    return found.value;
  }

  return {
    getAgentCard: async () => deps.card(),

    async getAuthenticatedExtendedAgentCard(_params, context) {
      callerOf(context);
      return deps.extendedCard();
    },

    async sendMessage(request, context) {
      const { returnImmediately = false, historyLength } = request.configuration ?? {};
      checkLength(historyLength);
      const taken = await take(request, context);
      if ('messageId' in taken) return taken;
      const settled = returnImmediately ? taken : await operations.settled(taken, BLOCK_MS_MAX, isAnswerable);
      return taskOf(settled, { historyLength });
    },

    async *sendMessageStream(request, context) {
      const taken = await take(request, context);
      if ('messageId' in taken) yield { payload: { $case: 'message', value: taken } };
      else yield* eventsOf(operations, taken, isSettled, callOf(context).signal);
    },

    async getTask({ id, historyLength }, context): Promise<Task> {
      checkLength(historyLength);
      return taskOf(await readTask(context, id), { historyLength });
    },

    async cancelTask({ id }, context): Promise<Task> {
      const caller = callerOf(context);
      const replied = await operations.ask(caller, { verb: 'withdraw', target: id, key: `a2a-cancel-${id}`, body: {} });
      if (!replied.ok) {
        const { code } = replied.error;
        throw code === 'wrong-state' ? new TaskNotCancelableError() : a2aError(replied.error, 'task');
      }
      const found = operations.own(caller, id);
      if (!found.ok) throw new TaskNotFoundError();
      return taskOf(found.value);
    },

    async listTasks(request, context) {
      const caller = callerOf(context);
      const page = pageOf(request);
      if (!page.ok) throw a2aError(page.error, 'message');
      const found = await operations.list(caller, page.value);
      if (!found.ok) throw a2aError(found.error, 'message');
      const { operations: listed, total } = found.value;
      const { historyLength, includeArtifacts = false } = request;
      return {
        tasks: listed.map((each) => taskOf(each, { historyLength: historyLength ?? 0, artifacts: includeArtifacts })),
        nextPageToken: listed.length < page.value.limit ? '' : tokenOf(listed.at(-1)),
        pageSize: page.value.limit,
        totalSize: total,
      };
    },

    async *resubscribe({ id }, context) {
      const operation = await readTask(context, id);
      if (isFinalState(operation.state)) throw new UnsupportedOperationError('The task has ended.');
      yield* eventsOf(operations, operation, () => false, callOf(context).signal);
    },

    createTaskPushNotificationConfig: (config: TaskPushNotificationConfig, context) =>
      pushConfigs.create(context, config),
    getTaskPushNotificationConfig: ({ taskId, id }, context) => pushConfigs.get(context, taskId, id),
    listTaskPushNotificationConfigs: ({ taskId }, context) => pushConfigs.list(context, taskId),
    deleteTaskPushNotificationConfig: ({ taskId, id }, context) => pushConfigs.remove(context, taskId, id),
  };
}

/** Without a key that can be used. */
const NO_CALL: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['idempotency-key-missing', 'idempotency-key-invalid']);

/** Words before there is a task: what can be asked, or a person, where one is asked for by somebody who is proven. */
async function withoutTask(
  { operations, contract, world }: HandlerDeps,
  caller: Caller | undefined,
  { message, isPersonAsked }: { readonly message: Message; readonly isPersonAsked: boolean },
): Promise<Operation | Message> {
  const called = caller !== undefined && isPersonAsked ? await operations.ask(caller, personAsked(message)) : undefined;
  const made = caller !== undefined && called?.ok === true ? operations.own(caller, called.value.operation) : undefined;
  // Where it cannot be a call yet, it is told how one is made; one that is made and not taken is told why.
  if (called?.ok === false && !NO_CALL.has(called.error.code)) throw a2aError(called.error, 'message');
  return made?.ok === true ? made.value : guide(contract, world.settings, message);
}

function checkLength(length = 0): void {
  if (!isLength(length)) throw a2aError(refusal('schema-violation', NOT_A_LENGTH), 'message');
}
