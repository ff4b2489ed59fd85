/** What becomes of the agreed terms: a term that nothing writes would be agreed on, and never happen. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { TermUse } from './index.ts';
import type { Mapping } from './mapping.ts';
import { pathsOf } from './paths.ts';

/** `unwritten` is the recipe's own word for it: the terms that it leaves out, each with the reason. */
export function termsUsed({ steps, records, unwritten }: JsonObject, mapping: Mapping): Record<string, TermUse> {
  const use: Record<string, TermUse> = {};
  for (const name of Object.keys(isObject(unwritten) ? unwritten : {})) use[name] = 'unwritten';
  const note = (text: Json | undefined, as: TermUse) => {
    for (const [root, name] of typeof text === 'string' ? pathsOf(text) : [])
      if (root === 'terms' && use[name ?? ALL] !== 'written') use[name ?? ALL] = as;
  };
  for (const step of Array.isArray(steps) ? steps : []) {
    const { update, create, when, each, on, note: beside } = isObject(step) ? step : {};
    for (const text of [when, each, on, beside]) note(text, 'written');
    for (const part of [update, create]) {
      const { record, type, set, corrections, account } = isObject(part) ? part : {};
      for (const text of [corrections, account]) note(text, 'written');
      const of = typeof type === 'string' ? type.replace(/\?$/, '') : typeNamed(records, record);
      for (const [named, text] of Object.entries(isObject(set) ? set : {})) {
        const hasField = mapping.types.get(of)?.fields.has(named.replace(/\?$/, '')) === true;
        note(text, hasField ? 'written' : 'no_field');
      }
    }
  }
  return use;
}

/** An expression that takes the terms as a whole takes each of them. */
const ALL = '*';

export function useOf(terms: Readonly<Record<string, TermUse>>, name: string): TermUse | undefined {
  return terms[ALL] === 'written' ? 'written' : terms[name];
}

function typeNamed(records: Json | undefined, name: Json | undefined): string {
  const record = isObject(records) && typeof name === 'string' ? records[name] : undefined;
  return isObject(record) && typeof record['type'] === 'string' ? record['type'] : '';
}
