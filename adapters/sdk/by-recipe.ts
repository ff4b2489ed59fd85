/** An adapter from a mapping, recipes, and the few things that differ between CRMs: how records are read, written and found again. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import {
  type Adapter,
  AdapterError,
  type AdapterManifest,
  type Capability,
  type Ctx,
  type Health,
  type PlanStep,
  type Ref,
  type Snapshot,
  type StepResult,
  type Verification,
} from './index.ts';
import { fieldsRead, type Mapping } from './mapping.ts';
import { differences, type Payload, payloadOf, type Reader, type ReadRecord, seenPayloadOf } from './payload.ts';
import { planByRecipe } from './planner.ts';
import { parseRecipe, type Recipe } from './recipe.ts';
import { undoStep } from './undo.ts';

/** A record that a write left, and the version it then had, where the CRM still knows it. */
export interface Trace {
  readonly ref: Ref;
  readonly version: string | undefined;
}

/** What a step writes, under the key it is found again by. */
export interface Write {
  readonly key: string;
  readonly payload: Payload;
  /** The version of the record to be changed that the write depends on. */
  readonly version: string | undefined;
}

/** The CRM as planning and verifying see it: without a way to write. */
export interface View {
  readonly read: Reader;
  /** The records a write left, the changed one first; undefined when the CRM says that it never came. */
  find(write: Write): Promise<readonly Trace[] | undefined>;
}

/** Two versions of one record, by what they are: nobody can swap them. */
export interface Versions {
  readonly type: string;
  /** The record's as it was read. */
  readonly read: string;
  /** The one that a write left. */
  readonly left: string;
}

export interface RecordStore {
  versionKind(type: string): Snapshot['versionKind'];
  /** One consistent view where the CRM has such a thing. */
  view<T>(ctx: Ctx, work: (view: View) => Promise<T>): Promise<T>;
  write(ctx: Ctx, write: Write): Promise<StepResult>;
  /** Whether a record as read may be from before the version a write left. */
  isOlder(versions: Versions): boolean;
  /** Throws when the CRM cannot be used, or does not fit the mapping. */
  check(ctx: Ctx): Promise<void>;
}

/** What the kind of CRM guarantees, the same for all its actions. */
export type Guarantees = Pick<Capability, 'idempotency' | 'conflict'> & Partial<Capability>;

/** Reads the recipes against the mapping; all mistakes at once, each with the place it is in. What a CRM cannot do is refused here:
 * nobody signs off a part of a step that is then left out. */
export function parseRecipes(
  documents: readonly Json[],
  mapping: Mapping,
  cannot: readonly ('note' | 'both')[] = [],
): Result<Recipe[], readonly string[]> {
  const read = documents.map((document) => parseRecipe(document, mapping));
  const recipes = read.flatMap((each) => (each.ok ? [each.value] : []));
  const problems = read.flatMap((each, index) =>
    each.ok ? [] : each.error.map((told) => `/recipes/${nameOf(documents[index], index)}${told}`),
  );
  const actions = recipes.map(({ action }) => action);
  if (new Set(actions).size < actions.length) problems.push('/recipes have the same action twice');
  for (const { action, steps } of recipes)
    for (const { id, update, create, note } of steps) {
      if (note !== undefined && cannot.includes('note'))
        problems.push(`/recipes: ${action}: step ${id} has a note, and there is no place for one`);
      if (cannot.includes('both') && update !== undefined && create !== undefined)
        problems.push(`/recipes: ${action}: step ${id} updates and creates: this CRM does one at a time`);
    }
  return problems.length > 0 ? err(problems) : ok(recipes);
}

const nameOf = (document: Json | undefined, index: number): string =>
  isObject(document) && typeof document['action'] === 'string' ? document['action'] : String(index);

/** Without the steps that stand in for others, where the CRM cannot do these. */
const withoutLacking =
  (lacks: RecipeChoice['lacks']) =>
  (recipe: Recipe): Recipe => ({
    ...recipe,
    steps: recipe.steps.filter(
      (step) => step.whereUnchanged === undefined || lacks({ ...recipe, steps: [step] }).length === 0,
    ),
  });

export interface RecipeChoice {
  /** The company’s: each must fit. */
  readonly own: readonly JsonObject[];
  /** Of these, those that fit and that the company has no other for. */
  readonly standard: readonly JsonObject[];
  readonly cannot: readonly ('note' | 'both')[];
  /** What else of a recipe the CRM cannot do. */
  readonly lacks: (recipe: Recipe) => readonly string[];
}

export function chooseRecipes(
  { own, standard, cannot, lacks }: RecipeChoice,
  mapping: Mapping,
): Result<Recipe[], readonly string[]> {
  const mine = parseRecipes(own, mapping, cannot);
  if (!mine.ok) return mine;
  const problems = mine.value.flatMap((each) => lacks(each).map((told) => `/recipes: ${each.action}: ${told}`));
  if (problems.length > 0) return err(problems);
  const actions = new Set(mine.value.map(({ action }) => action));
  const others = standard.flatMap((document) => {
    const read = parseRecipes([document], mapping, cannot);
    const fitting = read.ok ? read.value.filter(({ action }) => !actions.has(action)) : [];
    return fitting.map(withoutLacking(lacks)).filter((each) => lacks(each).length === 0);
  });
  return ok([...mine.value, ...others]);
}

export function makeRecipeAdapter(
  about: Omit<AdapterManifest, 'capabilities'>,
  guarantees: Guarantees,
  mapping: Mapping,
  recipes: readonly Recipe[],
  store: RecordStore,
): Adapter {
  const byAction = new Map(recipes.map((recipe) => [recipe.action, recipe]));
  const manifest = {
    ...about,
    fields: fieldsRead(mapping),
    capabilities: recipes.map((recipe) => capabilityOf(recipe, guarantees)),
  };
  return {
    manifest,
    health: (ctx) => health(store, ctx),
    async discover(ctx) {
      await store.check(ctx);
      return manifest.capabilities;
    },
    read: (ctx, ref) => store.view(ctx, async (view) => snapshotOf(ctx, store, await view.read(await byId(view, ref)))),
    async plan(ctx, request) {
      const recipe = byAction.get(request.action);
      if (recipe === undefined) throw new AdapterError('unsupported', `The CRM does not know ${request.action}.`);
      return store.view(ctx, ({ read }) => planByRecipe(recipe, mapping, request, read));
    },
    execute: async (ctx, step) => store.write(ctx, writeOf(step)),
    verify: (ctx, step) => store.view(ctx, (view) => verify(ctx, store, view, step)),
    async compensate(ctx, step, done) {
      const undo = undoStep(step, done);
      if (undo === undefined)
        throw new AdapterError('unsupported', 'What was made is not taken back; a person closes it.');
      return store.write(ctx, writeOf(undo));
    },
    async verifyReversal(ctx, step, done) {
      const undo = undoStep(step, done);
      // What is only made is never taken back here.
      if (undo === undefined) return { state: 'unknown', diff: [] };
      return store.view(ctx, (view) => verify(ctx, store, view, undo));
    },
  };
}

/** What a recipe lets an adapter declare. */
export function capabilityOf({ action, records, steps, terms }: Recipe, guarantees: Guarantees): Capability {
  const typeOf = new Map(records.map(({ name, type }) => [name, type]));
  const objects = steps.flatMap(({ update, create }) => [
    ...(update === undefined ? [] : [typeOf.get(update.record) ?? update.record]),
    ...(create === undefined ? [] : [create.type]),
  ]);
  const reversals = new Set(steps.map(({ reversal }) => reversal));
  return {
    action,
    version: '1',
    objects: [...new Set(objects)],
    modes: ['read', 'write'],
    reversal: reversals.has('compensate') ? 'compensate' : reversals.has('undo') ? 'undo' : 'none',
    preview: 'computed',
    terms,
    stability: 'ga',
    ...guarantees,
  };
}

async function health(store: RecordStore, ctx: Ctx): Promise<Health> {
  const before = ctx.clock().getTime();
  const latency = () => ctx.clock().getTime() - before;
  try {
    await store.check(ctx);
    return { ok: true, latencyMs: latency() };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    const told = error.fields.map(({ path, message }) => `${path} ${message}`);
    return { ok: false, latencyMs: latency(), detail: [error.message, ...told].join(' ') };
  }
}

/** A record named by the key of the write that made it. */
async function byId(view: View, ref: Ref): Promise<Ref> {
  if (ref.by === 'id') return ref;
  const payload = { update: null, create: { type: ref.type, account: null, values: {} }, note: null };
  const found = await view.find({ key: ref.value, payload, version: undefined });
  const made = found?.find((each) => each.ref.type === ref.type);
  if (made === undefined) throw new AdapterError('not_found', 'There is no such record.');
  return made.ref;
}

function snapshotOf(ctx: Ctx, store: RecordStore, { ref, version, data }: ReadRecord): Snapshot {
  return { ref, version, versionKind: store.versionKind(ref.type), readAt: ctx.clock().toISOString(), data };
}

function writeOf(step: PlanStep): Write {
  return { ...keyed(step), payload: payloadOf(step) };
}

const keyed = ({ idempotencyKey: key, preconditions: [first] }: PlanStep) => ({ key, version: first?.version });

/** Asks the CRM whether it has the write, then compares what it left with every planned value. Throws when it cannot read. */
async function verify(ctx: Ctx, store: RecordStore, { read, find }: View, step: PlanStep): Promise<Verification> {
  const found = await find({ ...keyed(step), payload: seenPayloadOf(step) });
  if (found === undefined) return { state: 'not_applied', diff: [] };
  const records: ReadRecord[] = [];
  let isOld = false;
  for (const { ref, version } of found) {
    const record = await read(ref);
    // The version that was planned on is from before the write, whatever else is known.
    const planned = step.preconditions.some((each) => each.ref.value === ref.value && each.version === record.version);
    const left = version === undefined ? undefined : { type: ref.type, read: record.version, left: version };
    isOld ||= planned || (left !== undefined && store.isOlder(left));
    records.push(record);
  }
  const diff = differences(step.changes, records);
  // An eventually consistent read may be older than the write it should show.
  if (isOld && diff.length > 0) return { state: 'unknown', diff: [] };
  const [first] = records;
  return {
    state: diff.length === 0 ? 'applied' : 'diverged',
    ...(first === undefined ? {} : { after: snapshotOf(ctx, store, first) }),
    diff,
  };
}
