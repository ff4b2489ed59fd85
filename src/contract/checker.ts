/** Content held against a schema, and what is wrong with it: every fault at once, so that one more request puts all of it right. */
import type { Ajv2020, ErrorObject } from 'ajv/dist/2020.js';
import { isObject } from '../../adapters/sdk/values.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { nearest } from '../engine/nearest.ts';
import { makeAjv } from './ajv.ts';

export interface Checker {
  (value: Json): Result<JsonObject, Refusal>;
  /** The verdict alone. */
  accepts(value: Json): boolean;
}

interface Fault {
  /** JSON Pointer to what is wrong; of a member that is missing, to where it belongs. */
  readonly pointer: string;
  readonly message: string;
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
  const faults = (told.length > 0 ? told : found).map(faultOf);
  const unlike = new Map(faults.map((fault) => [`${fault.pointer} ${fault.message}`, fault]));
  return [...unlike.values()].slice(0, LIMITS.faultsTold);
}

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
  const words = faults.map(({ pointer, message }) => `${pointer === '' ? 'The content' : pointer} ${message}`);
  return refusal(
    'schema-violation',
    `${words.join('; ').replace(/\?$/, '')}${words.at(-1)?.endsWith('?') ? '?' : '.'}`,
    {
      errors: faults.map((each) => ({ ...each })),
      schema,
    },
  );
}
