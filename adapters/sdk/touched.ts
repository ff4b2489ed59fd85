/** Which records a plan was made from and will write, and whose each is. */
import type { Json } from '../../protocol/base/json.ts';
import { unfit } from './fit.ts';
import type { PlanStep, Touched } from './index.ts';
import type { Mapping } from './mapping.ts';
import { payloadOf, type ReadRecord } from './payload.ts';

interface Seen {
  readonly mapping: Mapping;
  readonly records: readonly ReadRecord[];
}

/** Whose a record is: its own account, or that of the record it is a part of. Null where it is nobody's. */
export function ownerOf({ ref, data }: ReadRecord, { mapping, records }: Seen): string | null {
  const own = accountIn(data['account']);
  const whole = mapping.types.get(ref.type)?.partOf;
  if (own !== null || whole === undefined) return own;
  const parent = records.find((each) => each.ref.type === whole && linksOf(mapping, each).includes(ref.value));
  return accountIn(parent?.data['account']);
}

export function touchedBy(steps: readonly PlanStep[], seen: Seen): Touched[] {
  const payloads = steps.map((step) => ({ step, ...payloadOf(step) }));
  const written = new Set(payloads.flatMap(({ update }) => (update === null ? [] : [`${update.type} ${update.id}`])));
  const read = new Map(seen.records.map((record) => [`${record.ref.type} ${record.ref.value}`, record]));
  return [
    ...[...read].map(
      ([key, record]): Touched => ({
        ref: record.ref,
        account: ownerOf(record, seen),
        mode: written.has(key) ? 'write' : 'read',
      }),
    ),
    ...payloads.flatMap(({ step, create }): Touched[] =>
      create === null
        ? []
        : [
            {
              ref: { type: create.type, by: 'external', value: step.idempotencyKey },
              account: create.account,
              mode: 'write',
            },
          ],
    ),
  ];
}

/** A field that names another record names one that was read, or that a record which was read names itself. Throws `invalid`. */
export function keepsToRead(steps: readonly PlanStep[], { mapping, records }: Seen): void {
  const known = new Set(
    records.flatMap((record) => [record.ref.value, String(record.data['account'] ?? ''), ...linksOf(mapping, record)]),
  );
  for (const { update, create } of steps.map(payloadOf))
    for (const written of [update, create])
      for (const [name, value] of Object.entries(written?.values ?? {})) {
        const isLink = mapping.types.get(written?.type ?? '')?.fields.get(name)?.kind === 'id';
        if (isLink && typeof value === 'string' && !known.has(value))
          throw unfit(name, 'names a record that was not read');
      }
}

function linksOf({ types }: Mapping, { ref, data }: ReadRecord): string[] {
  const fields = [...(types.get(ref.type)?.fields.values() ?? [])];
  return fields.flatMap(({ name, kind }) => {
    const value = data[name];
    return kind === 'id' && typeof value === 'string' ? [value] : [];
  });
}

const accountIn = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;
