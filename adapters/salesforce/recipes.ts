/** How each action is carried out in Salesforce: documents in actions/, and those a company brings along. */
import type { Json, JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Capability } from '../sdk/index.ts';
import { parseRecipe, type Recipe } from '../sdk/recipe.ts';
import { isObject } from '../sdk/values.ts';
import caseOpen from './actions/case.open.json' with { type: 'json' };
import contractRenew from './actions/contract.renew.json' with { type: 'json' };
import dataValidate from './actions/data.validate.json' with { type: 'json' };
import humanHandoff from './actions/human.handoff.json' with { type: 'json' };
import refundRequest from './actions/refund.request.json' with { type: 'json' };
import { noteOf, type Org } from './org.ts';

const STANDARD: readonly JsonObject[] = [contractRenew, dataValidate, humanHandoff, refundRequest, caseOpen];

export type Recipes = ReadonlyMap<string, Recipe>;

/** A company's own recipe for an action replaces ours. */
export function readRecipes(org: Org, own: readonly Json[]): Result<Recipes, readonly string[]> {
  const documents = new Map<string, Json>();
  for (const each of [...STANDARD, ...own]) documents.set(isObject(each) ? String(each['action']) : '', each);
  const recipes = new Map<string, Recipe>();
  const problems: string[] = [];
  for (const [action, document] of documents) {
    const read = parseRecipe(document, org.mapping);
    const told = read.ok ? stray(org, read.value) : read.error;
    problems.push(...told.map((each) => `${action}: ${each}`));
    if (read.ok) recipes.set(action, read.value);
  }
  return problems.length > 0 ? err(problems) : ok(recipes);
}

/** A note has to be a record of some object, and only the mapping can say which. */
function stray({ mapping }: Org, { steps }: Recipe): string[] {
  return steps.flatMap(({ note, create }, index) => {
    const type = create === undefined ? undefined : mapping.types.get(create.type);
    const hasPlace = type !== undefined && noteOf(type) !== undefined;
    return note === undefined || hasPlace ? [] : [`/steps/${index}/note has no object in the field mapping`];
  });
}

export function capabilityOf({ action, records, steps }: Recipe): Capability {
  const typeOf = new Map(records.map(({ name, type }) => [name, type]));
  const objects = steps.flatMap(({ update, create }) => [
    ...(update === undefined ? [] : [typeOf.get(update.record) ?? update.record]),
    ...(create === undefined ? [] : [create.type]),
  ]);
  const reversals = new Set(steps.map(({ reversal }) => reversal));
  return {
    action,
    version: '1',
    objects: [...new Set(objects)],
    modes: ['read', 'write'],
    idempotency: 'external_id',
    conflict: 'timestamp',
    reversal: reversals.has('compensate') ? 'compensate' : reversals.has('undo') ? 'undo' : 'none',
    preview: 'computed',
    stability: 'ga',
  };
}
