/** What a step of a plan writes, in our names, and the records it was planned on. */
import type { JsonObject } from '../../protocol/json.ts';
import { AdapterError, type Change, type PlanStep, type Ref } from './index.ts';
import { isObject, same } from './values.ts';

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

/** What a plan's step writes; `bug` for a step that was not planned here. */
export function payloadOf({ payload: { update, create, note } }: PlanStep): Payload {
  const broken = () => new AdapterError('bug', 'A step is not one that this adapter planned.');
  const values = (of: JsonObject): JsonObject => {
    if (!isObject(of['values'])) throw broken();
    return of['values'];
  };
  return {
    update: isObject(update)
      ? {
          type: String(update['type']),
          id: String(update['id']),
          values: values(update),
          seen: isObject(update['seen']) ? update['seen'] : {},
        }
      : null,
    create: isObject(create)
      ? {
          type: String(create['type']),
          account: typeof create['account'] === 'string' ? create['account'] : null,
          values: values(create),
        }
      : null,
    note: typeof note === 'string' ? note : null,
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
