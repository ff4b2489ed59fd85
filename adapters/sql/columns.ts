import { digest } from '../../protocol/base/canonical.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { decode, encode } from '../sdk/codec.ts';
import { AdapterError } from '../sdk/index.ts';
import type { MappedField } from '../sdk/mapping.ts';
import type { Database } from './database.ts';
import type { Table } from './tables.ts';

type Row = Readonly<Record<string, unknown>>;

/** Our values as columns. */
export function cellsOf({ type, money }: Table, values: JsonObject, kind: Database['kind']): Record<string, unknown> {
  const cells: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = type.fields.get(name);
    if (field === undefined) throw new AdapterError('bug', 'A step is not one that this adapter planned.');
    const encoded = encode(field, value, money);
    cells[field.field] = bindable(field, encoded.value, kind);
    if (field.currency !== undefined) cells[field.currency] = encoded.currency ?? null;
  }
  return cells;
}

function bindable({ kind: as }: MappedField, value: Json, kind: Database['kind']): unknown {
  if (value === null) return null;
  if (as === 'json') return JSON.stringify(value);
  if (as === 'flag' && kind === 'sqlite') return value === true ? 1 : 0;
  return value;
}

/** The row in our names, with `id` and `account`. */
export function recordOf({ type, id, money }: Table, row: Row): JsonObject {
  const read = [...type.fields.values()].map((field) => {
    const currency = field.currency === undefined ? null : plain(row[field.currency]);
    return [field.name, decode(field, held(field, row[field.field]), currency, money)] as const;
  });
  const own = String(row[id]);
  // Only an account is its own: ids of one type may be those of another.
  const itself = type.type === 'account' ? own : null;
  const account = type.account === undefined ? itself : plain(row[type.account]);
  return { ...Object.fromEntries(read), id: own, account: account === null ? null : String(account) };
}

function held({ kind }: MappedField, cell: unknown): Json {
  if (kind === 'flag' && (cell === 0 || cell === 1)) return cell === 1;
  if (kind !== 'json' || typeof cell !== 'string') return plain(cell);
  try {
    return JSON.parse(cell);
  } catch {
    return null;
  }
}

/** The count where there is one; a digest of everything the mapping reads otherwise. */
export function versionOf({ version, columns }: Table, row: Row): string {
  if (version === undefined) return digest(columns.map((column) => plain(row[column])));
  const count = row[version];
  if (count === null || count === undefined) throw new AdapterError('bug', 'A record has no version.');
  return String(count);
}

function plain(cell: unknown): Json {
  if (typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean') return cell;
  return null;
}
