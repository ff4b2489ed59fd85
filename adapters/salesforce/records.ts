import { createHash } from 'node:crypto';
import { canonicalText } from '../../protocol/base/canonical.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { type CrmResponse, path, type ReadHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type Ref, type Snapshot } from '../sdk/index.ts';
import type { MappedType } from '../sdk/mapping.ts';
import type { ReadRecord } from '../sdk/payload.ts';
import { accepted, misshapen, saysAbsent } from './answers.ts';
import { fieldsOf, fromOrg, isRecordId } from './codec.ts';
import { type Org, typeNamed } from './org.ts';

/** A record as the org gave it, in our words. Its reference has all 18 characters, whatever was asked with. */
export interface CrmRecord extends ReadRecord {
  /** Milliseconds. */
  readonly modifiedAt: number;
  /** The server's time when it answered, milliseconds; undefined when it did not tell. */
  readonly servedAt: number | undefined;
  /** The key of the action that wrote last. */
  readonly marker: string | null;
}

/** The length of the marker field: no key is longer. */
const KEY_CHARS_MAX = 128;
const HASH_CHARS = 22;

export function recordPath({ version }: Org, object: string, id: string) {
  if (!isRecordId(id)) throw unusable();
  return path`/services/data/${version}/sobjects/${object}/${id}`;
}

/** Reads a record by its id, or by the key of the action that made it. Throws `not_found`. */
export async function readRecord(http: ReadHttp, org: Org, ctx: Ctx, ref: Ref): Promise<CrmRecord> {
  return recordOf(org, ref, await fetched(http, org, ctx, ref));
}

/** The same, with an answer for what Salesforce says is not there. */
export async function findRecord(
  http: ReadHttp,
  org: Org,
  ctx: Ctx,
  ref: Ref,
): Promise<CrmRecord | 'absent' | 'unclear'> {
  const response = await fetched(http, org, ctx, ref);
  if (saysAbsent(response)) return 'absent';
  // Something in between may have answered.
  if (response.status === 404) return 'unclear';
  return recordOf(org, ref, response);
}

async function fetched(http: ReadHttp, org: Org, ctx: Ctx, ref: Ref): Promise<CrmResponse> {
  const type = typeNamed(org, ref.type);
  const { version, marker } = org;
  const account = type.account === undefined ? [] : [type.account];
  const wanted = ['Id', 'LastModifiedDate', 'SystemModstamp', marker, ...account, ...fieldsOf(type)];
  const fields = [...new Set(wanted)].join(',');
  if (ref.by === 'external') {
    if (ref.value.length > KEY_CHARS_MAX) throw unusable();
    const target = path`/services/data/${version}/sobjects/${type.object}/${marker}/${ref.value}?fields=${fields}`;
    return http.get(ctx, target);
  }
  if (!isRecordId(ref.value)) throw unusable();
  return http.get(ctx, path`/services/data/${version}/sobjects/${type.object}/${ref.value}?fields=${fields}`);
}

function recordOf(org: Org, ref: Ref, response: CrmResponse): CrmRecord {
  const type = typeNamed(org, ref.type);
  const body = accepted(response);
  const { Id: id, LastModifiedDate: modified, SystemModstamp: stamp } = body;
  if (!isRecordId(id) || typeof modified !== 'string' || typeof stamp !== 'string') throw misshapen();
  if (ref.by === 'id' && !id.startsWith(ref.value.slice(0, 15)))
    throw new AdapterError('bug', 'Salesforce answered with another record.');
  const data = dataOf(org, type, id, body);
  const marker = body[org.marker] ?? null;
  const served = Date.parse(String(response.headers['date'] ?? ''));
  const by = typeof marker === 'string' ? marker : null;
  return {
    ref: { type: type.type, by: 'id', value: id },
    // Salesforce's times know whole seconds, so what the record says is part of its version.
    version: `${new Date(timeOf(stamp)).toISOString()}.${hashOf(data)}`,
    data,
    seen: { marker: by },
    modifiedAt: timeOf(modified),
    servedAt: Number.isNaN(served) ? undefined : served,
    marker: by,
  };
}

function dataOf(org: Org, type: MappedType, id: string, body: JsonObject): JsonObject {
  const named = [...type.fields.values()].map((mapped) => [mapped.name, fromOrg(org, mapped, body)] as const);
  // Only an account is its own: ids of one type may be those of another.
  const itself = type.type === 'account' ? id : null;
  return {
    ...Object.fromEntries(named),
    id,
    account: type.account === undefined ? itself : (body[type.account] ?? null),
  };
}

export function hashOf(data: JsonObject): string {
  return createHash('sha256').update(canonicalText(data)).digest('base64url').slice(0, HASH_CHARS);
}

/** `2026-11-24T10:00:00.000+0000`, which is not quite RFC 3339. */
export function timeOf(text: string): number {
  const at = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  if (Number.isNaN(at)) throw misshapen();
  return at;
}

export function snapshotOf(ctx: Ctx, { ref, version, data }: CrmRecord): Snapshot {
  return { ref, version, versionKind: 'timestamp', readAt: ctx.clock().toISOString(), data };
}

const unusable = () => new AdapterError('invalid', 'An identifier is not usable.');
