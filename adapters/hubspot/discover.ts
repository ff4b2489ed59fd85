import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { path, type ReadHttp } from '../sdk/http.ts';
import type { Capability, Ctx } from '../sdk/index.ts';
import type { FieldKind, MappedField, MappedType } from '../sdk/mapping.ts';
import type { Recipe } from '../sdk/recipe.ts';
import { accepted, misshapen } from './answers.ts';
import { heldIn, isChangedByContract, isLink, type Portal, propertiesOf, typeNamed } from './mapping.ts';
import type { Recipes } from './recipes.ts';

type Definitions = ReadonlyMap<string, JsonObject> | undefined;

/** The capabilities that this portal and these scopes really allow: the mapping is held against the properties API. What is missing
 * is told in the log, one line an action. */
export async function discover(
  http: ReadHttp,
  portal: Portal,
  ctx: Ctx,
  capabilities: readonly Capability[],
  recipes: Recipes,
): Promise<readonly Capability[]> {
  const asked = new Map<string, Promise<Definitions>>();
  const definitionsOf = (object: string) => {
    const found = asked.get(object) ?? definitions(http, ctx, object);
    asked.set(object, found);
    return found;
  };
  const allowed: Capability[] = [];
  for (const capability of capabilities) {
    const recipe = recipes.get(capability.action);
    if (recipe === undefined) continue;
    const missing: string[] = [];
    for (const [name, needed] of needs(portal, recipe)) {
      const type = typeNamed(portal, name);
      missing.push(...lacks(portal, type, needed, await definitionsOf(type.object)));
    }
    if (missing.length === 0) allowed.push(capability);
    else ctx.log('hubspot.lacks', { action: capability.action, missing });
  }
  return allowed;
}

/** Which values a recipe writes, a type. */
function needs({ mapping }: Portal, { records, steps }: Recipe): Map<string, Set<string>> {
  const types = new Map(records.map(({ name, type }) => [name, type]));
  const needed = new Map<string, Set<string>>(records.map(({ type }) => [type, new Set<string>()]));
  // What stands in for another step is tried when it is needed.
  for (const { update, create } of steps.filter(({ whereUnchanged }) => whereUnchanged === undefined)) {
    const type = create?.type ?? types.get(update?.record ?? '') ?? '';
    const written = new Set(needed.get(type));
    for (const name of [...(update?.set.keys() ?? []), ...(create?.set.keys() ?? [])]) written.add(name);
    if (update?.corrections !== undefined)
      for (const { name, correctable } of mapping.types.get(type)?.fields.values() ?? [])
        if (correctable) written.add(name);
    needed.set(type, written);
  }
  return needed;
}

/** Undefined where the portal has no such object, or does not show it. */
async function definitions(http: ReadHttp, ctx: Ctx, object: string): Promise<Definitions> {
  const answer = await http.get(ctx, path`/crm/properties/2026-09/${object}`);
  if (answer.status === 400 || answer.status === 403 || answer.status === 404) return undefined;
  const { results } = accepted(answer, 'read').body;
  if (!Array.isArray(results)) throw misshapen();
  return new Map(results.filter(isObject).map((each) => [String(each['name']), each]));
}

function lacks({ marker }: Portal, type: MappedType, written: ReadonlySet<string>, known: Definitions): string[] {
  const { object, fields } = type;
  if (known === undefined) return [`${object} (no such object, or no scope for it)`];
  const missing = propertiesOf(type).filter((name) => !known.has(name));
  const wrong = [...fields.values()]
    .filter((field) => !isLink(type, field) && heldIn(field).every((name) => known.has(name)))
    .flatMap((field) => unfitting(field, known, written.has(field.name)));
  const isMarked = written.size === 0 || isChangedByContract(type) || known.get(marker)?.['hasUniqueValue'] === true;
  return [
    ...missing.map((name) => `${object}.${name}`),
    ...wrong.map((each) => `${object}.${each}`),
    ...(isMarked ? [] : [`${object}.${marker} (must have unique values)`]),
  ];
}

const HOLDS: Readonly<Record<FieldKind, readonly string[]>> = {
  text: ['string', 'enumeration', 'phone_number'],
  long: ['string'],
  whole: ['number'],
  day: ['date'],
  flag: ['bool', 'enumeration'],
  money: ['number'],
  choice: ['enumeration', 'string'],
  id: ['number', 'string'],
  json: ['string'],
};

function unfitting(
  { field, kind, values }: MappedField,
  known: NonNullable<Definitions>,
  isWritten: boolean,
): string[] {
  const { type, options, modificationMetadata: how } = known.get(field) ?? {};
  if (!HOLDS[kind].some((each) => each === type))
    return [`${field} (is ${String(type)}, must be ${HOLDS[kind].join(' or ')})`];
  if (isWritten && isObject(how) && how['readOnlyValue'] === true) return [`${field} (is read-only)`];
  if (kind !== 'choice' || type !== 'enumeration' || !Array.isArray(options)) return [];
  const offered = new Set(options.filter(isObject).map(({ value }) => value));
  const absent = [...values.values()].filter((word) => !offered.has(word));
  return absent.length === 0 ? [] : [`${field} (has no option ${absent.join(', ')})`];
}
