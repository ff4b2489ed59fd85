/** Content held against a schema, and what is wrong with it: every fault at once, so that one more request puts all of it right. */

import type { Ajv2020, ErrorObject } from 'ajv/dist/2020.js';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { at } from '../../protocol/base/pointer.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { nearest } from '../engine/nearest.ts';
import { makeAjv } from './ajv.ts';
import { expectedAt, isMoneySchema } from './expected.ts';

export interface Checker {
  (value: Json): Result<JsonObject, Refusal>;
  /** The verdict alone. */
  accepts(value: Json): boolean;
}

interface Fault {
  /** JSON Pointer to what is wrong; of a member that is missing, to where it belongs. */
  readonly pointer: string;
  readonly message: string;
  /** The range and the unit, in words. */
  readonly expected?: string;
  /** What was sent, corrected. */
  readonly example?: Json;
}

/** `name`: where the schema is published. */
export function checker(ajv: Ajv2020, schema: JsonObject, name: string): Checker {
  const validate = ajv.compile(schema);
  const check = (value: Json): Result<JsonObject, Refusal> => {
    if (!isObject(value)) return err(violation([{ pointer: '', message: 'must be an object' }], name));
    if (validate(value)) return ok(value);
    return err(violation(faultsIn(schema, value, validate.errors ?? []), name));
  };
  return Object.assign(check, { accepts: (value: Json) => isObject(value) && validate(value) });
}

const thorough = makeAjv({ everyError: true });

/** The first fault is found cheaply whatever was sent; the others are looked for where that is cheap too. */
function faultsIn(schema: JsonObject, value: JsonObject, first: readonly ErrorObject[]): readonly Fault[] {
  const isSmall = JSON.stringify(value).length <= LIMITS.faultsSearchedChars;
  const validate = isSmall ? thorough.compile(schema) : undefined;
  const found = validate === undefined || validate(value) ? first : (validate.errors ?? first);
  // What a branch or a condition lacks is told by its own errors.
  const told = found.filter(({ keyword }) => !COMPOSED.has(keyword));
  const faults = (told.length > 0 ? told : found).map((each) => helped(faultOf(each), each, { schema, value }));
  const unlike = new Map(faults.map((fault) => [`${fault.pointer} ${fault.message}`, fault]));
  return [...unlike.values()].slice(0, LIMITS.faultsTold);
}

/** Of a value, not of a name: what should stand there. Of a part of an amount, the whole amount. */
function helped(
  fault: Fault,
  { keyword, instancePath, parentSchema, data }: ErrorObject,
  { schema, value }: { readonly schema: JsonObject; readonly value: JsonObject },
): Fault {
  if (keyword === 'enum' || keyword === 'const' || !isObject(parentSchema)) return fault;
  const above = instancePath.slice(0, instancePath.lastIndexOf('/'));
  const isOfNames = keyword === 'required' || keyword === 'additionalProperties';
  const whole = isOfNames ? undefined : schemaAt(schema, above);
  const isPart = isObject(whole) && isMoneySchema(whole);
  if (keyword === 'additionalProperties' || (keyword === 'required' && !isMoneySchema(parentSchema))) return fault;
  const { words, example } = isPart ? expectedAt(whole, at(value, above)) : expectedAt(parentSchema, data);
  return {
    ...fault,
    ...(words === undefined ? {} : { expected: words }),
    ...(example === undefined ? {} : { example }),
  };
}

/** Of a member at a pointer: a name `properties` in it is a member like any other. */
const schemaAt = (schema: JsonObject, pointer: string): Json | undefined =>
  at(schema, pointer.replaceAll('/', '/properties/'));

const COMPOSED = new Set(['if', 'anyOf', 'oneOf', 'allOf']);

function faultOf({ keyword, instancePath, params, message = 'is not valid', parentSchema }: ErrorObject): Fault {
  if (keyword === 'required')
    return { pointer: pointerTo(instancePath, params['missingProperty']), message: 'is missing' };
  if (keyword === 'enum' || keyword === 'const') {
    const allowed = [params['allowedValues'] ?? params['allowedValue']].flat().slice(0, LIMITS.faultsTold);
    return { pointer: instancePath, message: `must be ${allowed.map((each) => JSON.stringify(each)).join(' or ')}` };
  }
  if (keyword !== 'additionalProperties') return { pointer: instancePath, message };
  const name = String(params['additionalProperty']);
  const known = Object.keys(isObject(parentSchema?.['properties']) ? parentSchema['properties'] : {});
  const meant = nearest(name, known);
  return {
    pointer: pointerTo(instancePath, name),
    message: `is not known here${meant === undefined ? '' : `: did you mean ${meant}?`}`,
  };
}

function pointerTo(path: string, member: unknown): string {
  return `${path}/${String(member).slice(0, 64).replace(/~/g, '~0').replace(/\//g, '~1')}`;
}

function violation(faults: readonly Fault[], schema: string): Refusal {
  const words = faults.map(({ pointer, message, expected, example }) => {
    const help = [expected, ...(example === undefined ? [] : [`for example ${JSON.stringify(example)}`])];
    const told = help.filter((each) => each !== undefined).join('; ');
    return `${pointer === '' ? 'The content' : pointer} ${message}${told === '' ? '' : ` (${told})`}`;
  });
  return refusal(
    'schema-violation',
    `${words.join('; ').replace(/\?$/, '')}${words.at(-1)?.endsWith('?') ? '?' : '.'}`,
    {
      errors: faults.map((each) => ({ ...each })),
      schema,
    },
  );
}
