import { Environment } from '@marcbachmann/cel-js';
import { lazyCel } from '../../adapters/sdk/expression.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';

/** CEL (github.com/google/cel-spec) over declared, typed facts; small programs only. */
export function conditionEnvironment(): Environment {
  return new Environment({
    limits: { maxAstNodes: 500, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 16 },
  });
}

/** A condition that compiles and says yes or no. What it answers is still to be checked: members of a map have no type. */
export function compileCondition(
  env: Environment,
  text: string,
): Result<(facts: Readonly<Record<string, unknown>>) => unknown, string> {
  try {
    const checked = env.check(text);
    if (!checked.valid) return err(`does not compile: ${checked.error?.message ?? 'unknown error'}`);
    if (checked.type !== 'bool' && checked.type !== 'dyn') return err(`must be true or false, not ${checked.type}`);
    const program = env.parse(text);
    return ok((facts) => program({ ...facts }));
  } catch (error) {
    return err(`does not compile: ${error instanceof Error ? error.message : 'unknown error'}`);
  }
}

/** CEL's int is 64 bits: integers become bigint, so that `terms.seats > 100` compares ints with ints. */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, celValue(member)]));
}

/** A record for a condition: only the fields it looks at are looked at. */
export function recordValue(record: JsonObject): unknown {
  return lazyCel(record);
}
