/** SQL tables as a CRM: SQLite or PostgreSQL, described by a mapping, written in transactions that hold their own key. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import { ANY_RECIPES } from '../sdk/actions/standard.ts';
import { chooseRecipes, makeRecipeAdapter } from '../sdk/by-recipe.ts';
import type { Adapter } from '../sdk/index.ts';
import { type Engine, openDatabase } from './database.ts';
import { makeSqlStore } from './store.ts';
import { parseTables } from './tables.ts';

export { postgresEngine } from './postgres.ts';
export { sqliteEngine } from './sqlite.ts';

export interface SqlAdapterOptions {
  readonly engine: Engine;
  readonly mapping: JsonObject;
  /** The company’s own, beside and instead of the standard ones that fit. */
  readonly recipes: readonly JsonObject[];
}

/** Every mistake of the documents at once. Whether the database has the tables is seen at the first call, and in `health`. */
export function makeSqlAdapter({ engine, mapping, recipes }: SqlAdapterOptions): Result<Adapter, readonly string[]> {
  const tables = parseTables(mapping);
  if (!tables.ok) return tables;
  const read = chooseRecipes(
    { own: recipes, standard: ANY_RECIPES, cannot: ['note'], lacks: () => [] },
    tables.value.mapping,
  );
  if (!read.ok) return read;
  const about = { name: 'sql', version: '0.1.0', title: engine.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL' };
  const guarantees = { idempotency: 'key', conflict: 'etag' } as const;
  const store = makeSqlStore(openDatabase(engine), tables.value);
  return ok(makeRecipeAdapter(about, guarantees, tables.value.mapping, read.value, store));
}
