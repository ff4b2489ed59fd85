import { isDay, isMoney } from '../../adapters/sdk/values.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { formatMoney } from '../../protocol/base/money.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { parseStrictJson } from '../edge/strict-json.ts';
import type { Hearing, Spoken } from '../engine/hearing.ts';
import { BLANK, whyUnfit } from './gate.ts';
import { TEXT_CHARS_MAX, unfenced } from './prompt.ts';

/** Reads what a model answered. Nothing in it is believed: the move must be one of those given, and the words may say no number of their
 * own. Where a number belongs they have a blank, `{term_months}` or `{record.seats}`, and it is filled in from the move and the record.
 * The reason is for the log; it repeats nothing the model wrote. */
export function readAnswer(answered: string, hearing: Hearing): Result<Spoken, string> {
  const parsed = parseStrictJson(new TextEncoder().encode(unfenced(answered)));
  if (!parsed.ok || !isObject(parsed.value)) return err('not one JSON object');
  const { move, text, ...more } = parsed.value;
  if (Object.keys(more).length > 0) return err('unknown members');
  const chosen = typeof move === 'number' ? hearing.moves[move] : undefined;
  if (typeof move !== 'number' || chosen === undefined) return err('no such move');
  if (typeof text !== 'string') return err('no text');
  const refused = text.trim() === '' || text.length > TEXT_CHARS_MAX ? 'text of a wrong length' : whyUnfit(text);
  if (refused !== undefined) return err(refused);
  const filled = fill(text.trim(), chosen.kind === 'offer' ? chosen.terms : {}, hearing.record);
  return filled === undefined ? err('a blank for something that is not there') : ok({ move, text: filled });
}

function fill(text: string, terms: JsonObject, record: JsonObject): string | undefined {
  const values: (string | undefined)[] = [];
  const filled = text.replace(BLANK, (_blank, of: string | undefined, name: string) => {
    const from = of === undefined ? terms : record;
    const value = Object.hasOwn(from, name) ? worded(from[name]) : undefined;
    values.push(value);
    return value ?? '';
  });
  return values.includes(undefined) ? undefined : filled;
}

/** Only what cannot be prose: numbers, amounts, dates. A text in a record is somebody's words. */
function worded(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return isDay(value) ? value : undefined;
  return isMoney(value) ? formatMoney(value) : undefined;
}
