import type { ReadHttp } from '../sdk/http.ts';
import type { Change, Ctx, PlanStep, Ref, StepResult, Verification } from '../sdk/index.ts';
import { differences, type Payload, seenPayloadOf } from '../sdk/payload.ts';
import { undoStep } from '../sdk/undo.ts';
import { same } from '../sdk/values.ts';
import { type Org, typeNamed, undoneOf } from './org.ts';
import { type CrmRecord, findRecord, readRecord, snapshotOf } from './records.ts';

const nothing = (state: 'not_applied' | 'unknown'): Verification => ({ state, diff: [] });

/** Decides by what is there: the record the step made under its key, else the mark it left on the record it changed. Throws when it cannot read. */
export async function verify(http: ReadHttp, org: Org, ctx: Ctx, step: PlanStep): Promise<Verification> {
  const payload = seenPayloadOf(step);
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

/** Whether what a step did was taken back: its change by a change of its own, what it made by how the mapping closes such a thing. */
export async function verifyReversal(
  http: ReadHttp,
  org: Org,
  ctx: Ctx,
  step: PlanStep,
  done: StepResult,
): Promise<Verification> {
  const undo = undoStep(step, done);
  if (undo !== undefined) return verify(http, org, ctx, undo);
  const { create } = seenPayloadOf(step);
  const closed = create === null ? undefined : undoneOf(typeNamed(org, create.type));
  if (create === null || closed === undefined) return nothing('unknown');
  const made = await findRecord(http, org, ctx, { type: create.type, by: 'external', value: step.idempotencyKey });
  if (typeof made !== 'object') return nothing('unknown');
  const isClosed = Object.entries(closed).every(([name, value]) => same(made.data[name] ?? null, value));
  if (isClosed) return { state: 'applied', after: snapshotOf(ctx, made), diff: [] };
  return nothing(made.version === done.version ? 'not_applied' : 'unknown');
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
