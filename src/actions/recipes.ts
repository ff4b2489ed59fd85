import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { DefinitionFile } from './contract.ts';

/** What a recipe does not do that its definition relies on. Whose records it reads and writes is judged on the records, at each plan. */
export function uncovered({ name, result }: Pick<DefinitionFile, 'name' | 'result'>, recipe: JsonObject): string[] {
  const steps: Json = recipe['steps'] ?? [];
  const made = (Array.isArray(steps) ? steps : []).flatMap((step: Json) => {
    const { create = null } = isObject(step) ? step : {};
    return isObject(create) ? [String(create['type'])] : [];
  });
  return Object.entries(result).flatMap(([member, text]) =>
    [...text.matchAll(/\bmade\.([a-z_]+)/g)].length > 0 &&
    ![...text.matchAll(/\bmade\.([a-z_]+)/g)].some(([, type]) => made.includes(type ?? ''))
      ? [`${name}: /result/${member} is of something that the recipe does not make`]
      : [],
  );
}
