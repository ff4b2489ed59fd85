import { sql } from 'kysely';
import { digest } from '../../protocol/base/canonical.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { RecordStore, Trace, View, Write } from '../sdk/by-recipe.ts';
import { AdapterError, type Ctx, type Ref, type StepResult } from '../sdk/index.ts';
import type { Payload, ReadRecord } from '../sdk/payload.ts';
import { cellsOf, recordOf, versionOf } from './columns.ts';
import type { Database, Trx } from './database.ts';
import { failure } from './errors.ts';
import { missing, type Table, type Tables } from './tables.ts';

/** More than any id or key has; what is longer is no id. */
const ID_CHARS_MAX = 256;

/** A write and its key go into one transaction: the key’s uniqueness is the write’s. */
export function makeSqlStore(database: Database, tables: Tables): RecordStore {
  let isChecked = false;

  async function check(ctx: Ctx): Promise<void> {
    if (isChecked) return;
    const problems = await database.reading(ctx, (trx) => missing(trx, tables));
    if (problems.length > 0) {
      ctx.log('crm.mapping', { missing: problems });
      const fields = problems.map((path) => ({ path, message: 'is missing.' }));
      throw new AdapterError('unsupported', 'The database does not fit the mapping.', { fields });
    }
    isChecked = true;
  }

  return {
    versionKind: (type) => (tables.byType.get(type)?.version === undefined ? 'hash' : 'counter'),
    async view(ctx, work) {
      await check(ctx);
      return database.reading(ctx, (trx) => work(viewOf(trx, tables, database.kind)));
    },
    async write(ctx, write) {
      await check(ctx);
      return database.writing(ctx, (trx) => apply(ctx, trx, database.kind, tables, write));
    },
    // A view is one snapshot: a record in it is never older than an effect in it.
    isOlder: () => false,
    async check(ctx) {
      isChecked = false;
      await check(ctx);
    },
  };
}

function viewOf(trx: Trx, tables: Tables, kind: Database['kind']): View {
  return {
    read: (ref) => unharmed(trx, kind, () => readRow(trx, tableOf(tables, ref.type), ref.value, kind)),
    find: async ({ key }) => (await effectOf(trx, tables, key))?.records,
  };
}

async function apply(
  ctx: Ctx,
  trx: Trx,
  kind: Database['kind'],
  tables: Tables,
  { key, payload, version }: Write,
): Promise<StepResult> {
  const asked = digest({ ...payload, version: version ?? null });
  // Another transaction with the same key is waited for here.
  const begun = await trx
    .insertInto(tables.effects)
    .values({ key, digest: asked, records: '[]', made_at: ctx.clock().toISOString() })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .execute();
  if (begun.length === 0) return replay(await effectOf(trx, tables, key), asked);
  const records: ReadRecord[] = [];
  if (payload.update !== null)
    records.push(await update(trx, tableOf(tables, payload.update.type), payload.update, version, kind));
  if (payload.create !== null)
    records.push(await create(trx, tableOf(tables, payload.create.type), payload.create, kind));
  const traces = records.map(({ ref: { type, value }, version: made }) => ({ type, id: value, version: made }));
  await trx
    .updateTable(tables.effects)
    .set({ records: JSON.stringify(traces) })
    .where('key', '=', key)
    .execute();
  const [first] = records;
  if (first === undefined) throw new AdapterError('bug', 'A step writes nothing.');
  return { state: 'applied', ref: first.ref, version: first.version };
}

interface Effect {
  readonly digest: string;
  readonly records: readonly Trace[];
}

function replay(effect: Effect | undefined, asked: string): StepResult {
  const [first] = effect?.records ?? [];
  if (effect?.digest !== asked || first === undefined)
    throw new AdapterError('conflict', 'This key was used for another write.');
  return { state: 'already_applied', ref: first.ref, version: first.version ?? '' };
}

async function effectOf(trx: Trx, { effects }: Tables, key: string): Promise<Effect | undefined> {
  const row = await trx.selectFrom(effects).select(['digest', 'records']).where('key', '=', key).executeTakeFirst();
  if (row === undefined) return undefined;
  const list: Json = JSON.parse(String(row['records']));
  const records = (Array.isArray(list) ? list : []).flatMap((each: Json): Trace[] => {
    const { type, id, version } = isObject(each) ? each : {};
    if (typeof type !== 'string' || typeof id !== 'string' || typeof version !== 'string') return [];
    return [{ ref: { type, by: 'id', value: id }, version }];
  });
  return { digest: String(row['digest']), records };
}

/** PostgreSQL ends the transaction of a statement it refuses, such as one with an id that its column cannot hold; a plan may go on. */
async function unharmed<T>(trx: Trx, kind: Database['kind'], read: () => Promise<T>): Promise<T> {
  if (kind === 'postgres') await sql`SAVEPOINT one_read`.execute(trx);
  try {
    return await read();
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    const told = failure(error, false);
    if (kind === 'postgres' && told.code === 'invalid') await sql`ROLLBACK TO SAVEPOINT one_read`.execute(trx);
    throw told;
  }
}

async function readRow(
  trx: Trx,
  table: Table,
  id: string,
  kind: Database['kind'],
  isLocking = false,
): Promise<ReadRecord> {
  if (id.length > ID_CHARS_MAX || !id.isWellFormed() || /\p{Cc}/u.test(id))
    throw new AdapterError('invalid', 'An identifier is not usable.');
  const query = trx.selectFrom(table.table).select(table.columns).where(table.id, '=', id);
  // SQLite’s transaction holds the whole file by now.
  const row = await (isLocking && kind === 'postgres' ? query.forUpdate() : query).executeTakeFirst();
  // A database may know more than one spelling of an id; a mandate knows one.
  if (row === undefined || String(row[table.id]) !== id)
    throw new AdapterError('not_found', 'There is no such record.');
  return { ref: refOf(table, row), version: versionOf(table, row), data: recordOf(table, row) };
}

async function update(
  trx: Trx,
  table: Table,
  { id, values }: NonNullable<Payload['update']>,
  version: string | undefined,
  kind: Database['kind'],
): Promise<ReadRecord> {
  const before = await readRow(trx, table, id, kind, true);
  if (version === undefined || before.version !== version)
    throw new AdapterError('conflict', 'The record has changed.');
  const counted = table.version;
  await trx
    .updateTable(table.table)
    .set(cellsOf(table, values, kind))
    .$if(counted !== undefined && !table.isCounted, (query) =>
      query.set((eb) => ({ [String(counted)]: eb(eb.ref(String(counted)), '+', eb.lit(1)) })),
    )
    .where(table.id, '=', id)
    .execute();
  return readRow(trx, table, id, kind);
}

async function create(
  trx: Trx,
  table: Table,
  { account, values }: NonNullable<Payload['create']>,
  kind: Database['kind'],
): Promise<ReadRecord> {
  const owner: JsonObject =
    table.type.account === undefined || account === null ? {} : { [table.type.account]: account };
  const row = await trx
    .insertInto(table.table)
    .values({ ...cellsOf(table, values, kind), ...owner })
    .returning(table.id)
    .executeTakeFirstOrThrow();
  return readRow(trx, table, String(row[table.id]), kind);
}

function refOf(table: Table, row: Record<string, unknown>): Ref {
  return { type: table.type.type, by: 'id', value: String(row[table.id]) };
}

function tableOf({ byType }: Tables, type: string): Table {
  const table = byType.get(type);
  if (table === undefined) throw new AdapterError('unsupported', 'The CRM has no such type here.');
  return table;
}
