import { refusal } from '../../protocol/base/errors.ts';
import { type OperationId, parseId } from '../../protocol/base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { at } from '../../protocol/base/pointer.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { revealed } from '../../protocol/words/revealed.ts';
import { aboutOf, accountOf, IN_WORDS, whoseCase } from '../engine/case.ts';
import type { Operation } from '../engine/operation.ts';
import { idOf, operationId } from '../engine/operation-id.ts';
import { ownerOf } from '../engine/owner.ts';
import { type Asker, born, ownOperation } from '../engine/submit.ts';
import { type EngineEvent, move, nextState } from '../engine/transitions.ts';
import { type Action, type Ask, type Change, notify, type StepResult, type World } from '../engine/world.ts';
import type { Outgoing } from '../ports.ts';

/** The action every handoff becomes in the CRM. */
const HANDOFF_ACTION = 'human.handoff';

/** Whether a person takes the operation over, or is called beside the machine, which goes on with it. */
type Takes = 'over' | 'beside';

/** "Human now" on an operation: legal in every state, granted at once, with the whole conversation as its context package.
 * Beside it a case is opened in the CRM, as an operation of its own: if the CRM is down it waits; the person does not. While that case is
 * open, asking again adds to it. */
export async function handoff(world: World, ask: Ask, takes: Takes = 'over'): Promise<StepResult> {
  const own = ownOperation(world, ask.caller, ask.target);
  if (!own.ok) return own;
  const envelope = world.actions.checkEnvelope('handoff', ask.body);
  if (!envelope.ok) return envelope;
  const operation = own.value;
  const { topic = `Help with ${operation.action}`, message } = envelope.value as { topic?: string; message?: string };
  const text = message ?? topic;
  const open = openCase(world, operation);
  // A case that is still to be written is not taken from the machine.
  const how = operation.action === HANDOFF_ACTION ? 'beside' : takes;
  if (open !== undefined) return askedAgain(world, operation, { open, text, takes: how });
  const opened = openBeside(world, operation, { id: idOf(ask), caller: ask.caller, topic, message });
  if (opened === undefined) return err(refusal('internal'));
  const called = calledBy(world, opened.operation, { text, takes });
  const told = notify(world, 'handoff.requested', handoffNotice(world, called.next));
  return ok({ ...called, outgoing: told, beside: opened.beside });
}

/** A person who is asked for with the request itself, beside what becomes of it. */
export function calledAtFirst(world: World, operation: Operation, message: string): Called {
  const { agent, request } = operation;
  const id = operationId({ scope: `${ownerOf(agent)} handoff ${operation.id}`, key: 'with the request' });
  const asking = { id, caller: { ...agent, evidence: request }, topic: IN_WORDS, message };
  const called = openBeside(world, operation, asking) ?? {
    operation: forPerson(world, operation, IN_WORDS),
    beside: [],
  };
  const outgoing = notify(world, 'handoff.requested', handoffNotice(world, called.operation));
  return { ...called, outgoing };
}

export interface Called extends Required<Pick<Change, 'beside' | 'outgoing'>> {
  /** With the promise that a person answers. */
  readonly operation: Operation;
}

/** The case of an operation, as one of its own. */
function openBeside(
  world: World,
  operation: Operation,
  { id, caller, topic, message }: Asking,
): Omit<Called, 'outgoing'> | undefined {
  const action = world.actions.action(HANDOFF_ACTION);
  if (action === undefined) return undefined;
  const input: JsonObject = {
    topic,
    urgency: 'normal',
    operation: operation.id,
    ...(message === undefined ? {} : { message }),
    ...accountFor(action, operation),
  };
  const { next } = born(world, { id, caller }, action, input, operation.mandate);
  const beside = withHandoff(world, next, topic, { about: aboutOf(operation), beside: true });
  const { caseRef } = beside.handoff ?? {};
  return { operation: withHandoff(world, operation, topic, { caseRef }), beside: [{ next: beside, expected: 0 }] };
}

interface Asking {
  readonly id: OperationId;
  readonly caller: Asker;
  readonly topic: string;
  readonly message: string | undefined;
}

/** Whether a person is asked for in words, and about no operation. */
export function isInWords({ verb, target, body }: Pick<Ask, 'verb' | 'target' | 'body'>): boolean {
  const input = isObject(body) ? body['input'] : undefined;
  return verb === 'submit' && target === HANDOFF_ACTION && isObject(input) && isOfWords(input);
}

const isOfWords = (input: JsonObject): boolean => input['topic'] === IN_WORDS && input['operation'] === undefined;

/** One such case is open in a conversation: further words are added to it. Of two that come at once, the other finds it. */
export async function askedInWords(world: World, ask: Ask, submitted: () => Promise<StepResult>): Promise<StepResult> {
  const { caller, conversation = '', body } = ask;
  const name = `words:${ownerOf(caller)}/${conversation}`;
  const kept = world.store.remembered(name);
  const ids = [kept?.doc['case'], conversation];
  const last = ids.map((id) => caseOfWords(world, caller, id)).find((each) => each !== undefined);
  const open = last === undefined ? undefined : openCase(world, last);
  if (last !== undefined && open !== undefined) {
    const text = isObject(body) ? at(body, '/input/message') : undefined;
    return askedAgain(world, last, { open, text: typeof text === 'string' ? text : IN_WORDS, takes: 'beside' });
  }
  const done = await submitted();
  if (!done.ok) return done;
  const memory = {
    name,
    expected: kept?.version ?? 0,
    at: world.clock.now().getTime(),
    doc: { case: done.value.next.id },
  };
  return ok({ ...done.value, memory });
}

/** A conversation that nobody named goes by the id of its case. */
function caseOfWords(world: World, caller: Ask['caller'], id: Json | undefined): Operation | undefined {
  const own = typeof id === 'string' && parseId('op', id) !== undefined ? ownOperation(world, caller, id) : undefined;
  return own?.ok === true && own.value.action === HANDOFF_ACTION && isOfWords(own.value.input) ? own.value : undefined;
}

/** A person is asked for by the action itself. Where it names an operation of the same agent's, the case is about that one. */
export function askedAlone(world: World, { caller }: Ask, submitted: Change): Change {
  const { topic = 'A person is asked for', operation } = submitted.next.input;
  const named = typeof operation === 'string' ? ownOperation(world, caller, operation) : undefined;
  const about = named?.ok === true ? { about: aboutOf(named.value) } : {};
  const next = withHandoff(world, submitted.next, String(topic), about);
  return { ...submitted, next, outgoing: notify(world, 'handoff.requested', handoffNotice(world, next)) };
}

/** The account that the ticket is linked to, where the action can name it. */
function accountFor(action: Action, operation: Operation): JsonObject {
  const account = accountOf(operation);
  const named = { topic: 'x', account: account ?? '' };
  return account !== undefined && action.checkInput(named).ok ? { account } : {};
}

type Case = NonNullable<Operation['handoff']>;

/** The case the agent asked for, until a person is due to have answered. One that the company opened by itself has no place in the CRM. */
function openCase(world: World, { id, action, handoff: asked }: Operation): Case | undefined {
  if (asked === undefined || asked.settled !== undefined) return undefined;
  if (Date.parse(asked.respondBy) <= world.clock.now().getTime()) return undefined;
  return action === HANDOFF_ACTION || asked.caseRef !== caseRefOf(id) ? asked : undefined;
}

/** The words are added to the case there is, as many as a person reads. */
function askedAgain(
  world: World,
  operation: Operation,
  { open, text, takes }: { readonly open: Case; readonly text: string; readonly takes: Takes },
): StepResult {
  const isTaken = takes === 'over' && nextState(operation, 'handoff') !== operation.state;
  const said = operation.history.filter(
    ({ at, by, event }) => by === 'agent' && CALLS.has(event) && at >= open.askedAt,
  ).length;
  if (isTaken || said < LIMITS.wordsMax) return ok(calledBy(world, operation, { text, takes }));
  return err(
    refusal(
      'wrong-state',
      `A person has been asked for: case ${open.caseRef}, answered by ${open.respondBy}. It takes no more messages until then; a person is also here: ${open.channel}.`,
    ),
  );
}

/** Events by which an agent's call stands in the history: it takes over, or goes beside. */
const CALLS: ReadonlySet<string> = new Set<EngineEvent>(['handoff', 'noted']);

function calledBy(
  world: World,
  operation: Operation,
  { text, takes }: { readonly text: string; readonly takes: Takes },
): Change {
  const now = world.clock.now();
  const isBeside = takes === 'beside' && nextState(operation, 'handoff') !== operation.state;
  const moved = move(
    operation,
    isBeside ? 'noted' : 'handoff',
    'agent',
    now,
    { messages: [...operation.messages, { at: now.toISOString(), by: 'agent', text }] },
    { case: operation.handoff?.caseRef ?? '' },
  );
  return { next: moved.next, expected: moved.expected, records: [moved.record] };
}

/** Whoever has a case already keeps it, with what was promised: the company's matter is put to the same person. */
export function forPerson(world: World, operation: Operation, topic: string): Operation {
  const open = openCase(world, operation);
  return open === undefined
    ? withHandoff(world, operation, topic)
    : { ...operation, handoff: { ...open, topic, from: operation.state } };
}

/** Moves an operation into a person's hands and starts the clock. Used by an impasse and by whatever the engine cannot settle. */
export function callPerson(world: World, operation: Operation, by: 'company' | 'engine', topic: string): Change {
  const now = world.clock.now();
  const asked = forPerson(world, operation, topic);
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
  const { handoff: asked } = change.next;
  if (asked !== undefined && asked.settled === undefined) return change;
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
  const asked = forPerson(world, operation, topic);
  return { operation: asked, outgoing: notify(world, 'handoff.requested', handoffNotice(world, asked)) };
}

/** The promise a person makes by being reachable: which case, by when, where. */
export function withHandoff(
  world: World,
  operation: Operation,
  topic: string,
  { caseRef, about, beside }: { readonly caseRef?: string | undefined } & Pick<Case, 'about' | 'beside'> = {},
): Operation {
  const now = world.clock.now();
  const { channel, respondWithinMinutes } = world.settings.human;
  return {
    ...operation,
    handoff: {
      caseRef: caseRef ?? caseRefOf(operation.id),
      askedAt: now.toISOString(),
      respondBy: new Date(now.getTime() + respondWithinMinutes * 60_000).toISOString(),
      channel,
      topic,
      from: operation.state,
      // Of a ticket, the page of what it is about.
      page: pageOf(world, beside === true && about !== undefined ? about.operation : operation.id),
      ...(about === undefined ? {} : { about }),
      ...(beside === undefined ? {} : { beside }),
    },
  };
}

const pageOf = (world: World, id: string): string => `${world.settings.origin}/console/operations/${id}`;

const caseRefOf = (id: string): string => `H-${id.slice(3, 11)}${id.slice(12, 16)}`.toUpperCase();

export function handoffNotice(world: World, operation: Operation): JsonObject {
  return {
    case: operation.handoff?.caseRef ?? '',
    operation: operation.id,
    action: operation.action,
    topic: revealed(operation.handoff?.topic ?? '', { lines: false }),
    customer: whoseCase(operation),
    respond_by: operation.handoff?.respondBy ?? '',
    url: operation.handoff?.page ?? pageOf(world, operation.id),
  };
}
