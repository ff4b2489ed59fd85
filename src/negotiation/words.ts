/** What an agent says without terms: read, told back, and answered. It moves no term, costs no round and binds nobody. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { IN_WORDS } from '../engine/case.ts';
import { commitment } from '../engine/commitment.ts';
import type { Message, Operation, StoredReading } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import type { Ask, Change, StepResult, World } from '../engine/world.ts';
import { wishesPerson } from '../reading/person.ts';
import type { Reader } from '../reading/reading.ts';
import { nextDue } from './bid.ts';
import type { Stands } from './stand.ts';
import { agentsTurn } from './talk.ts';
import { makeUnderstanding } from './understand.ts';

export interface WordsDeps {
  /** Calls a person beside the machine, which goes on. */
  readonly callBeside: (ask: Ask) => Promise<StepResult>;
  /** So too with the request itself, of which `message` is a part. */
  readonly calledAtFirst: (operation: Operation, message: string) => CalledAtFirst;
  /** A model that reads what the rules do not understand. */
  readonly reader?: Reader | undefined;
}

interface CalledAtFirst extends Pick<Change, 'outgoing' | 'beside'> {
  readonly operation: Operation;
}

type Talk = NonNullable<Operation['negotiation']>;
export function makeWords(world: World, deps: WordsDeps, stands: Pick<Stands, 'standOn'>) {
  const { readingOf, contradictionOf, readBy } = makeUnderstanding(world, stands);

  /** A message without terms. Whoever asks for a person has one, in every state: that is always legal, and harms nobody. */
  async function said(ask: Ask, operation: Operation, text: string): Promise<StepResult> {
    if (wishesPerson(text)) return personCalled(ask, operation, text);
    const talk = agentsTurn(operation, world.clock.now());
    if (!talk.ok) return talk;
    const room = mayBeSaid(operation);
    if (!room.ok) return room;
    const heard = withWords(operation, text);
    const reading = readingOf(heard, text);
    const isPlain = reading.understood.kind !== 'unclear' || text === '';
    if (deps.reader !== undefined && !isPlain) return ok(later(ask, operation, heard, talk.value));
    return ok(noted(ask, { operation, heard, talk: talk.value }, reading));
  }

  /** Words may be misread: they call a person, and end nothing. */
  async function personCalled(ask: Ask, operation: Operation, text: string): Promise<StepResult> {
    const called = await deps.callBeside({ ...ask, body: { topic: IN_WORDS, message: text } });
    if (!called.ok || !agentsTurn(operation, world.clock.now()).ok) return called;
    return ok({ ...called.value, next: withAnswer(called.value.next, readingOf(called.value.next, text)) });
  }

  /** What was said with terms, and says something else: asked about, and neither is taken. Undefined where the two go together. */
  function contradicted(
    ask: Ask,
    operation: Operation,
    { text, terms }: { readonly text: string; readonly terms: JsonObject },
  ): Result<Change, Refusal> | undefined {
    const talk = agentsTurn(operation, world.clock.now());
    const heard = withWords(operation, text);
    const reading = talk.ok ? contradictionOf(heard, text, terms) : undefined;
    if (!talk.ok || reading === undefined) return undefined;
    const room = mayBeSaid(operation);
    if (!room.ok) return room;
    return ok(noted(ask, { operation, heard, talk: talk.value }, reading));
  }

  /** What came with the request itself: held against a proposal in typed form, read where there is none. The company's first offers are
   * made all the same, without a proposal that the words contradict. */
  function opened(operation: Operation, proposed: JsonObject | undefined): Opened {
    const { input, history } = operation;
    const text = input['message'];
    if (typeof text !== 'string' || history[0]?.by !== 'agent') return {};
    if (proposed !== undefined) {
      const reading = contradictionOf(operation, text, proposed);
      return reading === undefined ? {} : { reading };
    }
    const reading = readingOf(operation, text);
    return {
      ...(wishesPerson(text) ? { person: text } : {}),
      ...(reading.understood.kind === 'unclear' ? {} : { reading }),
    };
  }

  /** Said and answered in one transaction. */
  function noted(
    ask: Ask,
    { operation, heard, talk }: { readonly operation: Operation; readonly heard: Operation; readonly talk: Talk },
    reading: StoredReading,
  ): Change {
    const patch = { negotiation: talk, messages: [...heard.messages, answerOf(reading)], reading };
    return saidBy('agent', operation, patch, factsOf(ask, operation, heard));
  }

  /** Said now; a model reads it in a step of its own, which takes its time. */
  function later(ask: Ask, operation: Operation, heard: Operation, talk: Talk): Change {
    const patch = {
      negotiation: { ...talk, turn: 'company' as const, unread: true as const },
      messages: heard.messages,
      dueAt: world.clock.now().getTime(),
    };
    return saidBy('agent', operation, patch, factsOf(ask, operation, heard));
  }

  /** The company's step after {@link later}. */
  async function read(operation: Operation, { unread: _read, ...talk }: Talk): Promise<Change> {
    const text = operation.messages.findLast(({ by }) => by === 'agent')?.text ?? '';
    const reading = await readBy(deps.reader, operation, text);
    const negotiation: Talk = { ...talk, turn: 'agent' };
    const messages = [...operation.messages, answerOf(reading)];
    return saidBy('company', operation, {
      negotiation,
      messages,
      reading,
      dueAt: nextDue(negotiation, world.clock.now()),
    });
  }

  function saidBy(
    by: 'agent' | 'company',
    operation: Operation,
    patch: Partial<Operation>,
    facts?: JsonObject,
  ): Change {
    const moved = move(operation, 'said', by, world.clock.now(), patch, facts);
    return { next: moved.next, expected: moved.expected, records: [moved.record] };
  }

  function withWords(operation: Operation, text: string): Operation {
    if (text === '') return operation;
    const message: Message = { at: world.clock.now().toISOString(), by: 'agent', text };
    return { ...operation, messages: [...operation.messages, message] };
  }

  return { said, contradicted, opened, read };
}

/** What came with a request: what is told back of it, and the person it asks for. */
export interface Opened {
  /** The words that ask for one. */
  readonly person?: string;
  readonly reading?: StoredReading;
}

/** As much as a talk of people has room for; a person is always heard of. */
function mayBeSaid({ history }: Operation): Result<void, Refusal> {
  const count = history.filter(({ event, by }) => event === 'said' && by === 'agent').length;
  return count < LIMITS.wordsMax
    ? ok(undefined)
    : err(
        refusal(
          'negotiation-over',
          `${LIMITS.wordsMax} messages in words have been read in this talk: go on with typed terms, or ask for a person.`,
        ),
      );
}

function factsOf(ask: Ask, { salt }: Operation, { messages }: Operation): JsonObject {
  return { words: commitment(salt, messages.at(-1)?.text ?? ''), request: ask.caller.evidence.digest };
}

export function withAnswer(operation: Operation, reading: StoredReading): Operation {
  return { ...operation, reading, messages: [...operation.messages, answerOf(reading)] };
}

function answerOf({ at, words }: StoredReading): Message {
  return { at, by: 'company', text: words };
}
