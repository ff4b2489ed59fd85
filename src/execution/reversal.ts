import type { Adapter, Change, Ctx, PlanStep, Snapshot, StepResult, Verification } from '../../adapters/sdk/index.ts';
import { same } from '../../adapters/sdk/values.ts';

/** Reads back a reversal: as the adapter knows to, else by the values from before. What a step made, only its adapter can tell. */
export async function readReversal(crm: Adapter, ctx: Ctx, step: PlanStep, done: StepResult): Promise<Verification> {
  if (crm.verifyReversal !== undefined) return crm.verifyReversal(ctx, step, done);
  if (step.changes.length === 0 || step.changes.some(({ ref }) => ref.by === 'external'))
    return { state: 'unknown', diff: [] };
  const records = new Map<string, Snapshot>();
  const diff: Change[] = [];
  let isUntouched = true;
  for (const change of step.changes) {
    const { ref, field, from } = change;
    const key = `${ref.type}/${ref.value}`;
    const record = records.get(key) ?? (await crm.read(ctx, ref));
    records.set(key, record);
    isUntouched &&= record.version === done.version;
    const shown = record.data[field] ?? null;
    if (!same(shown, from)) diff.push({ ...change, from: shown, to: from });
  }
  const [after] = records.values();
  const shown = after === undefined ? {} : { after };
  if (diff.length === 0) return { state: 'applied', ...shown, diff };
  return { state: isUntouched ? 'not_applied' : 'unknown', ...shown, diff };
}
