import { Ajv2020 } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { momentOf } from '../../adapters/sdk/values.ts';
import { isCalendarDate } from './calendar.ts';

/** Strict, first error only unless told (all errors would undo `maxLength` as a guard), own properties only, no coercion, patterns in
 * linear time. */
export function makeAjv({ everyError = false }: { readonly everyError?: boolean } = {}): Ajv2020 {
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
    allErrors: everyError,
    // What a schema allows is told with what it does not.
    verbose: everyError,
    ownProperties: true,
    coerceTypes: false,
    allowUnionTypes: true,
    code: { regExp: linear },
  });
  ajv.addFormat('date', isCalendarDate);
  ajv.addFormat('date-time', (text: string) => !Number.isNaN(momentOf(text)));
  return ajv;
}
