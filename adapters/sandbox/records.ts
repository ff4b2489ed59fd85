import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { decode, encode } from '../sdk/codec.ts';
import { path, type ReadHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type Ref } from '../sdk/index.ts';
import type { MappedType, Mapping } from '../sdk/mapping.ts';
import type { ReadRecord } from '../sdk/payload.ts';
import { accepted, type CrmRecord, recordOf } from './answers.ts';

/** Longer than any id of this CRM, and far below what a request line holds: more would look like a broken connection. */
const ID_CHARS_MAX = 256;

export function typeOf({ types }: Mapping, type: string): MappedType {
  const found = types.get(type);
  if (found === undefined) throw new AdapterError('unsupported', 'The sandbox CRM has no such type.');
  return found;
}

export function target(mapping: Mapping, { type, value }: Pick<Ref, 'type' | 'value'>) {
  return path`/v1/${typeOf(mapping, type).object}/${value}`;
}

export async function readRecord(http: ReadHttp, mapping: Mapping, ctx: Ctx, ref: Ref): Promise<ReadRecord> {
  if (ref.value.length > ID_CHARS_MAX) throw new AdapterError('invalid', 'An identifier is not usable.');
  const record = recordOf(accepted(await http.get(ctx, target(mapping, ref)), 'read'));
  if (record.id !== ref.value) throw new AdapterError('bug', 'The CRM answered with another record.');
  return { ref, version: String(record.revision), data: canonical(typeOf(mapping, ref.type), record) };
}

/** By our names. Only what the record itself holds, so that its revision is the version of all of it. */
function canonical({ type, account, fields }: MappedType, { id, fields: held }: CrmRecord): JsonObject {
  const named = [...fields.values()].map((field): [string, Json] => [
    field.name,
    decode(field, held[field.field] ?? null, null, 'minor'),
  ]);
  // Only an account is its own: ids of one type may be those of another.
  const itself = type === 'account' ? id : null;
  return { ...Object.fromEntries(named), id, account: account === undefined ? itself : (held[account] ?? null) };
}

/** By the CRM's names. */
export function fieldsOf({ fields }: MappedType, values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, Json] => {
      const field = fields.get(name);
      if (field === undefined) throw new AdapterError('bug', 'A step names a field that the mapping does not have.');
      return [field.field, encode(field, value, 'minor').value];
    }),
  );
}
