import type { ReadHttp } from '../sdk/http.ts';
import {
  AdapterError,
  type Change,
  type Ctx,
  type PlanStep,
  type Ref,
  type StepResult,
  type Verification,
} from '../sdk/index.ts';
import { differences, seenPayloadOf } from '../sdk/payload.ts';
import { undoStep } from '../sdk/undo.ts';
import { findChange } from './change.ts';
import { toProperties } from './codec.ts';
import { heldIn, isChangedByContract, type Portal, typeNamed } from './mapping.ts';
import { type CrmRecord, findRecord, readRecord, snapshotOf } from './records.ts';
import { hasMark } from './results.ts';

const nothing = (state: 'not_applied' | 'unknown'): Verification => ({ state, diff: [] });

/** Decides by what is there: the step's key in HubSpot's index of a unique property, then the record that has it. Throws when it cannot read. */
export async function verify(http: ReadHttp, portal: Portal, ctx: Ctx, step: PlanStep): Promise<Verification> {
  const { update, create } = seenPayloadOf(step);
  const [precondition] = step.preconditions;
  const ref = precondition?.ref ?? { type: create?.type ?? '', by: 'external', value: step.idempotencyKey };
  if (update !== null && isChangedByContract(typeNamed(portal, ref.type)))
    return verifyChange(http, portal, ctx, step, ref);
  const key: Ref = { type: ref.type, by: 'external', value: step.idempotencyKey };
  const histories = historiesOf(portal, ref.type, step.changes);
  const found = await findRecord(http, portal, ctx, key, histories);
  if (found === 'unclear') return nothing('unknown');
  if (found === 'absent')
    return update === null ? nothing('not_applied') : marked(http, portal, ctx, step, ref, histories);
  if (update !== null && found.ref.value !== ref.value)
    throw new AdapterError('bug', 'HubSpot applied this step to another record.');
  // The index knows the key and the record shown does not: it is older than the write.
  if (found.mark !== step.idempotencyKey) return nothing('unknown');
  return compared(portal, ctx, step.changes, found);
}

/** Whether what a step did was taken back: its change by a change of its own; what it made is archived, and no longer found. */
export async function verifyReversal(
  http: ReadHttp,
  portal: Portal,
  ctx: Ctx,
  step: PlanStep,
  done: StepResult,
): Promise<Verification> {
  const undo = undoStep(step, done);
  if (undo !== undefined) return verify(http, portal, ctx, undo);
  const { create } = seenPayloadOf(step);
  if (create === null) return nothing('unknown');
  const made = await findRecord(http, portal, ctx, { type: create.type, by: 'external', value: step.idempotencyKey });
  if (made === 'absent') return { state: 'applied', diff: [] };
  return nothing(made !== 'unclear' && made.version === done.version ? 'not_applied' : 'unknown');
}

/** No record has the key now: either the step never wrote, or a later one has put its key over it, which the history tells. */
async function marked(
  http: ReadHttp,
  portal: Portal,
  ctx: Ctx,
  step: PlanStep,
  ref: Ref,
  histories: readonly string[],
): Promise<Verification> {
  const record = await readRecord(http, portal, ctx, ref, histories);
  return hasMark(portal, record, step.idempotencyKey)
    ? compared(portal, ctx, step.changes, record)
    : nothing('not_applied');
}

async function verifyChange(
  http: ReadHttp,
  portal: Portal,
  ctx: Ctx,
  { idempotencyKey, preconditions: [precondition], changes }: PlanStep,
  ref: Ref,
): Promise<Verification> {
  const record = await readRecord(http, portal, ctx, ref);
  const change = await findChange(http, ctx, record, idempotencyKey);
  if (change?.status !== 'ACCEPTED') return nothing('not_applied');
  // The change is made and the line item does not show it yet.
  if (record.version === precondition?.version) return nothing('unknown');
  return compared(portal, ctx, changes, record);
}

function historiesOf(portal: Portal, type: string, changes: readonly Change[]): string[] {
  const { fields } = typeNamed(portal, type);
  const named = changes.flatMap(({ field, from }) => {
    const mapped = fields.get(field);
    return mapped === undefined || (from === null && mapped.kind === 'id') ? [] : heldIn(mapped);
  });
  return [...new Set(named)];
}

function compared(portal: Portal, ctx: Ctx, changes: readonly Change[], record: CrmRecord): Verification {
  const missing = differences(changes, [record]);
  const diff = missing.length > 0 ? missing : overwritten(portal, changes, record);
  return { state: diff.length === 0 ? 'applied' : 'diverged', after: snapshotOf(ctx, record), diff };
}

/** Values that somebody wrote after the plan was made and before the step did: gone, because HubSpot writes without a condition.
 * The history still has them, and a person must know. */
function overwritten(portal: Portal, changes: readonly Change[], { ref, history }: CrmRecord): Change[] {
  const type = typeNamed(portal, ref.type);
  return changes.flatMap((change) => {
    if (change.ref.by !== 'id') return [];
    const [planned, approved] = [change.to, change.from].map((value) => toProperties(type, { [change.field]: value }));
    const lost = Object.entries(planned ?? {}).flatMap(([property, value]) => {
      const expected = approved?.[property] ?? '';
      const values = history.get(property) ?? [];
      const at = values.findIndex((each) => isAlike(each, value));
      const before = at < 0 ? undefined : values[at + 1];
      const isKnown = isAlike(expected, value) || before === undefined || isAlike(before, expected);
      return isKnown ? [] : [before];
    });
    return lost.slice(0, 1).map((from) => ({ ...change, from }));
  });
}

/** HubSpot may write a number otherwise than we did. */
function isAlike(a: string, b: string): boolean {
  return a === b || (a !== '' && b !== '' && Number(a) === Number(b));
}
