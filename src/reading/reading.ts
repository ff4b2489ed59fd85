/** Words as something typed: what the company believes was meant. It is told back and counts for nothing until it is confirmed in typed form. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { at } from '../../protocol/base/pointer.ts';
import type { Reading } from '../../protocol/operation.ts';
import type { Issue } from '../engine/world.ts';
import { intentsOf, topicsOf } from './intents.ts';
import { offersWith, type PutForward, packageWith } from './packages.ts';
import { wishesPerson } from './person.ts';
import { readable } from './readable.ts';
import { type Talked, valuesIn } from './values.ts';

/** What is known where something is said. */
export interface Scene extends Talked, PutForward {}

/** Words that a model is to read. */
export interface Written {
  readonly operation: string;
  readonly text: string;
  readonly scene: Scene;
}

/** Reads words, within the scene. Undefined when it has nothing usable to say; it never throws. */
export interface Reader {
  read(written: Written): Promise<Reading | undefined>;
}

/** Without a model: the main things, and nothing that is not plain. */
export function readWords(written: string, scene: Scene): Reading {
  const text = readable(written);
  const isPersonWished = wishesPerson(text);
  const { accepts, withdraws, complains, asks } = intentsOf(text);
  const values = valuesIn(text, scene);
  const named = Object.keys(values.terms).length > 0;
  // A person was called already: the terms beside it are told back.
  if (isPersonWished && !named) return { kind: 'person' };
  if (withdraws) return { kind: 'withdrawal' };
  if (accepts) {
    const byId = scene.open.filter(({ id }) => text.includes(id));
    const meant = offersWith(values.terms, byId.length > 0 ? { ...scene, open: byId } : scene);
    if (meant.length > 0) return { kind: 'acceptance', offers: meant.map(({ id }) => id) };
    const chosen = named ? packageWith(values.terms, scene) : undefined;
    if (chosen?.choice !== undefined) return { kind: 'acceptance', offers: [chosen.id], choice: chosen.choice };
  }
  if (named && !asks) return { kind: 'proposal', terms: values.terms };
  const about = [
    ...topicsOf(text),
    ...(values.currency === undefined ? [] : (['currency'] as const)),
    ...scene.issues.flatMap((issue) => (isNamed(text, issue, values.terms, values.unsure) ? [issue.pointer] : [])),
  ];
  if (complains) return { kind: 'complaint' };
  return asks || values.currency !== undefined || values.unsure.length > 0
    ? { kind: 'question', about, ...(named ? { terms: values.terms } : {}) }
    : { kind: 'unclear' };
}

function isNamed(text: string, issue: Issue, terms: JsonObject, unsure: readonly string[]): boolean {
  if (unsure.includes(issue.pointer) || at(terms, issue.pointer) !== undefined) return true;
  return text.toLowerCase().includes(issue.label.toLowerCase());
}
