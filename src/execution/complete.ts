import type { Verification } from '../../adapters/sdk/index.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Attempt, Operation } from '../engine/operation.ts';
import { type Moved, move } from '../engine/transitions.ts';
import type { World } from '../engine/world.ts';

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
  return move(
    operation,
    'confirmed',
    'engine',
    world.clock.now(),
    { attempts, ...(checked?.ok === true ? { output: checked.value } : {}) },
    { effects },
  );
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
