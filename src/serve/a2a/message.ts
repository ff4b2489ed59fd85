/** A message from an agent: a typed ask in a data part, or words that are answered with what can be asked. */
import type { Message } from '@a2a-js/sdk';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { isObject, type Json, type JsonObject } from '../../../protocol/base/json.ts';
import { A2A_EXTENSION } from '../../../protocol/base/names.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { Contract } from '../../actions/contract.ts';
import { IN_WORDS } from '../../engine/case.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import type { Settings, Verb } from '../../engine/world.ts';
import type { Asked } from '../operations.ts';
import { inWords } from '../words.ts';
import { dataPart, messageOf, textPart } from './parts.ts';
import { asDataPart, contextOf } from './task.ts';

const VERBS: ReadonlySet<unknown> = new Set<Verb>(['submit', 'offers', 'accept', 'withdraw', 'handoff']);
const CONVERSATION = /^[\x20-\x7e]{1,128}$/;

const TEXT_MEDIA = /^(?:text\/.*)?$/i;
const JSON_MEDIA = /^(?:application\/(?:.*\+)?json)?(?:\s*;.*)?$/i;

/** A part of a type that is not read here (A2A §3.1.1): to pass over it would be to answer something else than what was sent. */
export function unreadPart({ parts }: Message): Refusal | undefined {
  const isRead = ({ content, mediaType }: Message['parts'][number]) => {
    if (content?.$case === 'text') return TEXT_MEDIA.test(mediaType);
    return content?.$case === 'data' ? JSON_MEDIA.test(mediaType) : content === undefined;
  };
  const at = parts.findIndex((part) => !isRead(part));
  const detail = `/message/parts/${at} is of a type that is not read here.`;
  const told = { title: 'A part’s type is not supported', next: NEXT_PART };
  return at < 0 ? undefined : refusal('unsupported-media-type', detail, told);
}

const NEXT_PART = 'Send text, or one data part in JSON; no files.';

/** The ask in a message, if one of its parts is an object with a `verb`. `undefined`: only words. */
export function askIn(message: Message): Result<Asked | undefined, Refusal> {
  const data = message.parts.flatMap(({ content }) => (content?.$case === 'data' ? [content.value as Json] : []));
  const asks = data.filter((value): value is JsonObject => isObject(value) && 'verb' in value);
  const [ask] = asks;
  if (ask === undefined) return data.length === 0 ? ok(undefined) : err(wrong('No data part has a `verb`.'));
  if (asks.length > 1) return err(wrong('One message asks for one thing: several data parts have a `verb`.'));
  const { verb, action, ...body } = ask;
  if (!isVerb(verb)) return err(wrong(`\`verb\` must be one of ${[...VERBS].join(', ')}.`));
  const isSubmit = verb === 'submit';
  if (isSubmit && message.taskId !== '') return err(wrong('A new request is not sent to a task.'));
  if (isSubmit !== (typeof action === 'string'))
    return err(wrong('`action` is named with `submit`, and only with it.'));
  if (message.contextId !== '' && !CONVERSATION.test(message.contextId))
    return err(wrong('contextId must be 1 to 128 printable ASCII characters.'));
  const text = textIn(message);
  const beside = verb === 'offers' && !('message' in body) && text !== '' ? { message: text } : {};
  return ok({
    verb,
    target: isSubmit ? String(action) : message.taskId,
    key: message.messageId === '' ? undefined : message.messageId,
    body: { ...body, ...beside },
    ...(isSubmit && message.contextId !== '' ? { conversation: message.contextId } : {}),
  });
}

/** What is written in a message. */
export function textIn(message: Message): string {
  return message.parts
    .flatMap(({ content }) => (content?.$case === 'text' ? [content.value] : []))
    .join('\n')
    .trim();
}

/** Words to a task, as the engine is asked them. */
export function wordsAsked(message: Message): Asked {
  return { verb: 'offers', target: message.taskId, key: message.messageId, body: { message: textIn(message) } };
}

/** A person, asked for in words before there is a task. */
export function personAsked(message: Message): Asked {
  const input = { topic: IN_WORDS, urgency: 'normal', message: textIn(message) };
  return {
    verb: 'submit',
    target: 'human.handoff',
    key: message.messageId,
    body: { input },
    ...(CONVERSATION.test(message.contextId) ? { conversation: message.contextId } : {}),
  };
}

/** For an agent that sent words, or knows no extension: which actions there are, and what to send. */
export function guide(contract: Contract, settings: Settings, message: Message): Message {
  const actions = contract.definitions.map(({ name, title, summary, mandate, input, examples }) => ({
    action: name,
    title,
    summary,
    mandate,
    input,
    example: { verb: 'submit', action: name, ...examples.valid[0] },
  }));
  const list = actions.map(({ action, summary }) => `- ${action}: ${summary}`).join('\n');
  const words = `This is an AI system that acts on behalf of ${settings.company}. It carries out typed actions: send a message with one data part, such as {"verb": "submit", "action": "…", "input": {…}}, signed as ${settings.origin}/.well-known/parley says.\n\n${list}\n\nOnce there is a task that is negotiated, plain words sent to it are understood too, and told back before they count. A person is reachable at any time: say so in words in a signed message, with the action human.handoff, or here: ${settings.human.channel}.`;
  const typed = { extension: A2A_EXTENSION.actions, profile: `${settings.origin}/.well-known/parley`, actions };
  return reply(message, { contextId: message.contextId, taskId: '' }, words, typed);
}

/** For words about a task: where it stands, and which steps there are. */
export function guideTo(operation: Operation, message: Message): Message {
  const view = viewOf(operation);
  const words = `${inWords(view, asDataPart)} Words alone change nothing now: send one data part with a \`verb\` (offers, accept, withdraw, handoff) to this task.`;
  return reply(message, { contextId: contextOf(operation), taskId: operation.id }, words, view);
}

function reply(
  to: Message,
  { contextId, taskId }: { contextId: string; taskId: string },
  words: string,
  typed: object,
) {
  return messageOf({
    messageId: `${to.messageId === '' ? 'message' : to.messageId}-answer`,
    contextId: contextId === '' ? `context-${to.messageId}` : contextId,
    taskId,
    parts: [textPart(words), dataPart(typed)],
    extensions: [A2A_EXTENSION.actions],
  });
}

const isVerb = (value: unknown): value is Verb => VERBS.has(value);
const wrong = (detail: string): Refusal => refusal('schema-violation', detail);
