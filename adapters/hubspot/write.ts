import type { Json } from '../../protocol/base/json.ts';
import { path, type WriteHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type PlanStep, type Ref, type StepResult } from '../sdk/index.ts';
import { type Payload, payloadOf } from '../sdk/payload.ts';
import { accepted, takenByOthers, unbelievable, unclear } from './answers.ts';
import { makeContractChanges } from './change.ts';
import { toProperties } from './codec.ts';
import { isChangedByContract, isLink, linkOf, type Portal, typeNamed } from './mapping.ts';
import { type CrmRecord, findRecord, isRecordId, readRecord, recordPath } from './records.ts';
import { changedMeanwhile, hasMark, result, type Update, versionMade } from './results.ts';
import { makeTurns } from './turns.ts';

export interface Writer {
  execute(ctx: Ctx, step: PlanStep): Promise<StepResult>;
  compensate(ctx: Ctx, step: PlanStep, done: StepResult): Promise<StepResult>;
}

/** Each step is one request, done wholly or not at all, and leaves its key: in the record it changes, or in the one it makes. */
export function makeWriter(http: WriteHttp, portal: Portal): Writer {
  const { marker } = portal;
  const changes = makeContractChanges(http, portal);
  const inTurn = makeTurns();

  function update(ctx: Ctx, each: Update): Promise<StepResult> {
    const isByContract = isChangedByContract(typeNamed(portal, each.ref.type));
    return inTurn(ctx, `${each.ref.type}:${each.ref.value}`, () =>
      isByContract ? changes.apply(ctx, each) : patch(ctx, each),
    );
  }

  async function patch(ctx: Ctx, { ref, key, values, version }: Update): Promise<StepResult> {
    const type = typeNamed(portal, ref.type);
    const before = await readRecord(http, portal, ctx, ref);
    if (hasMark(portal, before, key)) return result('already_applied', before, before.version);
    if (before.version !== version) throw changedMeanwhile();
    const properties = { ...toProperties(type, values), [marker]: key };
    const target = recordPath(type.object, ref.value);
    const sent = await http.send(ctx, 'PATCH', target, { properties, objectWriteTraceId: key }, {});
    // HubSpot knows no condition on a write: a conflict is one of values.
    if (sent.status === 409) throw takenByOthers(sent);
    const answer = accepted(sent, 'write');
    if (answer.body['id'] !== ref.value) throw unbelievable();
    const after = await readBack(ctx, ref);
    return result('applied', after, versionMade(before, after, values, after.mark === key), answer);
  }

  /** A record under a key that HubSpot keeps unique: a second one is refused, not made and not written over what a person did to the first. */
  async function create(ctx: Ctx, { create: made }: Payload, key: string): Promise<StepResult> {
    if (made === null) throw new AdapterError('bug', 'A step is not one that this adapter planned.');
    const type = typeNamed(portal, made.type);
    const properties = { ...toProperties(type, made.values), [marker]: key };
    const body = { properties, associations: associationsOf(portal, made), objectWriteTraceId: key };
    const answer = await http.send(ctx, 'POST', path`/crm/objects/2026-09/${type.object}`, body, {});
    const ref: Ref = { type: made.type, by: 'external', value: key };
    if (answer.status === 400 || answer.status === 409) {
      const earlier = await findRecord(http, portal, ctx, ref);
      if (earlier === 'unclear') throw unclear();
      if (earlier === 'absent') throw takenByOthers(answer);
      return result('already_applied', earlier, earlier.version, answer);
    }
    const { id } = accepted(answer, 'write').body;
    if (!isRecordId(id)) throw unbelievable();
    const after = await readBack(ctx, { type: made.type, by: 'id', value: id });
    return result('applied', after, after.version, answer);
  }

  async function takeBack(ctx: Ctx, { create: made }: Payload, key: string, done: StepResult): Promise<StepResult> {
    if (made === null) throw new AdapterError('bug', 'A step is not one that this adapter planned.');
    const found = await findRecord(http, portal, ctx, { type: made.type, by: 'external', value: key });
    if (found === 'unclear') throw new AdapterError('retryable', 'HubSpot does not say what became of the record.');
    if (found === 'absent') return { ...done, state: 'already_applied' };
    if (found.version !== done.version) throw changedMeanwhile();
    const { object } = typeNamed(portal, made.type);
    // Archived, not erased: a person can restore it.
    const answer = await http.send(ctx, 'DELETE', recordPath(object, found.ref.value), undefined, {});
    return result('applied', found, found.version, accepted(answer, 'write'));
  }

  async function readBack(ctx: Ctx, ref: Ref): Promise<CrmRecord> {
    try {
      return await readRecord(http, portal, ctx, ref);
    } catch (cause) {
      throw new AdapterError('unknown_outcome', 'HubSpot took the write and cannot be read.', { cause });
    }
  }

  return {
    async execute(ctx, step) {
      const payload = payloadOf(step);
      const key = step.idempotencyKey;
      const [precondition] = step.preconditions;
      if (payload.update === null || precondition === undefined)
        return inTurn(ctx, key, () => create(ctx, payload, key));
      const { ref, version } = precondition;
      return update(ctx, { ref, key, values: payload.update.values, version });
    },
    async compensate(ctx, step, done) {
      const payload = payloadOf(step);
      const key = step.idempotencyKey;
      if (step.reversal === 'none')
        throw new AdapterError('unsupported', 'A ticket is not taken back; close it instead.');
      const [precondition] = step.preconditions;
      if (payload.update === null || precondition === undefined)
        return inTurn(ctx, key, () => takeBack(ctx, payload, key, done));
      const values = Object.fromEntries(step.changes.map(({ field, from }) => [field, from]));
      return update(ctx, { ref: precondition.ref, key: `${key}:undo`, values, version: done.version });
    },
  };
}

function associationsOf(portal: Portal, made: NonNullable<Payload['create']>): Json[] {
  const type = typeNamed(portal, made.type);
  const linked = [...type.fields.values()].filter((field) => isLink(type, field));
  const ends = [
    ...(made.account === null ? [] : [[type.account, made.account] as const]),
    ...linked.flatMap(({ field, name }) =>
      made.values[name] === undefined ? [] : [[field, made.values[name]] as const],
    ),
  ];
  return ends.map(([object, id]) => {
    const associationTypeId = linkOf(type, object);
    if (!isRecordId(id)) throw new AdapterError('invalid', 'An identifier is not usable.');
    if (typeof associationTypeId !== 'number') throw new AdapterError('bug', 'An association has no number.');
    return { to: { id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId }] };
  });
}
