import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { Expression } from '../../adapters/sdk/expression.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { URN } from '../../protocol/base/names.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { ActionRules } from '../engine/rules.ts';
import type { Action, ActionDefinition, Actions, Verb, Words } from '../engine/world.ts';
import { makeAjv } from './ajv.ts';
import { type Checker, checker } from './checker.ts';
import { definitionSchema } from './definition-schema.ts';
import { compileRules, type RuleSource } from './rules.ts';

/** An action's definition as its file in protocol/actions/ holds it. */
export interface DefinitionFile extends ActionDefinition, Omit<RuleSource, keyof ActionDefinition> {
  readonly summary: string;
  readonly description: string;
  readonly input: JsonObject;
  /** By type, the fields of a record without which the action cannot be done. */
  readonly needs?: Readonly<Record<string, readonly string[]>>;
  readonly cooling_off_days?: number;
  readonly words: Words;
  readonly examples: { readonly valid: readonly JsonObject[]; readonly invalid: readonly JsonObject[] };
}

export interface Contract extends Actions {
  /** What is offered now: one version of each. The same list for as long as the same is offered. */
  readonly definitions: readonly DefinitionFile[];
  /** The newest of each name, offered or not. */
  readonly all: readonly DefinitionFile[];
  /** Every published schema by its name: `contract.renew.input`, `submit`, … */
  readonly schemas: ReadonlyMap<string, JsonObject>;
  checkRegistration(value: Json): Result<JsonObject, Refusal>;
}

export type Envelope = Verb | 'register' | 'invite' | 'propose';

export interface ContractSource {
  /** Newest and older versions, in any order. */
  readonly definitions: readonly unknown[];
  readonly envelopes: Readonly<Record<Envelope, JsonObject>>;
}

export interface Offering {
  /** The definition as it is offered here, perhaps without a part; undefined where it is not offered. */
  readonly as: (definition: DefinitionFile) => DefinitionFile | undefined;
  /** What can be done now; undefined until it is known. */
  readonly able: () => ReadonlySet<string> | undefined;
}

const EVERYTHING: Offering = { as: (definition) => definition, able: () => undefined };

/** Compiles every action and envelope once; all mistakes at once. Of each name the newest version is offered, as `offering` says;
 * the older ones are kept for the operations that began with them. */
export function readContract(
  source: ContractSource,
  offering: Offering = EVERYTHING,
): Result<Contract, readonly string[]> {
  const ajv = makeAjv();
  const envelopes = new Map<string, JsonObject>();
  const problems: string[] = [];
  const compiled = source.definitions.flatMap((file) => {
    const read = compileOnce(ajv, file);
    if (read.ok) return [read.value];
    problems.push(...read.error);
    return [];
  });
  const all = new Map<string, CompiledDefinition>();
  for (const each of compiled) {
    const key = `${each.file.name}@${each.file.version}`;
    if (all.has(key)) problems.push(`${key} is defined twice`);
    all.set(key, each);
  }
  if (problems.length > 0) return err(problems);
  const latest = newest(compiled);
  const offered = latest.flatMap((each): CompiledDefinition[] => {
    const as = offering.as(each.file);
    if (as === undefined || as === each.file) return as === undefined ? [] : [each];
    const again = compileDefinition(ajv, as);
    if (!again.ok) problems.push(...again.error);
    else all.set(`${as.name}@${as.version}`, again.value);
    return again.ok ? [again.value] : [];
  });
  if (problems.length > 0) return err(problems);
  const checks = Object.fromEntries(
    Object.entries(source.envelopes).map(([name, schema]) => {
      envelopes.set(name, published(name, schema));
      return [name, checker(ajv, schema, `/schemas/${name}`)];
    }),
  ) as Record<Envelope, Checker>;
  const current = new Map(offered.map(({ file, action }) => [file.name, action]));
  const now = offeredNow(offered, envelopes, offering.able);
  return ok({
    get definitions() {
      return now().definitions;
    },
    get schemas() {
      return now().schemas;
    },
    all: latest.map(({ file }) => file),
    action(name, version) {
      if (version !== undefined) return all.get(`${name}@${version}`)?.action;
      return now().definitions.some((each) => each.name === name) ? current.get(name) : undefined;
    },
    awaits(name) {
      const definition = current.get(name)?.definition;
      // What nothing may delay is recorded on the day it is asked for, and carried out when the CRM is back.
      const isRight = definition?.default_signoff === 'never';
      return offering.able() === undefined && !isRight && dependsOnCrm(definition?.kind);
    },
    checkEnvelope: (verb, value) => checks[verb](value),
    checkRegistration: (value) => checks.register(value),
  });
}

/** A record is read where it can be, and a person is reached whatever the CRM can. */
const dependsOnCrm = (kind: Action['definition']['kind'] | undefined): boolean => kind === 'write' || kind === 'check';

interface Offered {
  readonly definitions: readonly DefinitionFile[];
  readonly schemas: ReadonlyMap<string, JsonObject>;
}

function offeredNow(
  claimed: readonly CompiledDefinition[],
  envelopes: ReadonlyMap<string, JsonObject>,
  able: Offering['able'],
): () => Offered {
  let last: { readonly of: ReadonlySet<string> | undefined; readonly offered: Offered } | undefined;
  return () => {
    const of = able();
    if (last === undefined || last.of !== of) {
      const can = claimed.filter(({ file: { name, kind } }) => of === undefined || !dependsOnCrm(kind) || of.has(name));
      const own = can.flatMap(({ schemas }) =>
        [...schemas].map(([name, each]) => [name, published(name, each)] as const),
      );
      last = {
        of,
        offered: { definitions: can.map(({ file }) => file), schemas: new Map([...own, ...envelopes]) },
      };
    }
    return last.offered;
  };
}

interface CompiledDefinition {
  readonly file: DefinitionFile;
  readonly action: Action;
  readonly schemas: ReadonlyMap<string, JsonObject>;
}

function newest(compiled: readonly CompiledDefinition[]): CompiledDefinition[] {
  const byName = new Map<string, CompiledDefinition>();
  for (const each of compiled) {
    const other = byName.get(each.file.name);
    if (other === undefined || isNewer(each.file.version, other.file.version)) byName.set(each.file.name, each);
  }
  return [...byName.values()];
}

function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const differing = left?.findIndex((part, index) => part !== right?.[index]) ?? -1;
  return differing >= 0 && (left?.[differing] ?? 0) > (right?.[differing] ?? 0);
}

function published(name: string, schema: JsonObject): JsonObject {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: `${URN}:schema:${name}`, ...schema };
}

/** In place of a schema that is none. */
const NOTHING: Checker = Object.assign(() => err(refusal('internal')), { accepts: () => false });
const noTerms = () => err(refusal('terms-invalid', 'This action has no terms.'));

/** What ships is the same for every contract of a process, and to compile it is most of a start. */
const compilations = new WeakMap<object, ReturnType<typeof compileDefinition>>();

function compileOnce(ajv: Ajv2020, file: unknown): ReturnType<typeof compileDefinition> {
  const key = Object(file);
  const known = compilations.get(key) ?? compileDefinition(ajv, file);
  compilations.set(key, known);
  return known;
}

/** One definition and everything it says; its examples must do as they are listed. */
export function compileDefinition(ajv: Ajv2020, file: unknown): Result<CompiledDefinition, readonly string[]> {
  if (!isDefinition(file)) return err((isDefinition.errors ?? []).map((each) => `${nameOf(file)} ${told(each)}`));
  const { name, input, terms, output, examples } = file;
  const problems: string[] = [];
  const rules = compileRules(file, problems);
  const schemas = new Map<string, JsonObject>();
  const check = (part: string, schema: JsonObject): Checker => {
    schemas.set(`${name}.${part}`, schema);
    try {
      return checker(ajv, schema, `/schemas/${name}.${part}`);
    } catch (error) {
      problems.push(`/${part} is not a usable schema: ${error instanceof Error ? error.message : 'unknown'}`);
      return NOTHING;
    }
  };
  const checkInput = check('input', input);
  const action: Action = {
    definition: file,
    rules,
    checkInput,
    checkTerms: terms === undefined ? noTerms : check('terms', terms),
    checkPartialTerms: terms === undefined ? noTerms : check('counter', partial(terms)),
    checkOutput: check('output', output),
  };
  for (const [kind, wanted] of [
    ['valid', true],
    ['invalid', false],
  ] as const)
    for (const [index, example] of examples[kind].entries())
      if (checkInput.accepts(example['input'] ?? {}) !== wanted)
        problems.push(`/examples/${kind}/${index} is ${wanted ? 'refused' : 'taken'}`);
  problems.push(...unlisted(rules, examples.valid));
  return problems.length > 0 ? err(problems.map((each) => `${name} ${each}`)) : ok({ file, action, schemas });
}

/** A subject whose expression gives a list for an example, and which does not say that there may be several. */
function unlisted({ subjects }: ActionRules, examples: readonly JsonObject[]): string[] {
  const lists = subjects.filter(({ id, many }) =>
    examples.some((example) => many !== true && Array.isArray(idFor(id, example['input']))),
  );
  return lists.map(({ name }) => `/subjects/${name} gives a list: say that there may be "many"`);
}

function idFor(id: Expression, input: Json | undefined): Json | undefined {
  try {
    return id({ operation: '', input: isObject(input) ? input : {}, terms: {}, records: {} });
  } catch {
    // It needs another record first.
    return undefined;
  }
}

const isDefinition = new Ajv2020({ allErrors: true, strict: true }).compile<DefinitionFile>(definitionSchema);

function told({ instancePath, message, keyword, params }: ErrorObject): string {
  const extra = keyword === 'additionalProperties' ? ` (${String(params['additionalProperty'])})` : '';
  return `${instancePath === '' ? '/' : instancePath} ${message ?? 'is wrong'}${extra}`;
}

function nameOf(file: unknown): string {
  const named = typeof file === 'object' && file !== null && 'name' in file ? file.name : undefined;
  return typeof named === 'string' ? named.slice(0, 64) : 'a definition';
}

/** A counter-offer names only what it wants changed. */
function partial(terms: JsonObject): JsonObject {
  const { required: _all, ...rest } = terms;
  return { ...rest, minProperties: 1 };
}
