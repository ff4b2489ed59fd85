/** The mapping and the recipes held against the org's own description of itself. */
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { path, type ReadHttp } from '../sdk/http.ts';
import type { Capability, Ctx } from '../sdk/index.ts';
import type { MappedField, MappedType } from '../sdk/mapping.ts';
import type { Fields, Recipe } from '../sdk/recipe.ts';
import { accepted, misshapen } from './answers.ts';
import { fieldsOf } from './codec.ts';
import { noteOf, type Org, typeNamed } from './org.ts';

type Described = ReadonlyMap<unknown, JsonObject> | undefined;
type Describe = (object: string) => Promise<Described>;
type Writes = 'createable' | 'updateable';

/** The capabilities that this org, this edition and this user really allow. What an action lacks is logged, each lack by the org's own
 * names, so that an admin can act on it. */
export async function discover(
  http: ReadHttp,
  org: Org,
  ctx: Ctx,
  capabilities: readonly Capability[],
  recipes: ReadonlyMap<string, Recipe>,
): Promise<readonly Capability[]> {
  const seen = new Map<string, Promise<Described>>();
  const describe: Describe = (object) => {
    const found = seen.get(object) ?? fetchDescription(http, org, ctx, object);
    seen.set(object, found);
    return found;
  };
  const allowed: Capability[] = [];
  for (const capability of capabilities) {
    const recipe = recipes.get(capability.action);
    const lacks = recipe === undefined ? [] : await lacksOf(org, recipe, describe);
    if (lacks.length === 0) allowed.push(capability);
    else ctx.log('salesforce.lacks', { action: capability.action, lacks });
  }
  return allowed;
}

async function lacksOf(org: Org, { records, steps }: Recipe, describe: Describe): Promise<string[]> {
  const typeOf = new Map(records.map(({ name, type }) => [name, type]));
  const lacks = new Set<string>();
  const add = (found: readonly string[]) => found.forEach((each) => void lacks.add(each));
  const read = async (name: string) => {
    const type = typeNamed(org, name);
    add(unreadable(org, type, await describe(type.object)));
  };
  const write = async (name: string, fields: Fields, flag: Writes, more: readonly string[]) => {
    await read(name);
    const type = typeNamed(org, name);
    add(unwriteable(org, type, await describe(type.object), fields, flag, more));
  };
  for (const { type } of records) await read(type);
  // What stands in for another step is tried when it is needed.
  for (const { update, create, note } of steps.filter(({ whereUnchanged }) => whereUnchanged === undefined)) {
    if (update !== undefined) await write(typeOf.get(update.record) ?? update.record, update, 'updateable', []);
    if (create === undefined) continue;
    const type = typeNamed(org, create.type);
    const owner = create.account === undefined || type.account === undefined ? [] : [type.account];
    await write(create.type, create, 'createable', owner);
    const beside = note === undefined ? undefined : noteOf(type);
    if (beside !== undefined && (await describe(beside.object)) === undefined) add([`${beside.object} is not there`]);
  }
  return [...lacks];
}

async function fetchDescription(http: ReadHttp, { version }: Org, ctx: Ctx, object: string): Promise<Described> {
  const answer = await http.get(ctx, path`/services/data/${version}/sobjects/${object}/describe`);
  if (answer.status === 404) return undefined;
  const { fields } = accepted(answer);
  if (!Array.isArray(fields)) throw misshapen();
  return new Map(fields.filter(isObject).map((each) => [each['name'], each]));
}

/** A record is read with all its mapped fields: one that is not there, or not for this user, and nothing can be read. */
function unreadable({ marker }: Org, type: MappedType, described: Described): string[] {
  if (described === undefined) return [`${type.object} is not there`];
  const account = type.account === undefined ? [] : [type.account];
  return [marker, ...account, ...fieldsOf(type)].flatMap((name) =>
    described.has(name) ? [] : [`${type.object}.${name} is not there`],
  );
}

function unwriteable(
  { marker }: Org,
  { object, fields }: MappedType,
  described: Described,
  { set, corrections }: Fields,
  flag: Writes,
  more: readonly string[],
): string[] {
  if (described === undefined) return [];
  const written = [...fields.values()].filter(
    ({ name, correctable }) => set.has(name) || (corrections !== undefined && correctable),
  );
  const columns = written.flatMap(({ field, currency }) => (currency === undefined ? [field] : [field, currency]));
  const closed = [...new Set([marker, ...more, ...columns])].flatMap((name) => {
    const column = described.get(name);
    return column === undefined || column[flag] === true ? [] : [`${object}.${name} is not ${flag} for this user`];
  });
  const mark = described.get(marker);
  const isKey = mark === undefined || (mark['externalId'] === true && mark['unique'] === true);
  const key = isKey ? [] : [`${object}.${marker} is not an external ID that is unique`];
  return [...closed, ...key, ...written.flatMap((each) => misfits(object, each, described.get(each.field)))];
}

function misfits(object: string, mapped: MappedField, column: JsonObject | undefined): string[] {
  if (column === undefined) return [];
  const { length, picklistValues } = column;
  const at = `${object}.${mapped.field}`;
  if (mapped.kind === 'text' || mapped.kind === 'long') {
    const isLong = typeof length === 'number' && length >= mapped.charsMax;
    return isLong ? [] : [`${at} holds fewer than ${mapped.charsMax} characters`];
  }
  if (mapped.kind !== 'choice' || !Array.isArray(picklistValues)) return [];
  const offered = new Set(
    picklistValues.filter(isObject).flatMap(({ value, active }) => (active === false ? [] : [value])),
  );
  return [...mapped.values.values()].flatMap((word) => (offered.has(word) ? [] : [`${at} does not offer “${word}”`]));
}
