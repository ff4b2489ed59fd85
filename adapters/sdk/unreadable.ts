/** A field that holds something which is not a value of its kind. It travels with the record, shows that it changed, and is an error only
 * for whoever reads it: a price that cannot be told must never look like none, and never stop what does not need it. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';

/** No value of any kind: nothing else has this member. */
const MARK = 'unreadable';

export interface Unreadable extends JsonObject {
  readonly unreadable: string;
  readonly held: string;
}

const HELD_CHARS_MAX = 200;

/** `why`: a sentence for people. */
export function unreadable({ held, why }: { readonly held: Json; readonly why: string }): Unreadable {
  const text = typeof held === 'string' ? held : JSON.stringify(held);
  return { [MARK]: why, held: text.slice(0, HELD_CHARS_MAX).toWellFormed() };
}

export function isUnreadable(value: Json | undefined): value is Unreadable {
  return isObject(value) && typeof value[MARK] === 'string' && typeof value['held'] === 'string';
}

export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}
