import { createHash } from 'node:crypto';
import { canonicalText } from '../../protocol/base/canonical.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { type CrmResponse, type Path, path, type ReadHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type Ref, type Snapshot } from '../sdk/index.ts';
import type { MappedType } from '../sdk/mapping.ts';
import type { ReadRecord } from '../sdk/payload.ts';
import { accepted, misshapen, saysAbsent } from './answers.ts';
import { accountOf, type Links, toValues } from './codec.ts';
import { linkedObjects, type Portal, propertiesOf, typeNamed } from './mapping.ts';

/** A record as HubSpot gave it, in our words. */
export interface CrmRecord extends ReadRecord {
  /** The key of the step that wrote last. */
  readonly mark: string | null;
  /** The values a property had, newest first: the marker's, and those of the properties that were asked for. */
  readonly history: ReadonlyMap<string, readonly string[]>;
}

const RECORD_ID = /^\d{1,19}$/;
/** The length of the marker property: no key is longer. */
const KEY_CHARS_MAX = 128;
const HASH_CHARS = 22;

export function isRecordId(value: unknown): value is string {
  return typeof value === 'string' && RECORD_ID.test(value);
}

export function recordPath(object: string, id: string): Path {
  if (!isRecordId(id)) throw new AdapterError('invalid', 'An identifier is not usable.');
  return path`/crm/objects/2026-09/${object}/${id}`;
}

/** Reads a record by its id, or by the key of the step that wrote it last. Throws `not_found`. */
export async function readRecord(
  http: ReadHttp,
  portal: Portal,
  ctx: Ctx,
  ref: Ref,
  histories: readonly string[] = [],
): Promise<CrmRecord> {
  return recordOf(portal, ref, accepted(await fetched(http, portal, ctx, ref, histories), 'read').body);
}

/** The same, with an answer for what HubSpot says is not there. Never by search: its index is behind. */
export async function findRecord(
  http: ReadHttp,
  portal: Portal,
  ctx: Ctx,
  ref: Ref,
  histories: readonly string[] = [],
): Promise<CrmRecord | 'absent' | 'unclear'> {
  const response = await fetched(http, portal, ctx, ref, histories);
  if (saysAbsent(response)) return 'absent';
  // Something in between may have answered.
  if (response.status === 404) return 'unclear';
  return recordOf(portal, ref, accepted(response, 'read').body);
}

function fetched(http: ReadHttp, portal: Portal, ctx: Ctx, ref: Ref, more: readonly string[]): Promise<CrmResponse> {
  const type = typeNamed(portal, ref.type);
  const { marker } = portal;
  const isUsable = ref.by === 'id' ? isRecordId(ref.value) : ref.value.length <= KEY_CHARS_MAX;
  if (!isUsable) throw new AdapterError('invalid', 'An identifier is not usable.');
  const properties = [marker, ...propertiesOf(type)].join(',');
  const histories = [marker, ...more].join(',');
  const links = linkedObjects(type).join(',');
  const { object } = type;
  if (ref.by === 'external')
    return http.get(
      ctx,
      links === ''
        ? path`/crm/objects/2026-09/${object}/${ref.value}?idProperty=${marker}&properties=${properties}&propertiesWithHistory=${histories}`
        : path`/crm/objects/2026-09/${object}/${ref.value}?idProperty=${marker}&properties=${properties}&propertiesWithHistory=${histories}&associations=${links}`,
    );
  return http.get(
    ctx,
    links === ''
      ? path`/crm/objects/2026-09/${object}/${ref.value}?properties=${properties}&propertiesWithHistory=${histories}`
      : path`/crm/objects/2026-09/${object}/${ref.value}?properties=${properties}&propertiesWithHistory=${histories}&associations=${links}`,
  );
}

function recordOf(portal: Portal, ref: Ref, body: JsonObject): CrmRecord {
  const type = typeNamed(portal, ref.type);
  const { id, properties, propertiesWithHistory: history } = body;
  if (!isRecordId(id) || !isObject(properties)) throw misshapen();
  if (ref.by === 'id' && id !== ref.value) throw new AdapterError('bug', 'HubSpot answered with another record.');
  const links = linksOf(type, body['associations']);
  const account = accountOf(type, id, properties, links);
  const data = { ...toValues(type, properties, links), id, account };
  const mark = properties[portal.marker];
  return {
    ref: { type: type.type, by: 'id', value: id },
    version: hashOf(data),
    data,
    mark: typeof mark === 'string' && mark !== '' ? mark : null,
    history: new Map(Object.entries(isObject(history) ? history : {}).map(([name, each]) => [name, valuesOf(each)])),
  };
}

/** HubSpot's own time of the last change moves for reasons that change nothing here, so the version is what the record says. */
export function hashOf(data: JsonObject): string {
  return createHash('sha256').update(canonicalText(data)).digest('base64url').slice(0, HASH_CHARS);
}

function valuesOf(entries: Json): string[] {
  if (!Array.isArray(entries)) return [];
  return entries.map((each: Json) => {
    const value = isObject(each) ? each['value'] : undefined;
    return typeof value === 'string' ? value : '';
  });
}

function linksOf(type: MappedType, associations: Json | undefined): Links {
  const all = isObject(associations) ? associations : {};
  // The answer writes `line items` where the question was `line_items`.
  return new Map(linkedObjects(type).map((object) => [object, idsOf(all[object] ?? all[object.replaceAll('_', ' ')])]));
}

/** Each record once, and only the primary ones where some are: HubSpot tells the same one under each label. */
function idsOf(association: Json | undefined): string[] {
  const list = isObject(association) ? association['results'] : undefined;
  const results = Array.isArray(list) ? list.filter(isObject) : [];
  const primary = results.filter(({ type }) => typeof type === 'string' && !type.endsWith('_unlabeled'));
  const ids = (primary.length > 0 ? primary : results).map(({ id }) => id);
  return [...new Set(ids.filter(isRecordId))];
}

export function snapshotOf(ctx: Ctx, { ref, version, data }: CrmRecord): Snapshot {
  return { ref, version, versionKind: 'hash', readAt: ctx.clock().toISOString(), data };
}
