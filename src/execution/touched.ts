/** Whose records a plan rests on: judged on the records themselves, whatever made the plan, each time it is made. */
import { AdapterError, type Plan, type PlanStep, type Ref, type Touched } from '../../adapters/sdk/index.ts';
import type { Refusal } from '../../protocol/base/errors.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Operation } from '../engine/operation.ts';
import { actionOf, type World } from '../engine/world.ts';
import { crmContext } from './crm.ts';
import { NOT_THERE, type Read, SEVERAL_ACCOUNTS } from './subjects.ts';

/** Every record is a subject that is shared, or of an account of the mandate; and all of them are of one account, unless the definition
 * says why not. Throws the adapter's errors, and `bug` for a plan that writes what it does not speak of. */
export async function keepsToPrincipal(
  world: World,
  operation: Operation,
  plan: Plan,
  subjects: readonly Read[],
): Promise<Result<void, Refusal>> {
  const named = refsOf(plan.steps);
  const touched = plan.touched ?? (await readEach(world, operation, plan.steps, named));
  const spoken = new Map(touched.map((each) => [keyOf(each.ref), each]));
  const silent = named.find(({ ref, isWritten }) => {
    const said = spoken.get(keyOf(ref));
    return said === undefined || (isWritten && said.mode !== 'write');
  });
  if (silent !== undefined) throw new AdapterError('bug', 'A plan writes a record that it does not say it touches.');
  const shared = new Set(subjects.filter((each) => each.shared).map(({ snapshot }) => keyOf(snapshot.ref)));
  const theirs = touched.filter(({ ref, account }) => !shared.has(keyOf(ref)) && !isNobodys(ref, account));
  const accounts = new Set(theirs.map(({ account }) => account));
  const allowed = operation.mandate?.constraints.accounts ?? [];
  const stranger = theirs.find(({ account }) => account === null || !allowed.includes(account));
  if (stranger !== undefined) {
    world.log('plan.others_record', { operation: operation.id, type: stranger.ref.type, mode: stranger.mode });
    return err(NOT_THERE());
  }
  const several = accounts.size > 1 && actionOf(world, operation)?.rules.acrossAccounts !== true;
  return several ? err(SEVERAL_ACCOUNTS()) : ok(undefined);
}

/** Something new that is nobody's, such as the case of somebody unknown. */
const isNobodys = (ref: Ref, account: string | null): boolean => ref.by === 'external' && account === null;

const keyOf = ({ type, by, value }: Ref): string => `${by} ${type} ${value}`;

interface Named {
  readonly ref: Ref;
  readonly isWritten: boolean;
}

/** The records that the steps themselves name: what is changed, what is made, and what it depends on. */
function refsOf(steps: readonly PlanStep[]): Named[] {
  const all = steps.flatMap(({ changes, preconditions, payload, idempotencyKey }): Named[] => {
    const { type: changed = null, id = null } = membersOf(payload['update']);
    const { type: made = null } = membersOf(payload['create']);
    return [
      ...changes.map(({ ref }) => ({ ref, isWritten: true })),
      ...preconditions.map(({ ref }) => ({ ref, isWritten: false })),
      ...(typeof changed === 'string' && typeof id === 'string'
        ? [{ ref: { type: changed, by: 'id', value: id } as const, isWritten: true }]
        : []),
      ...(typeof made === 'string'
        ? [{ ref: { type: made, by: 'external', value: idempotencyKey } as const, isWritten: true }]
        : []),
    ];
  });
  const byKey = new Map<string, Named>();
  for (const each of all)
    byKey.set(keyOf(each.ref), {
      ...each,
      isWritten: each.isWritten || (byKey.get(keyOf(each.ref))?.isWritten ?? false),
    });
  return [...byKey.values()];
}

/** For a plan that does not say what it touches: nothing is believed that was not read. */
async function readEach(
  world: World,
  operation: Operation,
  steps: readonly PlanStep[],
  named: readonly Named[],
): Promise<readonly Touched[]> {
  const touched: Touched[] = [];
  for (const { ref, isWritten } of named) {
    const mode = isWritten ? 'write' : 'read';
    if (ref.by === 'external') touched.push({ ref, account: madeFor(steps, ref), mode });
    else {
      const { data } = await world.crm.read(crmContext(world, operation), ref);
      const { account = null } = data;
      touched.push({ ref, account: typeof account === 'string' ? account : null, mode });
    }
  }
  return touched;
}

function madeFor(steps: readonly PlanStep[], { value }: Ref): string | null {
  const step = steps.find(({ idempotencyKey }) => idempotencyKey === value);
  const { account = null } = membersOf(step?.payload['create']);
  return typeof account === 'string' ? account : null;
}

const membersOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
