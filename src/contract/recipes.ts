import type { Json, JsonObject } from '../../protocol/json.ts';
import type { DefinitionFile } from './contract.ts';

/** What a recipe does that its definition does not cover. A record that a customer's request names must be one of the definition's
 * subjects: only those are checked to be the principal's. */
export function uncovered(definition: DefinitionFile, recipe: JsonObject): string[] {
  const { name, kind, subjects, result } = definition;
  const own = new Set(Object.values(subjects).map(({ type, id }) => `${type} ${bare(id)}`));
  const strangers = entriesOf(recipe['records']).flatMap(([record, { type, id }]) => {
    const names = readsOf(String(id)).filter((member) => member in propertiesOf(definition.input));
    const isOwn = names.length === 0 || kind === 'handoff' || own.has(`${String(type)} ${bare(String(id))}`);
    return isOwn
      ? []
      : [`${name}: the recipe reads ${record} by input.${names[0]}, which is no subject of the definition`];
  });
  const steps: Json = recipe['steps'] ?? [];
  const made = (Array.isArray(steps) ? steps : []).flatMap((step: Json) => {
    const { create = null } = isObject(step) ? step : {};
    return isObject(create) ? [String(create['type'])] : [];
  });
  const missing = Object.entries(result).flatMap(([member, text]) =>
    [...text.matchAll(/\bmade\.([a-z_]+)/g)].length > 0 &&
    ![...text.matchAll(/\bmade\.([a-z_]+)/g)].some(([, type]) => made.includes(type ?? ''))
      ? [`${name}: /result/${member} is of something that the recipe does not make`]
      : [],
  );
  return [...strangers, ...missing];
}

/** Members of the input that an expression reads. */
const readsOf = (text: string): string[] => [...text.matchAll(/\binput\.\??([a-z_]+)/g)].map(([, name]) => name ?? '');
const bare = (text: string): string => text.replaceAll(/[?\s]/g, '');

function entriesOf(value: Json | undefined): [string, JsonObject][] {
  return Object.entries(isObject(value) ? value : {}).map(([name, each]) => [name, isObject(each) ? each : {}]);
}

function propertiesOf(schema: JsonObject): JsonObject {
  const properties: Json = schema['properties'] ?? {};
  return isObject(properties) ? properties : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
