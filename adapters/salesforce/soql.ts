import { AdapterError } from '../sdk/index.ts';

/** A value in a query: quoted, and nothing in it ends the quotes. The backslash first, or it would escape what escapes the quote. */
export function bound(value: string): string {
  if (/[\p{Cc}\u2028\u2029]/u.test(value) || !value.isWellFormed())
    throw new AdapterError('invalid', 'A value cannot be searched for.');
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A point in time as SOQL writes it: without quotes, so nothing else may come through here. */
export function instant(at: number): string {
  return new Date(at).toISOString();
}
