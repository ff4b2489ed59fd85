import type { Verification } from '../../adapters/sdk/index.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Attempt, Operation } from '../engine/operation.ts';
import { type Moved, move, type Patch } from '../engine/transitions.ts';
import type { World } from '../engine/world.ts';

const DAY_MS = 86_400_000;

/** Ends an operation whose every write was read back: its output, checked against the action's own schema. */
export async function complete(
  world: World,
  operation: Operation,
  attempts: readonly Attempt[],
  last: Verification | null,
): Promise<Moved> {
  const built = outputOf(operation, attempts, last);
  const checked = world.actions.action(operation.action)?.checkOutput(built);
  // The write is done and confirmed: an output we cannot vouch for is withheld, never a reason to call the effect failed.
  if (checked?.ok !== true) world.log('output.invalid', { operation: operation.id, action: operation.action });
  const effects = attempts.map(({ step, result }) => ({
    step,
    version: result?.version ?? null,
    state: result?.state ?? null,
  }));
  const now = world.clock.now();
  const patch: Patch = {
    attempts,
    ...(checked?.ok === true ? { output: checked.value } : {}),
    ...observed(world, operation, attempts, now),
  };
  return move(operation, 'confirmed', 'engine', now, patch, { effects });
}

/** What was written is looked at for some time: did it stay? A ticket for a person is theirs to change. */
function observed(world: World, { action }: Operation, attempts: readonly Attempt[], now: Date): Patch {
  const days = world.settings.observationDays;
  if (days === 0 || attempts.length === 0 || world.actions.action(action)?.definition.kind === 'handoff') return {};
  return { observation: { until: now.getTime() + days * DAY_MS } };
}

function outputOf(operation: Operation, attempts: readonly Attempt[], last: Verification | null): JsonObject {
  const { handoff, input, output } = operation;
  if (handoff !== undefined && output === undefined && operation.agreement === undefined) {
    return { case_ref: handoff.caseRef, respond_by: handoff.respondBy, channel: handoff.channel };
  }
  const terms = operation.negotiation?.offers.find(({ id }) => id === operation.agreement?.offer)?.terms;
  if (terms === undefined) return { ...output, correction: { state: 'written', records: attempts.length } };
  return {
    contract: input['contract'] ?? null,
    end_date: last?.after?.data['end_date'] ?? null,
    terms,
    crm_revision: attempts.at(-1)?.result?.version ?? last?.after?.version ?? null,
  };
}
