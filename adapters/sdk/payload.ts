/** What a step of a plan writes, in our names, and the records it was planned on. */
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { AdapterError, type Change, type PlanStep, type Ref } from './index.ts';
import { same } from './values.ts';

/** A record as an adapter read it: canonical names and values, with `id` and `account`. */
export interface ReadRecord {
  readonly ref: Ref;
  readonly version: string;
  readonly data: JsonObject;
  /** What the adapter wants to find again in the step's payload, such as who wrote last. */
  readonly seen?: JsonObject;
}

/** Throws `AdapterError('not_found')`. */
export type Reader = (ref: Ref) => Promise<ReadRecord>;

/** What a step of such a plan writes, in our names: its `payload`, part of what people approve. */
export interface Payload {
  readonly update: {
    readonly type: string;
    readonly id: string;
    readonly values: JsonObject;
    readonly seen: JsonObject;
  } | null;
  readonly create: { readonly type: string; readonly account: string | null; readonly values: JsonObject } | null;
  readonly note: string | null;
}

/** Of what a payload looks like; those from before it was counted look like the first. */
export const PAYLOAD_FORMAT = 1;

/** What a plan's step writes; `unsupported` for one that was planned by another version: it is planned anew before it is written. */
export function payloadOf(step: PlanStep): Payload {
  const payload = read(step);
  if (payload === undefined)
    throw new AdapterError('unsupported', 'A step was planned by another version of the adapter.');
  return payload;
}

/** The same to look for what was written: a step of any version says in its changes what is to be seen of it. */
export function seenPayloadOf(step: PlanStep): Payload {
  return read(step) ?? byChanges(step);
}

function read({ payload }: PlanStep): Payload | undefined {
  const { format = PAYLOAD_FORMAT, update = null, create = null, note } = payload;
  if (format !== PAYLOAD_FORMAT || (update === null && create === null)) return undefined;
  const [changed, made] = [update, create].map((each) => (isObject(each) && isObject(each['values']) ? each : null));
  if ((update !== null && !changed) || (create !== null && !made)) return undefined;
  return {
    update: changed
      ? {
          type: String(changed['type']),
          id: String(changed['id']),
          values: valuesIn(changed),
          seen: isObject(changed['seen'] ?? null) ? Object(changed['seen']) : {},
        }
      : null,
    create: made
      ? {
          type: String(made['type']),
          account: typeof made['account'] === 'string' ? made['account'] : null,
          values: valuesIn(made),
        }
      : null,
    note: typeof note === 'string' ? note : null,
  };
}

const valuesIn = ({ values }: JsonObject): JsonObject => (isObject(values ?? null) ? Object(values) : {});

function byChanges({ changes }: PlanStep): Payload {
  const [changed, made] = (['id', 'external'] as const).map((by) => changes.filter(({ ref }) => ref.by === by));
  const [about, fresh] = [changed?.[0]?.ref, made?.[0]?.ref];
  const values = (of: readonly Change[] = []): JsonObject => Object.fromEntries(of.map(({ field, to }) => [field, to]));
  return {
    update: about === undefined ? null : { type: about.type, id: about.value, values: values(changed), seen: {} },
    create: fresh === undefined ? null : { type: fresh.type, account: null, values: values(made) },
    note: null,
  };
}

/** Planned values that the records do not show, with what they show instead. */
export function differences(
  changes: readonly Change[],
  records: readonly Pick<ReadRecord, 'ref' | 'data'>[],
): Change[] {
  return changes.flatMap((change) => {
    const shown = records.find(({ ref }) => ref.type === change.ref.type)?.data[change.field] ?? null;
    return same(shown, change.to) ? [] : [{ ...change, from: shown }];
  });
}
