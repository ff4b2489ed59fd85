import type { Db, Stored } from './db.ts';
import { type Fields, notFound, SfError } from './errors.ts';
import { fullId, recordId } from './ids.ts';
import { ACTION_FIELD, fieldNamed, type ObjectType } from './schema.ts';
import { checked, cleaned } from './validate.ts';

const USER = '0055g0000000001AAA';

export type Rows = ReturnType<typeof makeRows>;

/** Records as the org keeps them: what is derived is derived, what is unique stays so, and every write is noted. */
export function makeRows(db: Db, base: string) {
  /** What stood before a record's last change: shown to reads that are ordered to be stale. */
  const before = new Map<string, Stored>();

  function found(type: ObjectType, id: string): Stored {
    const full = fullId(id);
    if (full === undefined)
      throw new SfError(
        404,
        'NOT_FOUND',
        `Provided external ID field does not exist or is not accessible: ${id.slice(0, 80)}`,
      );
    const stored = full.startsWith(type.prefix) ? db.get(type.name, full) : undefined;
    if (stored === undefined) throw notFound();
    return stored;
  }

  function unique(type: ObjectType, data: Fields, own: string | undefined): void {
    for (const { name, unique: isUnique } of type.fields.values()) {
      const value = data[name] ?? null;
      if (!isUnique || value === null) continue;
      const twin = db.all(type.name).find((each) => each.id !== own && each.data[name] === value);
      if (twin !== undefined)
        throw new SfError(
          400,
          'DUPLICATE_VALUE',
          `duplicate value found: ${name} duplicates value on record with id: ${twin.id}`,
          [],
        );
    }
  }

  const actionOf = (data: Fields) => (typeof data[ACTION_FIELD] === 'string' ? data[ACTION_FIELD] : '');

  return {
    found,
    stale: (type: ObjectType, stored: Stored) => before.get(`${type.name}/${stored.id}`) ?? stored,
    all: (type: ObjectType): readonly Stored[] => db.all(type.name),

    /** By an id in the path, or by an external id: `many` are all its matches. */
    byExternal(type: ObjectType, name: string, value: string): readonly Stored[] {
      const field = fieldNamed(type, name);
      if (field === undefined || (!field.externalId && field.name !== 'Id'))
        throw new SfError(404, 'NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${name}`);
      if (field.name === 'Id') return [found(type, value)];
      return db.all(type.name).filter(({ data }) => data[field.name] === value);
    },

    create(type: ObjectType, body: Fields): Stored {
      const clean = cleaned(db, type, body, 'create');
      return db.transaction(() => {
        const n = db.nextNumber(type.name);
        const defaults = [...type.fields.values()].flatMap(({ name, defaulted }) =>
          defaulted === undefined ? [] : [[name, defaulted] as const],
        );
        const data = derived(type, { ...Object.fromEntries(defaults), ...clean }, n);
        checked(type, data, undefined);
        const id = recordId(type.prefix, n);
        unique(type, data, undefined);
        db.note({ action: actionOf(data), type: type.name, id, kind: 'create' });
        return db.put(type.name, id, data);
      });
    },

    update(type: ObjectType, id: string, body: Fields): Stored {
      const current = found(type, id);
      const clean = cleaned(db, type, body, 'update');
      const data = derived(type, { ...current.data, ...clean }, 0);
      checked(type, data, current.data);
      unique(type, data, current.id);
      return db.transaction(() => {
        before.set(`${type.name}/${current.id}`, current);
        db.note({ action: actionOf(clean), type: type.name, id: current.id, kind: 'update' });
        return db.put(type.name, current.id, data, current.createdAt);
      });
    },

    remove(type: ObjectType, id: string): void {
      const { id: full } = found(type, id);
      db.transaction(() => {
        db.note({ action: '', type: type.name, id: full, kind: 'delete' });
        db.remove(type.name, full);
      });
    },

    /** The record as JSON; `fields` undefined is all of them. */
    view(type: ObjectType, { id, createdAt, modifiedAt, data }: Stored, fields?: readonly string[]): Fields {
      const all: Fields = {
        ...data,
        Id: id,
        IsDeleted: false,
        CreatedDate: stamp(createdAt),
        CreatedById: USER,
        LastModifiedDate: stamp(modifiedAt),
        LastModifiedById: USER,
        SystemModstamp: stamp(modifiedAt),
      };
      const names = (fields ?? [...type.fields.keys()]).map((name) => {
        const field = fieldNamed(type, name);
        if (field === undefined)
          throw new SfError(400, 'INVALID_FIELD', `No such column '${name}' on entity '${type.name}'.`);
        return field.name;
      });
      const attributes = { type: type.name, url: `${base}/sobjects/${type.name}/${id}` };
      return { attributes, ...Object.fromEntries(names.map((name) => [name, all[name] ?? null])) };
    },
  };
}

/** What follows from other fields. `n` numbers a new record. */
function derived(type: ObjectType, data: Fields, n: number): Fields {
  const number = String(n).padStart(8, '0');
  switch (type.name) {
    case 'Contact':
      return { ...data, Name: [data['FirstName'], data['LastName']].filter((part) => part).join(' ') };
    case 'Contract': {
      const status = data['Status'];
      const code = status === 'Draft' ? 'Draft' : status === 'In Approval Process' ? 'InApproval' : 'Activated';
      return { ...data, StatusCode: code, ContractNumber: data['ContractNumber'] ?? number };
    }
    case 'Case':
      return { ...data, IsClosed: data['Status'] === 'Closed', CaseNumber: data['CaseNumber'] ?? number };
    case 'Opportunity': {
      const stage = data['StageName'];
      return { ...data, IsClosed: String(stage).startsWith('Closed'), IsWon: stage === 'Closed Won' };
    }
    case 'Order':
      return { ...data, OrderNumber: data['OrderNumber'] ?? number };
    case 'Quote':
      return { ...data, QuoteNumber: data['QuoteNumber'] ?? number };
    default:
      return data;
  }
}

/** `2026-11-24T10:00:00.000+0000`: the milliseconds are always none. */
export function stamp(at: number): string {
  return new Date(at).toISOString().replace('Z', '+0000');
}
