/** The company's own actions: a folder with a definition for each, `<name>.json`, how each CRM carries it out, `<name>.<adapter>.json`,
 * and definitions that are no longer offered but that operations began with, `<name>@<version>.json`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { extendMapping } from '../../adapters/sdk/mapping.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { Contract } from './contract.ts';
import { uncovered } from './recipes.ts';

export interface OwnActions {
  readonly definitions: readonly JsonObject[];
  /** By adapter. */
  readonly recipes: ReadonlyMap<string, readonly JsonObject[]>;
  /** What recipes add to the field mapping of their CRM, by adapter. */
  readonly mappings: ReadonlyMap<string, JsonObject>;
  /** Files that cannot be read, or whose name says nothing. */
  readonly problems: readonly string[];
}

export const NO_ACTIONS: OwnActions = { definitions: [], recipes: new Map(), mappings: new Map(), problems: [] };

const FILE = /^([a-z]+\.[a-z]+)(?:@(\d+\.\d+\.\d+)|\.([a-z][a-z0-9-]*))?\.json$/;

export function readActions(folder: string): OwnActions {
  const definitions: JsonObject[] = [];
  const recipes = new Map<string, JsonObject[]>();
  const mappings = new Map<string, JsonObject>();
  const problems: string[] = [];
  for (const file of namesIn(folder, problems).filter((name) => name.endsWith('.json'))) {
    const [matched, name = '', version, adapter] = FILE.exec(file) ?? [];
    const value = matched === undefined ? undefined : readJson(join(folder, file));
    if (matched === undefined)
      problems.push(`${file} is not named <name>.json, <name>.<adapter>.json or <name>@<version>.json`);
    else if (value === undefined) problems.push(`${file} is not a JSON object`);
    else if (adapter === undefined) {
      if (value['name'] !== name) problems.push(`${file} defines ${JSON.stringify(value['name'] ?? null)}`);
      if (version !== undefined && value['version'] !== version) problems.push(`${file} is not of version ${version}`);
      definitions.push(value);
    } else {
      const { mapping, ...recipe } = value;
      if (recipe['action'] !== name) problems.push(`${file} is for ${JSON.stringify(recipe['action'] ?? null)}`);
      recipes.set(adapter, [...(recipes.get(adapter) ?? []), recipe]);
      if (isObject(mapping)) mappings.set(adapter, extendMapping(mappings.get(adapter) ?? {}, mapping));
    }
  }
  return { definitions, recipes, mappings, problems };
}

/** What the folder's parts do not say of each other: a recipe for the CRM, and one that keeps to its definition. */
export function ownProblems(contract: Contract, own: OwnActions, adapter: string): string[] {
  const recipes = own.recipes.get(adapter) ?? [];
  const of = (name: string) => recipes.filter(({ action }) => action === name);
  const defined = new Set(own.definitions.map(({ name }) => name));
  const lacking = contract.all.filter(
    ({ name, kind }) => defined.has(name) && kind !== 'read' && of(name).length === 0,
  );
  return [
    ...lacking.map(({ name }) => `${name} has no recipe ${name}.${adapter}.json`),
    ...contract.all.flatMap((definition) => of(definition.name).flatMap((recipe) => uncovered(definition, recipe))),
  ];
}

function namesIn(folder: string, problems: string[]): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    problems.push('the folder cannot be read');
    return [];
  }
}

function readJson(path: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(readFileSync(path, 'utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
