import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { WriteHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type PlanStep, type Ref, type StepResult } from '../sdk/index.ts';
import { type Payload, payloadOf } from '../sdk/payload.ts';
import { same } from '../sdk/values.ts';
import { type Refusal, refused, takenByOthers } from './answers.ts';
import { createNodes, madeNode, type Node, send, updateNode } from './nodes.ts';
import { type Org, typeNamed, undoneOf } from './org.ts';
import { type CrmRecord, findRecord, hashOf, readRecord } from './records.ts';

export interface Writer {
  execute(ctx: Ctx, step: PlanStep): Promise<StepResult>;
  compensate(ctx: Ctx, step: PlanStep, done: StepResult): Promise<StepResult>;
}

const SECOND_MS = 1_000;
const SETTLE_TRIES = 4;

export function makeWriter(http: WriteHttp, org: Org): Writer {
  const find = (ctx: Ctx, ref: Ref) => findRecord(http, org, ctx, ref);

  return {
    async execute(ctx, step) {
      const payload = payloadOf(step);
      const [precondition] = step.preconditions;
      if (payload.update === null || precondition === undefined) return create(ctx, step, payload);
      const { update } = payload;
      const key = step.idempotencyKey;
      const current = await readSettled(ctx, precondition.ref);
      const earlier = await already(ctx, step, payload, current, precondition.version);
      if (earlier !== undefined) return earlier;
      const mark = { [org.marker]: key };
      const nodes = [...createNodes(org, payload, key), updateNode(org, current, update.values, mark)];
      return guarded(ctx, current, nodes, update.values, key, async (now) => {
        const done = await already(ctx, step, payload, now, precondition.version);
        if (done === undefined) throw changedMeanwhile();
        return done;
      });
    },

    async compensate(ctx, step, done) {
      const payload = payloadOf(step);
      const [precondition] = step.preconditions;
      if (payload.update === null || precondition === undefined) return unmake(ctx, step, payload, done);
      const { update, create: made } = payload;
      const key = `${step.idempotencyKey}:undo`;
      const current = await readSettled(ctx, precondition.ref);
      if (current.marker === key) return result('already_applied', current);
      if (current.version !== done.version) throw changedMeanwhile();
      const mine = step.changes.filter(({ ref }) => ref.type === update.type && ref.value === precondition.ref.value);
      const before = Object.fromEntries(mine.map(({ field, from }) => [field, from]));
      const nodes = [updateNode(org, current, before, { [org.marker]: key })];
      const undone = made === null ? undefined : undoneOf(typeNamed(org, made.type));
      if (made !== null && undone !== undefined) nodes.push(madeNode(org, made.type, step.idempotencyKey, undone));
      return guarded(ctx, current, nodes, before, key, async (now) => {
        if (now.marker !== key) throw changedMeanwhile();
        return result('already_applied', now);
      });
    },
  };

  /** The step has been carried out before, or the record is no longer what was approved. */
  async function already(ctx: Ctx, step: PlanStep, { create }: Payload, current: CrmRecord, expected: string) {
    const own = step.idempotencyKey;
    if (current.marker === own) return result('already_applied', current);
    if (current.version === expected) return undefined;
    // A later action may have put its mark over ours; what we made is still there.
    const made = create === null ? 'absent' : await find(ctx, { type: create.type, by: 'external', value: own });
    if (typeof made === 'object') return result('already_applied', current);
    throw changedMeanwhile();
  }

  /** A record under a key that the org keeps unique: a second one is refused, not made and not merged into the first. */
  async function create(ctx: Ctx, { idempotencyKey }: PlanStep, payload: Payload): Promise<StepResult> {
    if (payload.create === null) throw new AdapterError('bug', 'A step is not one that this adapter planned.');
    const ref: Ref = { type: payload.create.type, by: 'external', value: idempotencyKey };
    const refusal = await send(http, org, ctx, createNodes(org, payload, idempotencyKey));
    if (refusal === undefined) return result('applied', await readBack(ctx, ref));
    const made = isTaken(refusal) ? await find(ctx, ref) : undefined;
    if (typeof made === 'object') return result('already_applied', made);
    // Our own key is taken and what has it is not found: the look is behind the write that it should show.
    if (made === 'unclear' || (made === 'absent' && isOurKey(refusal))) throw unclear();
    throw made === 'absent' ? takenByOthers(refusal) : refused(refusal, 'write');
  }

  /** Takes back what was only made, where the mapping says how; the record itself stays. */
  async function unmake(ctx: Ctx, { idempotencyKey }: PlanStep, { create }: Payload, done: StepResult) {
    const undone = create === null ? undefined : undoneOf(typeNamed(org, create.type));
    if (create === null || undone === undefined)
      throw new AdapterError('unsupported', 'What was made is not taken back; a person closes it.');
    const isUndone = ({ data }: CrmRecord) =>
      Object.entries(undone).every(([name, value]) => same(data[name] ?? null, value));
    const current = await readSettled(ctx, { type: create.type, by: 'external', value: idempotencyKey });
    if (isUndone(current)) return result('already_applied', current);
    if (current.version !== done.version) throw changedMeanwhile();
    return guarded(ctx, current, [updateNode(org, current, undone, {})], undone, idempotencyKey, async (now) => {
      if (!isUndone(now)) throw changedMeanwhile();
      return result('already_applied', now);
    });
  }

  /** Writes on the condition that nobody has written since `current` was read. */
  async function guarded(
    ctx: Ctx,
    current: CrmRecord,
    nodes: readonly Node[],
    wanted: JsonObject,
    key: string,
    late: (now: CrmRecord) => Promise<StepResult>,
  ): Promise<StepResult> {
    const refusal = await send(http, org, ctx, nodes);
    if (refusal !== undefined) {
      if (refusal.status !== 412 && !isTaken(refusal)) throw refused(refusal, 'write');
      const now = await readRecord(http, org, ctx, current.ref);
      // Nobody has written and yet something is taken: a value of the company's own.
      if (refusal.status !== 412 && now.version === current.version && now.marker !== key)
        throw isOurKey(refusal) ? unclear() : takenByOthers(refusal);
      return late(now);
    }
    const now = await readBack(ctx, current.ref);
    // A version that shows somebody else's write too must not pass for ours: an undo would go over it.
    const isOurs = now.marker === key && hashOf({ ...current.data, ...wanted }) === hashOf(now.data);
    return result('applied', isOurs ? now : { ...now, version: `${current.version.slice(0, 24)}.overwritten` });
  }

  /** `If-Unmodified-Since` names whole seconds: another write in the very second of the last one would pass unseen. A record is written
   * only when it was read after that second, by the server's own clock: then every later write has a later time. */
  async function readSettled(ctx: Ctx, ref: Ref): Promise<CrmRecord> {
    for (let tries = 0; tries < SETTLE_TRIES; tries += 1) {
      const record = await readRecord(http, org, ctx, ref);
      const now = record.servedAt ?? ctx.clock().getTime();
      const waitMs = record.modifiedAt + SECOND_MS - now;
      if (waitMs <= 0) return record;
      await wait(ctx, Math.min(waitMs, SECOND_MS));
    }
    throw new AdapterError('retryable', 'The record does not stop changing.');
  }

  function isOurKey({ errors }: Refusal): boolean {
    return errors.some(({ taken }) => taken === org.marker);
  }

  async function readBack(ctx: Ctx, ref: Ref): Promise<CrmRecord> {
    try {
      return await readRecord(http, org, ctx, ref);
    } catch (cause) {
      throw new AdapterError('unknown_outcome', 'Salesforce took the write and cannot be read.', { cause });
    }
  }
}

const unclear = () => new AdapterError('unknown_outcome', 'Salesforce does not say whether this was made before.');
const changedMeanwhile = () => new AdapterError('conflict', 'The record has changed.');
const isTaken = ({ errors }: Refusal) => errors.some(({ code }) => code === 'DUPLICATE_VALUE');
const result = (state: StepResult['state'], { ref, version }: CrmRecord): StepResult => ({ state, ref, version });

async function wait(ctx: Ctx, ms: number): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: ctx.signal });
  } catch (cause) {
    throw new AdapterError('retryable', 'The call was stopped before it was sent.', { cause });
  }
}
