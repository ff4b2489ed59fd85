import { refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { err, ok } from '../../protocol/result.ts';
import type { Operation } from '../engine/operation.ts';
import { idOf } from '../engine/operation-id.ts';
import { born, ownOperation } from '../engine/submit.ts';
import { move } from '../engine/transitions.ts';
import { type Ask, type Change, notify, type StepResult, type World } from '../engine/world.ts';
import type { Outgoing } from '../ports.ts';

/** The action every handoff becomes in the CRM. */
const HANDOFF_ACTION = 'human.handoff';

/** "Human now" on an operation: legal in every state, granted at once, with the whole conversation as its context package.
 * Beside it a case is opened in the CRM, as an operation of its own: if the CRM is down it waits; the person does not. */
export async function handoff(world: World, ask: Ask): Promise<StepResult> {
  const own = ownOperation(world, ask.caller, ask.target);
  if (!own.ok) return own;
  const envelope = world.actions.checkEnvelope('handoff', ask.body);
  if (!envelope.ok) return envelope;
  const action = world.actions.action(HANDOFF_ACTION);
  if (action === undefined) return err(refusal('internal'));
  const operation = own.value;
  const { topic = `Help with ${operation.action}`, message } = envelope.value as { topic?: string; message?: string };
  const input: JsonObject = {
    topic,
    urgency: 'normal',
    operation: operation.id,
    ...(message === undefined ? {} : { message }),
  };
  const beside = withHandoff(
    world,
    born(world, { ...ask, id: idOf(ask) }, action, input, operation.mandate).next,
    topic,
  );
  const called = callPerson(world, operation, 'agent', topic, beside.handoff?.caseRef);
  const text = message ?? topic;
  const next: Operation = {
    ...called.next,
    messages: [...operation.messages, { at: called.next.updatedAt, by: 'agent', text }],
  };
  return ok({ ...called, next, beside: [{ next: beside, expected: 0 }] });
}

/** Moves an operation into a person's hands and starts the clock. Used by the verb, by an impasse and by whatever the engine cannot settle. */
export function callPerson(
  world: World,
  operation: Operation,
  by: 'agent' | 'company' | 'engine',
  topic: string,
  caseRef?: string,
): Change {
  const now = world.clock.now();
  const asked = withHandoff(world, operation, topic, caseRef);
  const moved = move(operation, 'handoff', by, now, asked.handoff === undefined ? {} : { handoff: asked.handoff }, {
    case: asked.handoff?.caseRef ?? '',
  });
  return {
    next: moved.next,
    expected: operation.version,
    records: [moved.record],
    outgoing: notify(world, 'handoff.requested', handoffNotice(world, moved.next)),
  };
}

/** Calls a person beside the machine, once: it goes on with its own duty. */
export function callBeside(world: World, change: Change, topic: string): Change {
  if (change.next.handoff !== undefined) return change;
  const next = withHandoff(world, change.next, topic);
  const told = notify(world, 'handoff.requested', handoffNotice(world, next));
  return { ...change, next, outgoing: [...(change.outgoing ?? []), ...told] };
}

/** A person is asked to decide, and it stays what it is until they have. */
export function askPerson(
  world: World,
  operation: Operation,
  topic: string,
): { readonly operation: Operation; readonly outgoing: readonly Outgoing[] } {
  const asked = withHandoff(world, operation, topic);
  return { operation: asked, outgoing: notify(world, 'handoff.requested', handoffNotice(world, asked)) };
}

/** The promise a person makes by being reachable: which case, by when, where. */
export function withHandoff(world: World, operation: Operation, topic: string, caseRef?: string): Operation {
  const now = world.clock.now();
  const { channel, respondWithinMinutes } = world.settings.human;
  return {
    ...operation,
    handoff: {
      caseRef: caseRef ?? `H-${operation.id.slice(3, 11)}${operation.id.slice(12, 16)}`.toUpperCase(),
      askedAt: now.toISOString(),
      respondBy: new Date(now.getTime() + respondWithinMinutes * 60_000).toISOString(),
      channel,
      topic,
      from: operation.state,
    },
  };
}

export function handoffNotice(world: World, operation: Operation): JsonObject {
  return {
    case: operation.handoff?.caseRef ?? '',
    operation: operation.id,
    action: operation.action,
    topic: operation.handoff?.topic ?? '',
    respond_by: operation.handoff?.respondBy ?? '',
    url: `${world.settings.origin}/console/operations/${operation.id}`,
  };
}
