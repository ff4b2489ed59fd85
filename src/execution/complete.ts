import type { PlanStep } from '../../adapters/sdk/index.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Attempt, Operation } from '../engine/operation.ts';
import { type ActionRules, evaluated, type ResultScope, scopeOf } from '../engine/rules.ts';
import { type Moved, move, type Patch } from '../engine/transitions.ts';
import { actionOf, type Change, type World } from '../engine/world.ts';
import { termsOf } from './terms.ts';

const DAY_MS = 86_400_000;

/** Ends an operation whose every write was read back: its output, checked against the action's own schema. */
export async function complete(world: World, operation: Operation, attempts: readonly Attempt[]): Promise<Moved> {
  const output = outputOf(world, operation, { attempts, corrected: operation.checked !== undefined });
  const effects = attempts.map(({ step, result }) => ({
    step,
    version: result?.version ?? null,
    state: result?.state ?? null,
  }));
  const now = world.clock.now();
  const patch: Patch = { attempts, ...(output && { output }), ...observed(world, operation, attempts, now) };
  return move(operation, 'confirmed', 'engine', now, patch, { effects });
}

/** What was written is looked at for some time: did it stay? A ticket for a person is theirs to change. */
function observed(world: World, operation: Operation, attempts: readonly Attempt[], now: Date): Patch {
  const days = world.settings.observationDays;
  if (days === 0 || attempts.length === 0 || actionOf(world, operation)?.definition.kind === 'handoff') return {};
  return { observation: { until: now.getTime() + days * DAY_MS } };
}

/** Ends an operation that wrote nothing and has its answer. */
export function answered(world: World, operation: Operation, found: Partial<Found>): Change {
  const output = outputOf(world, operation, found);
  const patch = output === undefined ? {} : { output };
  const moved = move(operation, 'answered', 'company', world.clock.now(), patch);
  return { next: moved.next, expected: operation.version, records: [moved.record] };
}

interface Found {
  readonly attempts: readonly Attempt[];
  readonly corrected: boolean;
  readonly shown: readonly Json[];
}

/** The output as the definition makes it. What we cannot vouch for is withheld: the write is done and confirmed, and an output that
 * fails is never a reason to call the effect failed. */
export function outputOf(world: World, operation: Operation, found: Partial<Found>): JsonObject | undefined {
  const action = actionOf(world, operation);
  if (action === undefined) return undefined;
  try {
    const made = evaluated(action.rules.result, resultScope(world, operation, action.rules, found));
    const checked = action.checkOutput(made);
    if (checked.ok) return checked.value;
  } catch {
    // Told below, with an output of the wrong shape.
  }
  world.log('output.invalid', { operation: operation.id, action: operation.action });
  return undefined;
}

function resultScope(
  world: World,
  operation: Operation,
  rules: ActionRules,
  { attempts = [], corrected = false, shown = [] }: Partial<Found>,
): ResultScope {
  const terms = termsOf(world, operation);
  const scope = scopeOf(operation, terms.ok ? terms.value : null);
  const { handoff, plan } = operation;
  const done = attempts.flatMap(({ step: id, result }) => {
    const step = plan?.plan.steps.find((each) => each.id === id);
    return step === undefined || result === undefined ? [] : [{ step, result }];
  });
  // What makes a record has no record before it.
  const made = done.filter(({ step }) => step.preconditions.length === 0).map(({ result }) => result.ref);
  return {
    ...scope,
    after: written(
      scope.records,
      rules,
      done.map(({ step }) => step),
    ),
    made: Object.fromEntries(made.toReversed().map(({ type, value }) => [type, value])),
    revision: attempts.at(-1)?.result?.version ?? null,
    effects: attempts.length,
    now: world.clock.now().toISOString(),
    handoff:
      handoff === undefined
        ? {}
        : { case_ref: handoff.caseRef, respond_by: handoff.respondBy, channel: handoff.channel },
    checked: operation.checked ?? [],
    corrected,
    shown,
  };
}

/** The records with every confirmed value in its place. */
function written(records: JsonObject, { subjects }: ActionRules, steps: readonly PlanStep[]): JsonObject {
  const types = new Map(subjects.map(({ name, type }) => [name, type]));
  const changes = steps.flatMap((step) => step.changes);
  return Object.fromEntries(
    Object.entries(records).map(([name, record]) => {
      if (typeof record !== 'object' || record === null || Array.isArray(record)) return [name, record];
      const data = record as JsonObject;
      const mine = changes.filter(({ ref }) => ref.type === types.get(name) && ref.value === data['id']);
      return [name, { ...data, ...Object.fromEntries(mine.map(({ field, to }) => [field, to])) }];
    }),
  );
}
