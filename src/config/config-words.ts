/** A mistake in the configuration, in words: where, what, what is allowed there, and what may have been meant. */
import type { ErrorObject } from 'ajv';
import { meant } from '../engine/nearest.ts';

const SHOWN_MAX = 12;

/** `members`: the names a schema knows at the place of an error. */
export function explainSchema(error: ErrorObject, members: (schemaPath: string) => readonly string[]): string {
  const where = error.instancePath === '' ? 'the file' : error.instancePath;
  const { params } = error;
  if (error.keyword === 'additionalProperties') {
    const name = String(params['additionalProperty']);
    const known = members(error.schemaPath);
    const near = meant(name, known);
    const hint = near !== '' || known.length === 0 ? near : `: it has ${known.slice(0, SHOWN_MAX).join(', ')}`;
    return `${where} has no member ${JSON.stringify(name)}${hint}`;
  }
  if (error.keyword === 'enum' && Array.isArray(params['allowedValues'])) {
    const allowed = params['allowedValues'].map(String);
    const given = typeof error.data === 'string' ? meant(error.data, allowed) : '';
    return `${where} must be one of ${allowed.join(', ')}${given}`;
  }
  return `${where} ${error.message ?? 'is wrong'}`;
}

/** The names of a schema's members, by the path that an error of `additionalProperties` has. */
export function membersIn(schema: unknown): (schemaPath: string) => readonly string[] {
  return (schemaPath) => {
    const names = schemaPath.replace(/^#\/?/, '').split('/').slice(0, -1);
    let at: unknown = schema;
    for (const name of names) at = memberOf(at, decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~'));
    const properties = memberOf(at, 'properties');
    return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Line and column of a place in a text, as editors count. */
export function lineOf(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
