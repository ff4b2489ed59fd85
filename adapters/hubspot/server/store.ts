/** Records as the API shows and changes them. Every change is one transaction, checked before it is made. */
import type { Db, Properties, Source, Stored } from './db.ts';
import { Refused } from './env.ts';
import { OBJECTS, propertiesOf, singular } from './schema.ts';

export interface View {
  readonly properties: readonly string[];
  readonly withHistory: readonly string[];
  readonly associations: readonly string[];
}

const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  contacts: ['firstname', 'lastname', 'email'],
  companies: ['name', 'domain'],
  deals: ['dealname', 'amount', 'dealstage', 'pipeline', 'closedate'],
  tickets: ['subject', 'content', 'hs_pipeline', 'hs_pipeline_stage', 'hs_ticket_priority'],
  line_items: ['name', 'quantity', 'price'],
  quotes: ['hs_title', 'hs_expiration_date', 'hs_status'],
  contracts: ['hs_name', 'hs_status'],
};

/** The shown record: asked-for properties, null where there is no value, and the CRM's own three. */
export function shown(db: Db, stored: Stored, view: View): object {
  const { id, createdAt, updatedAt, archived, type } = stored;
  const names = view.properties.length > 0 ? view.properties : (DEFAULTS[type] ?? []);
  const known = new Set(propertiesOf(db, type).map(({ name }) => name));
  const system = { createdate: createdAt, hs_lastmodifieddate: updatedAt, hs_object_id: id };
  const values = names.filter((name) => known.has(name)).map((name) => [name, stored.properties[name] ?? null]);
  const versions =
    view.withHistory.length > 0 ? db.versions(type, id).filter((each) => each.revision <= stored.revision) : [];
  const histories = view.withHistory.filter((name) => known.has(name)).map((name) => [name, history(versions, name)]);
  return {
    id,
    properties: { ...Object.fromEntries(values), ...system },
    ...(view.withHistory.length === 0 ? {} : { propertiesWithHistory: Object.fromEntries(histories) }),
    createdAt,
    updatedAt,
    archived,
    ...(archived ? { archivedAt: updatedAt } : {}),
    ...associated(db, stored, view.associations),
  };
}

/** Newest first; an entry for every change of the value. */
function history(versions: readonly Stored[], name: string): object[] {
  const entries: object[] = [];
  let before = '';
  for (const { properties, updatedAt, source } of versions) {
    const value = properties[name] ?? '';
    if (value === before) continue;
    before = value;
    entries.unshift({
      value,
      timestamp: updatedAt,
      sourceType: source,
      sourceId: source === 'CRM_UI' ? 'userId:1' : '4711',
    });
  }
  return entries;
}

function associated(db: Db, { type, id }: Stored, wanted: readonly string[]): object {
  if (wanted.length === 0) return {};
  const links = db.links(type, id);
  const named = wanted.map((toType) => [
    toType,
    {
      results: links
        .filter((each) => each.toType === toType)
        .map(({ toId }) => ({ id: toId, type: `${singular(type)}_to_${singular(toType)}` })),
    },
  ]);
  return { associations: Object.fromEntries(named) };
}

/** Finds a record by its id or a unique property. */
export function find(db: Db, object: string, id: string, idProperty: string | undefined): Stored | undefined {
  if (idProperty === undefined || idProperty === 'hs_object_id') return db.get(object, id);
  if (!uniqueOf(db, object).includes(idProperty))
    throw new Refused(400, 'VALIDATION_ERROR', `${idProperty.slice(0, 64)} is not a unique property of ${object}`);
  const owner = db.ownerOf(object, idProperty, id);
  return owner === undefined ? undefined : db.get(object, owner);
}

export function uniqueOf(db: Db, object: string): string[] {
  return propertiesOf(db, object).flatMap((each) => (each.hasUniqueValue ? [each.name] : []));
}

export function create(db: Db, object: string, properties: Properties, source: Source): Stored {
  const unique = uniqueOf(db, object);
  refuseTaken(db, object, undefined, properties, unique);
  const id = db.nextId(object, OBJECTS.get(object)?.firstId ?? 0);
  const createdAt = db.now().toISOString();
  const kept = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''));
  return db.write({ type: object, id, revision: 1, createdAt, archived: false, properties: kept, source }, unique);
}

/** A write that changes no value makes no version: nothing happened. */
export function update(db: Db, stored: Stored, values: Properties, source: Source): Stored {
  const properties = { ...stored.properties };
  for (const [name, value] of Object.entries(values)) {
    if (value === '') delete properties[name];
    else properties[name] = value;
  }
  const names = new Set([...Object.keys(properties), ...Object.keys(stored.properties)]);
  if ([...names].every((name) => properties[name] === stored.properties[name])) return stored;
  const unique = uniqueOf(db, stored.type);
  refuseTaken(db, stored.type, stored.id, values, unique);
  return db.write({ ...stored, revision: stored.revision + 1, properties, source }, unique);
}

export function archive(db: Db, stored: Stored): Stored {
  if (stored.archived) return stored;
  const next = { ...stored, revision: stored.revision + 1, archived: true, source: 'INTEGRATION' };
  return db.write(next, uniqueOf(db, stored.type));
}

function refuseTaken(
  db: Db,
  object: string,
  id: string | undefined,
  values: Properties,
  unique: readonly string[],
): void {
  for (const name of unique) {
    const value = values[name];
    const owner = value === undefined || value === '' ? undefined : db.ownerOf(object, name, value);
    if (owner !== undefined && owner !== id)
      throw new Refused(409, 'CONFLICT', `${name} must be unique. Existing ID: ${owner}`, [
        { message: 'value is taken', code: 'CONFLICTING_UNIQUE_VALUE', context: { propertyName: [name] } },
      ]);
  }
}
