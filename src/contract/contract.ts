import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { URN } from '../../protocol/names.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Action, ActionDefinition, Actions, Verb } from '../engine/world.ts';
import { isCalendarDate } from './calendar.ts';
import { definitionSchema } from './definition-schema.ts';

/** An action's definition as its file in protocol/actions/ holds it. */
export interface DefinitionFile extends ActionDefinition {
  readonly summary: string;
  readonly description: string;
  readonly input: JsonObject;
  readonly output: JsonObject;
  readonly examples: { readonly valid: readonly JsonObject[]; readonly invalid: readonly JsonObject[] };
}

export interface Contract extends Actions {
  readonly definitions: readonly DefinitionFile[];
  /** Every published schema by its name: `contract.renew.input`, `submit`, … */
  readonly schemas: ReadonlyMap<string, JsonObject>;
  checkRegistration(value: Json): Result<JsonObject, Refusal>;
}

export type Envelope = Verb | 'register';

/** Compiles every action and envelope once. Throws with all mistakes: definitions are part of the program or of its configuration. */
export function loadContract(files: readonly unknown[], envelopes: Readonly<Record<Envelope, JsonObject>>): Contract {
  const ajv = makeAjv();
  const schemas = new Map<string, JsonObject>();
  const publish = (name: string, schema: JsonObject): Checker => {
    schemas.set(name, {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `${URN}:schema:${name}`,
      ...schema,
    });
    return checker(ajv.compile(schema), `/schemas/${name}`);
  };
  const definitions = files.map((file) => parseDefinition(ajv, file));
  const actions = new Map(definitions.map((definition) => [definition.name, compile(definition, publish)]));
  const checks = Object.fromEntries(
    Object.entries(envelopes).map(([name, schema]) => [name, publish(name, schema)]),
  ) as Record<Envelope, Checker>;
  return {
    definitions,
    schemas,
    action: (name) => actions.get(name),
    checkEnvelope: (verb, value) => checks[verb](value),
    checkRegistration: (value) => checks.register(value),
  };
}

type Checker = (value: Json) => Result<JsonObject, Refusal>;

/** Strict, first error only (all errors would undo `maxLength` as a guard), own properties only, no coercion, patterns in linear time. */
function makeAjv(): Ajv2020 {
  // RE2 has no catastrophic backtracking; ajv wants the shape of a RegExp constructor.
  const linear = Object.assign(
    (pattern: string) => {
      const compiled = RE2JS.compile(pattern);
      // Ajv tells its patterns apart by their text: two that read the same would share one regular expression.
      return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern };
    },
    { code: 'linear' },
  );
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allErrors: false,
    ownProperties: true,
    coerceTypes: false,
    allowUnionTypes: true,
    code: { regExp: linear },
  });
  ajv.addFormat('date', isCalendarDate);
  return ajv;
}

function parseDefinition(ajv: Ajv2020, file: unknown): DefinitionFile {
  const validate =
    ajv.getSchema<DefinitionFile>(`${URN}:definition`) ??
    ajv.addSchema(definitionSchema, `${URN}:definition`).getSchema<DefinitionFile>(`${URN}:definition`);
  if (validate === undefined) throw new Error('the definition schema is missing');
  if (!validate(file)) throw new Error(`an action definition is not usable: ${ajv.errorsText(validate.errors)}`);
  return file as DefinitionFile;
}

function compile(definition: DefinitionFile, publish: (name: string, schema: JsonObject) => Checker): Action {
  const { name, input, terms, output } = definition;
  const none: Checker = () => err(refusal('terms-invalid', 'This action has no terms.'));
  return {
    definition,
    checkInput: publish(`${name}.input`, input),
    checkTerms: terms === undefined ? none : publish(`${name}.terms`, terms),
    checkPartialTerms: terms === undefined ? none : publish(`${name}.counter`, partial(terms)),
    checkOutput: publish(`${name}.output`, output),
  };
}

/** A counter-offer names only what it wants changed. */
function partial(terms: JsonObject): JsonObject {
  const { required: _all, ...rest } = terms;
  return { ...rest, minProperties: 1 };
}

function checker(validate: ValidateFunction, schema: string): Checker {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return err(violation('', 'must be an object', schema));
    if (validate(value)) return ok(value as JsonObject);
    const [first] = validate.errors ?? [];
    return err(violation(pointerOf(first), first?.message ?? 'is not valid', schema));
  };
}

function violation(pointer: string, message: string, schema: string): Refusal {
  return refusal('schema-violation', `${pointer === '' ? 'The content' : pointer} ${message}.`, {
    errors: [{ pointer, message }],
    schema,
  });
}

function pointerOf(error: ErrorObject | undefined): string {
  const extra =
    error?.keyword === 'additionalProperties' ? String(error.params['additionalProperty']).slice(0, 64) : undefined;
  const base = error?.instancePath ?? '';
  return extra === undefined ? base : `${base}/${extra.replace(/~/g, '~0').replace(/\//g, '~1')}`;
}
