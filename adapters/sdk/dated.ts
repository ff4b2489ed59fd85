/** Plans whose steps lie on different days: each is planned again when its day has come, on the record as it then is. */
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import type { PlanStep, Ref } from './index.ts';
import { same } from './values.ts';

/** What is for now first, then day by day. */
export function inOrder<T extends { readonly day: string | undefined }>(items: readonly T[]): T[] {
  return items.toSorted(({ day: a = '' }, { day: b = '' }) => (a < b ? -1 : Number(a > b)));
}

/** A record as it would be without what these steps wrote, as far as it still stands. */
export function withoutOwn(ref: Ref, data: JsonObject, done: readonly PlanStep[]): JsonObject {
  const before = { ...data };
  const written = done.flatMap(({ changes }) => changes).filter((change) => sameRef(change.ref, ref));
  for (const { field, from, to } of written.toReversed()) if (same(before[field] ?? null, to)) before[field] = from;
  return before;
}

const sameRef = (a: Ref, b: Ref): boolean => a.type === b.type && a.by === b.by && a.value === b.value;

/** What of a step people approve: all of it but the version of the record it was planned on, which may have moved while the step waited
 * for its day. What it changes, and from what, is part of it. */
export function essenceOf({ preconditions, payload, ...step }: PlanStep): JsonObject {
  const { update } = payload;
  const { seen: _seen, ...written } = isObject(update) ? update : {};
  const essence = {
    ...step,
    records: preconditions.map(({ ref }) => ref),
    payload: isObject(update) ? { ...payload, update: written } : payload,
  };
  return JSON.parse(JSON.stringify(essence));
}
