import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { at } from '../../protocol/base/pointer.ts';
import type { Terms } from '../../protocol/operation.ts';
import type { Hearing, Voice } from '../engine/hearing.ts';
import type { Operation } from '../engine/operation.ts';
import { actionOf, type World } from '../engine/world.ts';
import type { OfferWords } from './talk.ts';

const SAID_MAX = 12;

/** What the company's voice is told: what the customer knows anyway, and the moves that are already decided to be fine. */
export function hearingOf(
  world: World,
  operation: Operation,
  talk: NonNullable<Operation['negotiation']>,
  moves: readonly Terms[],
): Hearing {
  const issues = actionOf(world, operation)?.definition.negotiable ?? [];
  return {
    operation: operation.id,
    company: world.settings.company,
    action: operation.action,
    issues: issues.map(({ pointer, label }) => ({ pointer, label })),
    record: onlyIssues(talk.facts, issues),
    said: saidOf(operation, talk).slice(-SAID_MAX),
    moves: [...moves.map((terms) => ({ kind: 'offer' as const, terms })), { kind: 'person' as const }],
    roundsLeft: Math.max(0, LIMITS.negotiationRoundsMax - talk.round - 1),
  };
}

/** The record's values of the issues: a CRM record holds much that is nobody's business. */
function onlyIssues(
  facts: JsonObject,
  issues: readonly { readonly pointer: string; readonly record?: string }[],
): JsonObject {
  const named = issues.flatMap(({ pointer, record }) => {
    const value = at(facts, record ?? pointer);
    const name = pointer.split('/').at(-1) ?? '';
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(named);
}

/** Offers and words in the order they were said, each word with the offer it came with. */
function saidOf({ messages }: Operation, { offers }: NonNullable<Operation['negotiation']>): Hearing['said'] {
  const words = new Map(messages.map(({ offer, text }) => [offer, text]));
  const alone = messages.filter(({ offer }) => offer === undefined).map(({ at, by, text }) => ({ at, by, text }));
  const talked = offers.map(({ id, by, terms, made_at }) => {
    const text = words.get(id);
    return { at: made_at, by, terms, ...(text === undefined ? {} : { text }) };
  });
  return [...alone, ...talked]
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .map(({ at: _at, ...said }) => said);
}

export type Put =
  | { readonly kind: 'person'; readonly why: string }
  | {
      readonly kind: 'offers';
      readonly terms: readonly Terms[];
      /** Beside the foremost, which they were made for. */
      readonly words: OfferWords;
    };

/** What is put forward of what was decided, the last foremost. A voice may choose that one, or a person; it can add nothing. */
export async function putForward(
  voice: Voice | undefined,
  hearing: () => Hearing,
  decided: readonly Terms[],
  note: string,
): Promise<Put> {
  const spoken = await voice?.speak(hearing());
  if (spoken === undefined) return { kind: 'offers', terms: decided, words: { note } };
  const foremost = decided[spoken.move];
  if (foremost === undefined) return { kind: 'person', why: spoken.text };
  const terms = [...decided.filter((each) => each !== foremost), foremost];
  return { kind: 'offers', terms, words: { note: spoken.text, note_by: 'model' } };
}
