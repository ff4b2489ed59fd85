/** How each action is carried out in HubSpot: documents in actions/, and those a company brings along. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { FURTHER_RECIPES } from '../sdk/actions/standard.ts';
import { type Guarantees, parseRecipes } from '../sdk/by-recipe.ts';
import type { Recipe } from '../sdk/recipe.ts';
import caseOpen from './actions/case.open.json' with { type: 'json' };
import contractAmend from './actions/contract.amend.json' with { type: 'json' };
import contractCancel from './actions/contract.cancel.json' with { type: 'json' };
import contractRenewByChange from './actions/contract.renew.contracts-api.json' with { type: 'json' };
import contractRenew from './actions/contract.renew.json' with { type: 'json' };
import dataRights from './actions/data.rights.json' with { type: 'json' };
import dataValidate from './actions/data.validate.json' with { type: 'json' };
import humanHandoff from './actions/human.handoff.json' with { type: 'json' };
import providerSwitch from './actions/provider.switch.json' with { type: 'json' };
import refundRequest from './actions/refund.request.json' with { type: 'json' };
import slaCredit from './actions/sla.credit.json' with { type: 'json' };
import { isChangedByContract, isLink, linkOf, type Portal } from './mapping.ts';

const STANDARD: readonly JsonObject[] = [
  ...FURTHER_RECIPES,
  contractRenew,
  dataValidate,
  humanHandoff,
  refundRequest,
  caseOpen,
  contractAmend,
  contractCancel,
  slaCredit,
  dataRights,
  providerSwitch,
];
/** In their place where the contracts API is switched on. */
const BY_CONTRACTS_API: readonly JsonObject[] = [contractRenewByChange];

export type Recipes = ReadonlyMap<string, Recipe>;

/** A company's own recipe for an action replaces ours. */
export function readRecipes(
  portal: Portal,
  own: readonly Json[],
  contractsApi: boolean,
): Result<Recipes, readonly string[]> {
  const documents = new Map<string, Json>();
  for (const each of [...STANDARD, ...(contractsApi ? BY_CONTRACTS_API : []), ...own])
    documents.set(isObject(each) ? String(each['action']) : '', each);
  const read = parseRecipes([...documents.values()], portal.mapping);
  if (!read.ok) return read;
  const problems = read.value.flatMap((recipe) => beyond(portal, recipe));
  return problems.length > 0 ? err(problems) : ok(new Map(read.value.map((each) => [each.action, each])));
}

/** What HubSpot cannot do in one request that is done wholly or not at all. */
function beyond({ mapping }: Portal, { action, steps, records }: Recipe): string[] {
  const types = new Map(records.map(({ name, type }) => [name, type]));
  return steps.flatMap(({ update, create, note }, index) => {
    const at = `${action}: /steps/${index}`;
    const changed = mapping.types.get(types.get(update?.record ?? '') ?? '');
    const moved = [...(update?.set.keys() ?? [])].some((name) => {
      const field = changed?.fields.get(name);
      return changed !== undefined && field !== undefined && isLink(changed, field);
    });
    const made = mapping.types.get(create?.type ?? '');
    const linked = [
      ...(create?.account === undefined ? [] : [made?.account]),
      ...[...(create?.set.keys() ?? [])].flatMap((name) => {
        const field = made?.fields.get(name);
        return made !== undefined && field !== undefined && isLink(made, field) ? [field.field] : [];
      }),
    ];
    const unnumbered = linked.filter((object) => made !== undefined && linkOf(made, object) === null);
    return [
      ...(update !== undefined && create !== undefined ? [`${at} updates and creates: make two steps of it`] : []),
      ...(note === undefined ? [] : [`${at}/note would be a second request: put the text into a field`]),
      ...(moved ? [`${at}/update/set names an association, which an update cannot change`] : []),
      ...unnumbered.map((object) => `${at}/create needs the number of its association with ${object}`),
    ];
  });
}

/** What HubSpot guarantees for one action. */
export function guaranteesOf({ mapping }: Portal, { records, steps }: Recipe): Guarantees {
  const typeOf = new Map(records.map(({ name, type }) => [name, type]));
  const updated = steps.flatMap(({ update }) => mapping.types.get(typeOf.get(update?.record ?? '') ?? '') ?? []);
  return {
    idempotency: 'external_id',
    // HubSpot knows no condition on a write: what slips in between reading and writing is seen afterwards, in the history.
    conflict: updated.length > 0 ? 'detect' : 'none',
    ...(updated.some(isChangedByContract) ? { preview: 'native', stability: 'beta' } : {}),
  };
}
