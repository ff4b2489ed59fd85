/** An operation as an A2A task. Its id is the operation's; what it waits for is its state. */
import { type Artifact, type Message, Role, type Task, TaskState, type TaskStatus } from '@a2a-js/sdk';
import { A2A_EXTENSION } from '../../../protocol/base/names.ts';
import type { Confirmation, State } from '../../../protocol/operation.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import { inFull } from '../words.ts';
import { dataPart, messageOf, textPart } from './parts.ts';

const TASK_STATE: Readonly<Record<State, TaskState>> = {
  received: TaskState.TASK_STATE_SUBMITTED,
  negotiating: TaskState.TASK_STATE_INPUT_REQUIRED,
  agreed: TaskState.TASK_STATE_WORKING,
  awaiting_signoff: TaskState.TASK_STATE_AUTH_REQUIRED,
  authorized: TaskState.TASK_STATE_WORKING,
  // Carried out on its day: nobody has to do anything until then.
  scheduled: TaskState.TASK_STATE_WORKING,
  executing: TaskState.TASK_STATE_WORKING,
  unknown: TaskState.TASK_STATE_WORKING,
  reconciling: TaskState.TASK_STATE_WORKING,
  reversing: TaskState.TASK_STATE_WORKING,
  needs_human: TaskState.TASK_STATE_WORKING,
  completed: TaskState.TASK_STATE_COMPLETED,
  rejected: TaskState.TASK_STATE_REJECTED,
  declined: TaskState.TASK_STATE_REJECTED,
  withdrawn: TaskState.TASK_STATE_CANCELED,
  // A person goes on with it outside this task.
  handed_off: TaskState.TASK_STATE_CANCELED,
  expired: TaskState.TASK_STATE_FAILED,
  failed: TaskState.TASK_STATE_FAILED,
  reversed: TaskState.TASK_STATE_FAILED,
};

export function taskStateOf(operation: Operation): TaskState {
  const companysTurn = operation.state === 'negotiating' && operation.negotiation?.turn === 'company';
  return companysTurn ? TaskState.TASK_STATE_WORKING : TASK_STATE[operation.state];
}

/** The states of operations that a filter by task state means. */
export function statesOf(state: TaskState): readonly State[] {
  return (Object.keys(TASK_STATE) as State[]).filter((each) => TASK_STATE[each] === state);
}

/** The conversation it belongs to: the peer's own name for it, or its own. */
export function contextOf(operation: Operation): string {
  return operation.conversation ?? operation.id;
}

export interface TaskOptions {
  /** The most recent messages to show; all of them when not given. */
  readonly historyLength?: number | undefined;
  readonly artifacts?: boolean;
}

export function taskOf(operation: Operation, { historyLength, artifacts = true }: TaskOptions = {}): Task {
  const history = historyOf(operation);
  return {
    id: operation.id,
    contextId: contextOf(operation),
    status: statusOf(operation),
    artifacts: artifacts ? artifactsOf(operation) : [],
    history: historyLength === undefined ? history : history.slice(Math.max(0, history.length - historyLength)),
    metadata: scopeOf(operation),
  };
}

export function statusOf(operation: Operation): TaskStatus {
  const view = viewOf(operation);
  return {
    state: taskStateOf(operation),
    timestamp: operation.updatedAt,
    message: messageOf({
      messageId: `${operation.id}.${operation.version}`,
      contextId: contextOf(operation),
      taskId: operation.id,
      parts: [textPart(inFull(view, asDataPart)), dataPart(view)],
      extensions: [A2A_EXTENSION.actions],
    }),
  };
}

const VERB_OF = { counter: 'offers', accept: 'accept', withdraw: 'withdraw', handoff: 'handoff' } as const;

/** A typed step, as it is sent here. */
export function asDataPart({ rel, body }: Confirmation): string {
  const sent = JSON.stringify({ verb: VERB_OF[rel], ...body });
  return `Data part${rel === 'accept' ? ' (with `agreement`)' : ''}: ${sent}`;
}

/** What a state alone does not say (A2A §7.6.4: it never is an authorisation): what exactly waits for whose decision, until when. */
export function scopeOf(operation: Operation): { [uri: string]: unknown } {
  const { action, state, version, signoff, scheduled, handoff } = viewOf(operation);
  const scope = { action, state, version, signoff, scheduled, handoff };
  return { [A2A_EXTENSION.actions]: JSON.parse(JSON.stringify(scope)) };
}

export function artifactsOf(operation: Operation): Artifact[] {
  const { output, receipt } = operation;
  return [
    ...(output === undefined ? [] : [artifact('output', 'The result, as the action’s output schema says.', output)]),
    ...(receipt === undefined ? [] : [artifact('receipt', 'The signed receipt: verifies offline.', { receipt })]),
  ];
}

function artifact(name: string, description: string, value: object): Artifact {
  return {
    artifactId: name,
    name,
    description,
    parts: [dataPart(value)],
    metadata: undefined,
    extensions: [A2A_EXTENSION.actions],
  };
}

function historyOf(operation: Operation): Message[] {
  return operation.messages.map(({ by, text, note_by }, index) => ({
    ...messageOf({
      messageId: `${operation.id}.m${index + 1}`,
      contextId: contextOf(operation),
      taskId: operation.id,
      role: by === 'agent' ? Role.ROLE_USER : Role.ROLE_AGENT,
      parts: [textPart(text)],
    }),
    metadata: { [A2A_EXTENSION.actions]: { by, ...(note_by === undefined ? {} : { note_by }) } },
  }));
}
