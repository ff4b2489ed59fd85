/** The A2A suite says by the prefix of a `messageId` what it wants to come of a message. Here that is put into an ask of this gateway that
 * leads there; the task is an operation like any other, and what is answered, kept, listed, streamed, cancelled and pushed is the
 * gateway's own. Only what no action makes, the suite's kinds of artifacts and one sentence, is laid over its answers. */
import type { Message, SendMessageRequest, StreamResponse, Task, TaskArtifactUpdateEvent } from '@a2a-js/sdk';
import { TaskState } from '@a2a-js/sdk';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import type { Ids } from '../../../src/ports.ts';
import { dataPart, textPart } from '../../../src/serve/a2a/parts.ts';
import { type Chunk, chunksFor, isSuites, type Wish, wantsMessage, wishIn } from './a2a-wishes.ts';
import { TALKED_ABOUT } from './grant.ts';

const LAID_MAX = 1_000;
const SPOKEN = 'Direct message response';

const ASKS: Readonly<Record<Wish, object>> = {
  // No permission is needed for it, it always works, and it ends at once.
  complete: { verb: 'submit', action: 'human.handoff', input: { topic: 'The A2A suite' } },
  wait: { verb: 'submit', action: 'contract.renew', input: { contract: TALKED_ABOUT.contract } },
  reject: { verb: 'submit', action: 'contract.renew', input: { contract: 'K-0000' } },
  end: { verb: 'withdraw', reason: 'The A2A suite has what it wanted.' },
};

export function makeA2aFixtures(ids: Pick<Ids, 'secret'>) {
  /** By the task: what is to be found in it beside what the gateway made. */
  const laid = new Map<string, readonly Chunk[]>();

  /** The same request as this gateway is asked it. Under a name of its own: the suite gives many messages one, and here they would be one. */
  function asked(request: SendMessageRequest): SendMessageRequest {
    const { message } = request;
    if (message === undefined || !isSuites(message)) return request;
    const wish = wishIn(message);
    const parts = wish === undefined ? message.parts : [...message.parts, dataPart(ASKS[wish])];
    return { ...request, message: { ...message, messageId: `${message.messageId}-${ids.secret(12)}`, parts } };
  }

  function keep({ id }: Task, messageId = ''): void {
    const chunks = chunksFor(messageId);
    if (chunks.length === 0 || laid.has(id)) return;
    const [oldest] = laid.keys();
    if (laid.size >= LAID_MAX && oldest !== undefined) laid.delete(oldest);
    laid.set(id, chunks);
  }

  function dressed(task: Task): Task {
    const [first, ...more] = laid.get(task.id) ?? [];
    if (first === undefined || task.status?.state !== TaskState.TASK_STATE_COMPLETED) return task;
    const whole = { ...first.artifact, parts: [first, ...more].flatMap(({ artifact }) => artifact.parts) };
    return { ...task, artifacts: [whole, ...task.artifacts] };
  }

  /** Before the news that it has ended come the artifacts, as the gateway tells its own. */
  async function* dressedEvents(events: AsyncGenerator<StreamResponse, void, undefined>, messageId?: string) {
    const told = new Set<string>();
    for await (const event of events) {
      const { payload } = event;
      if (payload?.$case === 'message')
        yield { payload: { $case: 'message' as const, value: spoken(payload.value, messageId) } };
      else if (payload?.$case === 'task') {
        keep(payload.value, messageId);
        yield { payload: { $case: 'task' as const, value: dressed(payload.value) } };
      } else {
        if (payload?.$case === 'artifactUpdate' && !told.has(payload.value.taskId)) {
          told.add(payload.value.taskId);
          for (const chunk of laid.get(payload.value.taskId) ?? []) yield chunkEvent(payload.value, chunk);
        }
        yield event;
      }
    }
  }

  return (own: A2ARequestHandler): A2ARequestHandler => ({
    ...own,

    async sendMessage(request, context) {
      const answer = await own.sendMessage(asked(request), context);
      if ('messageId' in answer) return spoken(answer, request.message?.messageId);
      keep(answer, request.message?.messageId);
      return dressed(answer);
    },

    sendMessageStream: (request, context) =>
      dressedEvents(own.sendMessageStream(asked(request), context), request.message?.messageId),
    getTask: async (params, context) => dressed(await own.getTask(params, context)),
    resubscribe: (params, context) => dressedEvents(own.resubscribe(params, context)),
  });
}

/** The gateway's own answer in words, with the suite's before them. */
function spoken(message: Message, asked = ''): Message {
  return wantsMessage(asked) ? { ...message, parts: [textPart(SPOKEN), ...message.parts] } : message;
}

function chunkEvent({ taskId, contextId }: TaskArtifactUpdateEvent, { artifact, append, last }: Chunk): StreamResponse {
  const value = { taskId, contextId, artifact, append, lastChunk: last, metadata: undefined };
  return { payload: { $case: 'artifactUpdate', value } };
}
