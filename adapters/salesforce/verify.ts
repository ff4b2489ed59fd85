import type { ReadHttp } from '../sdk/http.ts';
import type { Change, Ctx, PlanStep, Ref, Verification } from '../sdk/index.ts';
import { differences, type Payload, payloadOf } from '../sdk/payload.ts';
import type { Org } from './org.ts';
import { type CrmRecord, findRecord, readRecord, snapshotOf } from './records.ts';

const nothing = (state: 'not_applied' | 'unknown'): Verification => ({ state, diff: [] });

/** Decides by what is there: the record the step made under its key, else the mark it left on the record it changed. Throws when it cannot read. */
export async function verify(http: ReadHttp, org: Org, ctx: Ctx, step: PlanStep): Promise<Verification> {
  const payload = payloadOf(step);
  const { create } = payload;
  const ref: Ref = { type: create?.type ?? '', by: 'external', value: step.idempotencyKey };
  const made = create === null ? undefined : await findRecord(http, org, ctx, ref);
  if (made === 'unclear') return nothing('unknown');
  if (made === 'absent') return nothing('not_applied');
  const [precondition] = step.preconditions;
  if (precondition === undefined) return made === undefined ? nothing('unknown') : compared(ctx, step.changes, [made]);
  const record = await readRecord(http, org, ctx, precondition.ref);
  if (made !== undefined) return compared(ctx, step.changes, [record, made]);
  return marked(step, payload, record, precondition.version) ?? compared(ctx, step.changes, [record]);
}

/** What the mark alone tells; undefined where the step was carried out and its values are to be compared. */
function marked(
  { idempotencyKey: key }: PlanStep,
  { update }: Payload,
  { marker, version }: CrmRecord,
  expected: string,
): Verification | undefined {
  if (marker === key || marker === `${key}:undo`) return undefined;
  // People leave the mark as it is. Another action's mark may lie over ours.
  return nothing(version === expected || marker === (update?.seen['marker'] ?? null) ? 'not_applied' : 'unknown');
}

/** Every planned value against what the records say; the first record is the one the step is about. */
function compared(ctx: Ctx, changes: readonly Change[], records: readonly [CrmRecord, ...CrmRecord[]]): Verification {
  const diff = differences(changes, records);
  return { state: diff.length === 0 ? 'applied' : 'diverged', after: snapshotOf(ctx, records[0]), diff };
}
