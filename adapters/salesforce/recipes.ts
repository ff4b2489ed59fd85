/** How each action is carried out in Salesforce: as in any CRM, as the documents in actions/ say, or as a company’s own do. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { FURTHER_RECIPES, STANDARD_RECIPES } from '../sdk/actions/standard.ts';
import { parseRecipes } from '../sdk/by-recipe.ts';
import type { Recipe } from '../sdk/recipe.ts';
import caseOpen from './actions/case.open.json' with { type: 'json' };
import contractRenew from './actions/contract.renew.json' with { type: 'json' };
import humanHandoff from './actions/human.handoff.json' with { type: 'json' };
import refundRequest from './actions/refund.request.json' with { type: 'json' };
import { noteOf, type Org } from './org.ts';

/** In place of the common ones: Salesforce records a renewal as an opportunity, and has escalated cases and comments. */
const OWN: readonly JsonObject[] = [contractRenew, humanHandoff, refundRequest, caseOpen];

export type Recipes = ReadonlyMap<string, Recipe>;

/** A company's own recipe for an action replaces ours. */
export function readRecipes(org: Org, own: readonly Json[]): Result<Recipes, readonly string[]> {
  const documents = new Map<string, Json>();
  for (const each of [...STANDARD_RECIPES, ...FURTHER_RECIPES, ...OWN, ...own])
    documents.set(isObject(each) ? String(each['action']) : '', each);
  const read = parseRecipes([...documents.values()], org.mapping);
  if (!read.ok) return read;
  const problems = read.value.flatMap((recipe) => stray(org, recipe));
  return problems.length > 0 ? err(problems) : ok(new Map(read.value.map((each) => [each.action, each])));
}

/** A note has to be a record of some object, and only the mapping can say which. */
function stray({ mapping }: Org, { action, steps }: Recipe): string[] {
  return steps.flatMap(({ note, create }, index) => {
    const type = create === undefined ? undefined : mapping.types.get(create.type);
    const hasPlace = type !== undefined && noteOf(type) !== undefined;
    return note === undefined || hasPlace ? [] : [`${action}: /steps/${index}/note has no object in the field mapping`];
  });
}
