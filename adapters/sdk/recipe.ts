/** How one action becomes changes in one CRM: a document, `adapters/<name>/actions/<action>.json`. Every part is an expression
 * ({@link compileExpression}) over the request and the records it is about. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { compileExpression, type Expression } from './expression.ts';
import type { TermUse } from './index.ts';
import type { Mapping } from './mapping.ts';
import { termsUsed } from './terms-use.ts';

/** A record the action is about. Where `id` gives nothing, there is none. */
export interface RecordRecipe {
  readonly name: string;
  readonly type: string;
  readonly id: Expression;
  /** There is none either where the CRM has none of this id: for what must work whatever the customer names. */
  readonly optional: boolean;
}

export interface Fields {
  readonly set: ReadonlyMap<string, Expression>;
  /** A list of `{path, value}` whose paths are fields of this type that may be corrected; the others are for other steps. */
  readonly corrections: Expression | undefined;
}

/** One write: a record changed, a record made, or both where the CRM can do both at once. */
export interface StepRecipe {
  readonly id: string;
  readonly summary: Expression;
  readonly when: Expression | undefined;
  /** One step an element. */
  readonly each: Expression | undefined;
  /** The earlier step that it stands in for: it is carried out where that one finds nothing to change. What it needs a CRM may lack: where
   * the mapping does not have its type (`ticket?`) it is left out. */
  readonly whereUnchanged?: string;
  /** The day it is carried out on; nothing, or a day that is not after the day of asking, is at once. */
  readonly on: Expression | undefined;
  readonly update: (Fields & { readonly record: string }) | undefined;
  readonly create: (Fields & { readonly type: string; readonly account: Expression | undefined }) | undefined;
  /** Text put beside what is made. */
  readonly note: Expression | undefined;
  readonly reversal: 'undo' | 'compensate' | 'none';
}

export interface Recipe {
  readonly action: string;
  readonly records: readonly RecordRecipe[];
  /** What must hold, and what the customer is told where it does not. */
  readonly require: readonly { readonly that: Expression; readonly otherwise: string }[];
  readonly warnings: readonly { readonly when: Expression; readonly text: string }[];
  readonly steps: readonly StepRecipe[];
  /** What becomes of each term that the recipe speaks of. */
  readonly terms: Readonly<Record<string, TermUse>>;
}

/** Reads a recipe against the mapping it will be used with; all mistakes at once, each with a JSON Pointer. */
export function parseRecipe(document: Json, mapping: Mapping): Result<Recipe, readonly string[]> {
  const problems: string[] = [];
  const reader = makeReader(mapping, problems);
  const root = isObject(document) ? document : {};
  reader.known(root, '', ['action', 'records', 'require', 'warnings', 'steps', 'unwritten']);
  const action = reader.text(root['action'], '/action');
  const records = entriesOf(root['records']).map(([name, each]) => reader.record(name, each));
  const require = listOf(root['require']).map((each, index) => {
    reader.known(each, `/require/${index}`, ['that', 'else']);
    const that = reader.expression(each['that'], `/require/${index}/that`);
    return { that, otherwise: reader.text(each['else'], `/require/${index}/else`) };
  });
  const warnings = listOf(root['warnings']).map((each, index) => {
    reader.known(each, `/warnings/${index}`, ['when', 'text']);
    const when = reader.expression(each['when'], `/warnings/${index}/when`);
    return { when, text: reader.text(each['text'], `/warnings/${index}/text`) };
  });
  const types = new Map(records.map(({ name, type }) => [name, type]));
  const steps = listOf(root['steps']).flatMap((each, index) => {
    const step = reader.step(each, `/steps/${index}`, types);
    return step === undefined ? [] : [step];
  });
  const atOnce = steps.flatMap(({ update, on }) => (update === undefined || on !== undefined ? [] : [update.record]));
  if (new Set(atOnce).size < atOnce.length)
    problems.push(
      '/steps change the same record twice: put both changes in one step, or say `on` which day the later one is',
    );
  for (const [index, { whereUnchanged }] of steps.entries())
    if (whereUnchanged !== undefined && steps.slice(0, index).every(({ id }) => id !== whereUnchanged))
      problems.push(`/steps/${index}/where_unchanged names no step before it`);
  if (new Set(steps.map(({ id }) => id)).size < steps.length) problems.push('/steps have the same id twice');
  for (const [name, why] of entriesOf(root['unwritten'])) reader.text(why, `/unwritten/${name}`);
  const terms = termsUsed(root, mapping);
  return problems.length > 0 ? err(problems) : ok({ action, records, require, warnings, steps, terms });
}

function makeReader(mapping: Mapping, problems: string[]) {
  const text = (value: Json | undefined, at: string): string => {
    if (typeof value === 'string' && value !== '') return value;
    problems.push(`${at} must be text`);
    return '';
  };
  const expression = (value: Json | undefined, at: string): Expression => {
    const compiled = typeof value === 'string' ? compileExpression(value) : err('must be an expression');
    if (compiled.ok) return compiled.value;
    problems.push(`${at} ${compiled.error}`);
    return () => null;
  };
  const maybe = (value: Json | undefined, at: string): Expression | undefined =>
    value === undefined ? undefined : expression(value, at);
  const known = (object: JsonObject, at: string, names: readonly string[]): void => {
    for (const name of Object.keys(object)) if (!names.includes(name)) problems.push(`${at}/${name} is not known`);
  };
  const mapped = (type: string, at: string) => {
    const found = mapping.types.get(type);
    if (found === undefined) problems.push(`${at} names ${type}, which the field mapping does not have`);
    return found;
  };
  const fields = (object: JsonObject, at: string, type: string): Fields => {
    const has = mapped(type, at)?.fields;
    const set = entriesOf(object['set']).flatMap(([named, each]) => {
      // `name?`: set it where the mapping has it.
      const name = named.replace(/\?$/, '');
      const written = [[name, expression(each, `${at}/set/${named}`)] as const];
      if (has === undefined || has.has(name)) return written;
      if (named === name) problems.push(`${at}/set/${name} is not in the field mapping of ${type}`);
      return [];
    });
    return { set: new Map(set), corrections: maybe(object['corrections'], `${at}/corrections`) };
  };
  return {
    text,
    expression,
    known,
    record(name: string, each: Json): RecordRecipe {
      const at = `/records/${name}`;
      const object = isObject(each) ? each : {};
      known(object, at, ['type', 'id', 'optional']);
      const type = text(object['type'], `${at}/type`);
      mapped(type, `${at}/type`);
      return { name, type, id: expression(object['id'], `${at}/id`), optional: object['optional'] === true };
    },
    /** Undefined where it is left out. */
    step(each: JsonObject, at: string, records: ReadonlyMap<string, string>): StepRecipe | undefined {
      const members = [
        'id',
        'summary',
        'when',
        'each',
        'where_unchanged',
        'on',
        'update',
        'create',
        'note',
        'reversal',
      ];
      known(each, at, members);
      const update = isObject(each['update']) ? each['update'] : undefined;
      const create = isObject(each['create']) ? each['create'] : undefined;
      if (update === undefined && create === undefined) problems.push(`${at} neither updates nor creates`);
      if (update !== undefined && each['each'] !== undefined) problems.push(`${at}/each goes with create only`);
      if (update !== undefined) known(update, `${at}/update`, ['record', 'set', 'corrections']);
      if (create !== undefined) known(create, `${at}/create`, ['type', 'account', 'set']);
      const record = update === undefined ? '' : text(update['record'], `${at}/update/record`);
      const type = records.get(record);
      if (update !== undefined && type === undefined) problems.push(`${at}/update/record is not one of /records`);
      const { reversal = update === undefined ? 'none' : 'undo' } = each;
      if (reversal !== 'undo' && reversal !== 'compensate' && reversal !== 'none')
        problems.push(`${at}/reversal must be undo, compensate or none`);
      const named = create === undefined ? '' : text(create['type'], `${at}/create/type`);
      const made = named.replace(/\?$/, '');
      if (named !== made && !mapping.types.has(made)) return undefined;
      const spare = each['where_unchanged'];
      return {
        id: text(each['id'], `${at}/id`),
        summary: expression(each['summary'], `${at}/summary`),
        when: maybe(each['when'], `${at}/when`),
        each: maybe(each['each'], `${at}/each`),
        ...(spare === undefined ? {} : { whereUnchanged: text(spare, `${at}/where_unchanged`) }),
        on: maybe(each['on'], `${at}/on`),
        update: update === undefined ? undefined : { record, ...fields(update, `${at}/update`, type ?? '') },
        create:
          create === undefined
            ? undefined
            : {
                type: made,
                account: maybe(create['account'], `${at}/create/account`),
                ...fields(create, `${at}/create`, made),
              },
        note: maybe(each['note'], `${at}/note`),
        reversal: reversal === 'compensate' || reversal === 'none' ? reversal : 'undo',
      };
    },
  };
}

function entriesOf(value: Json | undefined): [string, Json][] {
  return Object.entries(isObject(value) ? value : {});
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.map((each: Json) => (isObject(each) ? each : {})) : [];
}
