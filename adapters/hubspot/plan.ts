import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { ReadHttp } from '../sdk/http.ts';
import type { Ctx, Plan, PlanRequest, PlanStep } from '../sdk/index.ts';
import { type Payload, payloadOf } from '../sdk/payload.ts';
import { planByRecipe } from '../sdk/planner.ts';
import type { Recipe } from '../sdk/recipe.ts';
import { previewChange } from './change.ts';
import { isChangedByContract, type Portal, typeNamed } from './mapping.ts';
import { readRecord } from './records.ts';

/** The plan as HubSpot will hold it; what HubSpot would refuse is found here where it offers to say so, before anybody signs off. */
export async function planned(
  http: ReadHttp,
  portal: Portal,
  ctx: Ctx,
  recipe: Recipe,
  request: PlanRequest,
): Promise<Plan> {
  const plan = await planByRecipe(recipe, portal.mapping, request, (ref) => readRecord(http, portal, ctx, ref));
  const steps = plan.steps.map((step) => asHeld(portal, step));
  for (const step of steps) {
    const { update } = payloadOf(step);
    if (update === null || !isChangedByContract(typeNamed(portal, update.type))) continue;
    const record = await readRecord(http, portal, ctx, { type: update.type, by: 'id', value: update.id });
    await previewChange(http, ctx, record, update.values);
  }
  return { ...plan, steps };
}

/** HubSpot keeps e-mail addresses in lower case, however they are sent. */
function asHeld(portal: Portal, step: PlanStep): PlanStep {
  const held = (type: string, name: string, value: Json): Json => {
    const { lower_case: lower } = typeNamed(portal, type).more;
    return typeof value === 'string' && Array.isArray(lower) && lower.includes(name) ? value.toLowerCase() : value;
  };
  const all = <T extends { readonly type: string; readonly values: JsonObject }>(of: T): T => {
    const values = Object.entries(of.values).map(([name, value]) => [name, held(of.type, name, value)]);
    return { ...of, values: Object.fromEntries(values) };
  };
  const { update, create, note } = payloadOf(step);
  const payload: Payload = {
    update: update === null ? null : all(update),
    create: create === null ? null : all(create),
    note,
  };
  const changes = step.changes.map((change) => ({ ...change, to: held(change.ref.type, change.field, change.to) }));
  return { ...step, changes, payload: { ...step.payload, ...payload } };
}
