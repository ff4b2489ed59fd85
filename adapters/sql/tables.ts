/** The mapping document as tables: which columns name a record, count its versions and hold its fields. Every mistake at once. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { MONEY_FORMS, type MoneyForm } from '../sdk/codec.ts';
import { type MappedType, type Mapping, parseMapping } from '../sdk/mapping.ts';
import type { Trx } from './database.ts';

export interface Table {
  readonly type: MappedType;
  readonly table: string;
  readonly id: string;
  /** Without one, the version is a digest of what the mapping reads of the row. */
  readonly version: string | undefined;
  /** Whether a trigger counts versions; this adapter does it otherwise. */
  readonly isCounted: boolean;
  readonly money: MoneyForm;
  /** Every column the adapter reads or writes. */
  readonly columns: readonly string[];
}

export interface Tables {
  readonly mapping: Mapping;
  readonly byType: ReadonlyMap<string, Table>;
  /** Where the keys of done writes are kept. */
  readonly effects: string;
}

/** What an unquoted name may be in both databases. Names are quoted all the same. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const EFFECTS = 'parley_effects';
export const EFFECT_COLUMNS = ['key', 'digest', 'records', 'made_at'] as const;

export function parseTables(document: JsonObject): Result<Tables, readonly string[]> {
  const read = parseMapping(document, NAME);
  if (!read.ok) return read;
  const problems: string[] = [];
  const { effects = EFFECTS, money: form = 'minor', ...unknown } = read.value.more;
  const money = MONEY_FORMS.find((each) => each === form);
  if (!isName(effects)) problems.push('/effects is not the name of a table');
  if (money === undefined) problems.push(`/money must be one of ${MONEY_FORMS.join(', ')}`);
  problems.push(...Object.keys(unknown).map((name) => `/${name} is not known`));
  const byType = new Map(
    [...read.value.types].map(([name, type]) => [name, tableOf(type, money ?? 'minor', problems)] as const),
  );
  if (problems.length > 0) return err(problems);
  return ok({ mapping: read.value, byType, effects: String(effects) });
}

function tableOf(type: MappedType, money: MoneyForm, problems: string[]): Table {
  const at = `/types/${type.type}`;
  const { id = 'id', version, versions = 'adapter', ...unknown } = type.more;
  if (!isName(id)) problems.push(`${at}/id is not the name of a column`);
  if (version !== undefined && !isName(version)) problems.push(`${at}/version is not the name of a column`);
  if (versions !== 'adapter' && versions !== 'database') problems.push(`${at}/versions must be adapter or database`);
  problems.push(...Object.keys(unknown).map((name) => `${at}/${name} is not known`));
  const fields = [...type.fields.values()];
  for (const { name, kind, currency } of fields)
    if (kind === 'money' && currency === undefined) problems.push(`${at}/fields/${name} has no currency column`);
  const named = [id, version, type.account, ...fields.flatMap(({ field, currency }) => [field, currency])];
  const columns = [...new Set(named.filter(isName))];
  const counted = isName(version) ? version : undefined;
  return {
    type,
    table: type.object,
    id: String(id),
    version: counted,
    isCounted: versions === 'database',
    money,
    columns,
  };
}

function isName(value: Json | undefined): value is string {
  return typeof value === 'string' && NAME.test(value);
}

/** What the mapping names and the database does not have. */
export async function missing(trx: Trx, { byType, effects }: Tables): Promise<string[]> {
  const tables = await trx.introspection.getTables();
  const has = new Map(tables.map(({ name, columns }) => [name, new Set(columns.map((each) => each.name))]));
  const wanted: (readonly [table: string, columns: readonly string[]])[] = [
    [effects, EFFECT_COLUMNS],
    ...[...byType.values()].map(({ table, columns }) => [table, columns] as const),
  ];
  return wanted.flatMap(([table, columns]) => {
    const there = has.get(table);
    if (there === undefined) return [`table ${table}`];
    return columns.filter((column) => !there.has(column)).map((column) => `${table}.${column}`);
  });
}
