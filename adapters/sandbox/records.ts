import type { JsonObject } from '../../protocol/json.ts';
import { path, type ReadHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type Ref, type Snapshot } from '../sdk/index.ts';
import { accepted, type CrmRecord, changeOf, recordOf } from './answers.ts';
import { COLLECTION, DATA_FIELDS } from './fields.ts';

/** Longer than any id of this CRM, and far below what a request line holds: more would look like a broken connection. */
const ID_CHARS_MAX = 256;

export function target(ref: Ref) {
  return path`/v1/${collectionOf(ref.type)}/${ref.value}`;
}

export function collectionOf(type: string): string {
  const collection = COLLECTION.get(type);
  if (collection === undefined) throw new AdapterError('unsupported', 'The sandbox CRM has no such type.');
  return collection;
}

/** Reads a record by its id, or by the external id of the change that made it. */
export async function readRecord(http: ReadHttp, ctx: Ctx, ref: Ref): Promise<CrmRecord> {
  const collection = collectionOf(ref.type);
  if (ref.value.length > ID_CHARS_MAX) throw new AdapterError('invalid', 'An identifier is not usable.');
  if (ref.by === 'external') {
    const made = changeOf(accepted(await http.get(ctx, path`/v1/changes/${ref.value}`), 'read'));
    if (made.type !== collection) throw new AdapterError('not_found', 'There is no such record.');
    return readRecord(http, ctx, { type: ref.type, by: 'id', value: made.id });
  }
  const record = recordOf(accepted(await http.get(ctx, target(ref)), 'read'));
  if (record.id !== ref.value) throw new AdapterError('bug', 'The CRM answered with another record.');
  return record;
}

/** Canonical data: a contract and a ticket by their own fields, a contact and an account by the paths of data.validate.
 * Only what the record itself holds, so that its revision is the version of all of it. */
export function snapshotOf(ctx: Ctx, type: string, record: CrmRecord): Snapshot {
  return {
    ref: { type, by: 'id', value: record.id },
    version: String(record.revision),
    versionKind: 'counter',
    readAt: ctx.clock().toISOString(),
    data: canonical(type, record),
  };
}

function canonical(type: string, { id, fields }: CrmRecord): JsonObject {
  const account = type === 'account' ? id : (fields['account'] ?? null);
  if (type !== 'account' && type !== 'contact') return { ...fields, id, account };
  const named = [...DATA_FIELDS].flatMap(([name, mapping]) => {
    const value = fields[mapping.field];
    return mapping.type === type && value !== undefined ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(named), id, account };
}
