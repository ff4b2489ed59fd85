/** The expressions of recipes: CEL (github.com/google/cel-spec) over the request and the records it is about. Data in, data out:
 * no clock, no randomness, no calls, small programs only. */
import { type ASTNode, Environment, Optional } from '@marcbachmann/cel-js';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { formatMoney, type Price, plus, times, total } from '../../protocol/base/money.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { quotedLines, revealed } from '../../protocol/words/revealed.ts';
import { plain, registerCalendar, registerNotice } from './functions.ts';
import { shortened } from './text.ts';
import { isUnreadable, type Unreadable, UnreadableError } from './unreadable.ts';
import { isMoney } from './values.ts';

/** What an expression sees. */
export interface Scope {
  readonly operation: string;
  readonly input: JsonObject;
  readonly terms: JsonObject;
  /** The records the recipe names, by its names for them. */
  readonly records: JsonObject;
  /** In a definition that names a time: the records as they were then, as far as they were changed through this gateway. */
  readonly records_then?: JsonObject;
  /** The day of asking in the company's zone: the same however often it is planned. */
  readonly asked_on?: string;
  /** In the customer's zone, where a record names it. */
  readonly asked_on_customer?: string;
  /** The time of asking, RFC 3339 UTC, and the company's zone: in a definition only. */
  readonly asked_at?: string;
  readonly zone?: string;
  /** In a requirement: what has ended the record's contract since (`since`) or before this was asked for; `by` is empty where nothing has. */
  readonly ended?: JsonObject;
  /** Of a case for a person, see `PlanRequest`; empty elsewhere. */
  readonly handoff?: JsonObject;
  /** Inside `each`: the element and its place, from 1. */
  readonly item?: Json;
  readonly place?: number;
}

/** Undefined where the expression says "nothing" (`optional.none()`): leave the field as it is. Throws when it cannot be decided. */
export type Expression<S extends Scope = Scope> = (scope: S) => Json | undefined;

/** More that an expression may see: its name and CEL type. */
export type Variables = Readonly<Record<string, string>>;

const FIELD_CHARS_MAX = 8_000;

function environment(more: Variables): Environment {
  const env = new Environment({
    limits: { maxAstNodes: 500, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 16 },
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
  })
    .registerVariable('operation', 'string')
    .registerVariable('input', 'map')
    .registerVariable('terms', 'map')
    .registerVariable('records', 'map')
    .registerVariable('records_then', 'map')
    .registerVariable('asked_on', 'string')
    .registerVariable('asked_on_customer', 'string')
    .registerVariable('asked_at', 'string')
    .registerVariable('zone', 'string')
    .registerVariable('ended', 'map')
    .registerVariable('handoff', 'map')
    .registerVariable('item', 'dyn')
    .registerVariable('place', 'int');
  for (const [name, type] of Object.entries(more)) env.registerVariable(name, type);
  registerCalendar(env);
  registerNotice(env);
  env.registerFunction('or_else(dyn, dyn): dyn', (value: unknown, otherwise: unknown) => value ?? otherwise);
  env.registerFunction('sum(list): int', (values: unknown) => {
    const given = plain(values);
    return (Array.isArray(given) ? given : []).reduce((total: bigint, each) => total + BigInt(Number(each)), 0n);
  });
  env.registerFunction('words(map): string', (value: unknown) => formatMoney(money(value)));
  env.registerFunction('times(map, int): map', (value: unknown, by: bigint) => counted(times(money(value), by)));
  env.registerFunction('plus(map, map): map', (left: unknown, right: unknown) =>
    counted(plus(money(left), money(right))),
  );
  env.registerFunction('total(map): map', (value: unknown) => counted(total(money(value))));
  // One line, without what moves text about or cannot be stored.
  env.registerFunction('line(string, int): string', (text: string, chars: bigint) =>
    shortened(revealed(text.toWellFormed().replace(/[\p{Cc}\u2028\u2029]+/gu, ' '), { lines: false }), least(chars)),
  );
  env.registerFunction('quote(string): string', (text: string) => quotedLines(printable(text)));
  env.registerFunction('paragraphs(string, int): string', (text: string, chars: bigint) =>
    shortened(revealed(printable(text), { lines: true }), least(chars)),
  );
  return env;
}

/** Compiles once; a mistake of the author's is found here, not in a customer's request. */
export function compileExpression<S extends Scope = Scope>(
  text: string,
  more: Variables = {},
): Result<Expression<S>, string> {
  try {
    const env = environment(more);
    const checked = env.check(text);
    if (!checked.valid) return err(`does not compile: ${firstLine(checked.error?.message)}`);
    const program = env.parse(text);
    const [reads, readsThen] = [readsOf('records', text), readsOf('records_then', text)];
    return ok(({ records, records_then: then = {}, ...scope }) => {
      const { asked_on = '' } = scope;
      const whole = {
        asked_on,
        asked_on_customer: asked_on,
        asked_at: '',
        zone: 'UTC',
        ended: { by: '', since: false },
        handoff: {},
        item: null,
        place: 0,
        ...scope,
      };
      const variables = toCel(whole) as Record<string, unknown>;
      const seen = { records: recordsToCel(records, reads), records_then: recordsToCel(then, readsThen) };
      return fromCel(program({ ...variables, ...seen }));
    });
  } catch (error) {
    return err(`does not compile: ${firstLine(error instanceof Error ? error.message : undefined)}`);
  }
}

/** What a text says as an expression, for whoever asks what it reads; undefined for one that is none. */
export function parsed(text: string): ASTNode | undefined {
  try {
    return environment({}).parse(text).ast;
  } catch {
    return undefined;
  }
}

const firstLine = (text = 'unknown error') => text.split('\n')[0];

/** The fields of records that an expression names: `records.contract.end_date`. What it asks for with `has` is not named. */
function readsOf(all: 'records' | 'records_then', text: string): readonly (readonly [record: string, field: string])[] {
  const found = (pattern: string) => [...text.matchAll(new RegExp(pattern, 'g'))];
  const asked = new Set(found(`\\bhas\\((${all}\\.[a-z_]+\\.[a-z_]+)\\)`).map(([, each]) => each));
  return found(`\\b(${all}\\.([a-z_]+)\\.([a-z_]+))\\b(?!\\()`).flatMap(([, whole, record, field]) =>
    asked.has(whole) || record === undefined || field === undefined ? [] : [[record, field] as const],
  );
}

/** CEL's int is 64 bits: integers become bigint, so that ints meet ints. What cannot be read throws when it is read. */
function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value);
  const readable = members.filter(([, member]) => !isUnreadable(member));
  const made = Object.fromEntries(readable.map(([name, member]) => [name, toCel(member)]));
  // Last: CEL looks at a map's first value to tell what kind of map it is.
  for (const [name, member] of members) if (isUnreadable(member)) Object.defineProperty(made, name, throwing(member));
  return made;
}

const throwing = ({ unreadable }: Unreadable): PropertyDescriptor => ({
  enumerable: true,
  get: () => {
    throw new UnreadableError(unreadable);
  },
});

/** Only what an expression looks at is looked at: whoever passes the records may want to know. A field that this CRM does not have reads
 * as one that is empty: the same expression goes for every CRM. */
function recordsToCel(records: JsonObject, reads: ReturnType<typeof readsOf>): unknown {
  return Object.fromEntries(
    Object.entries(records).map(([name, record]) => {
      const fields = reads.flatMap(([of, field]) => (of === name ? [field] : []));
      return [name, lazyCel(record, Array.isArray(record) ? [] : fields)];
    }),
  );
}

/** The value as CEL sees it, each field turned when it is looked at. `fields` are empty where they are not there. */
export function lazyCel(value: Json, fields: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((each: Json) => lazyCel(each));
  if (!isObject(value)) return toCel(value);
  return new Proxy(value, {
    get: (target, key) => {
      const found = Reflect.get(target, key);
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return fields.includes(String(key)) ? null : found;
      if (isUnreadable(found)) throw new UnreadableError(found.unreadable);
      return toCel(found);
    },
    // CEL looks at a map's first value to tell what kind of map it is: not at one that cannot be read.
    ownKeys: (target) => Reflect.ownKeys(target).toSorted((a, b) => last(target, a) - last(target, b)),
    getOwnPropertyDescriptor: (target, key) => {
      const found = Reflect.getOwnPropertyDescriptor(target, key);
      if (found !== undefined || !fields.includes(String(key))) return found;
      return { value: null, enumerable: true, configurable: true, writable: true };
    },
  });
}

function last(record: object, key: string | symbol): number {
  const held: unknown = Reflect.getOwnPropertyDescriptor(record, key)?.value;
  return typeof held === 'object' && held !== null && 'unreadable' in held ? 1 : 0;
}

function fromCel(value: unknown): Json | undefined {
  if (value instanceof Optional) return value.hasValue() ? fromCel(value.value()) : undefined;
  return plain(value);
}

function money(value: unknown): Price {
  const given = plain(value);
  if (!isMoney(given)) throw new TypeError('not an amount of money');
  return given;
}

/** Money as CEL counts: in 64 bits. */
const counted = ({ amount, currency, scale }: Price) => ({
  amount: BigInt(amount),
  currency,
  ...(scale === undefined ? {} : { scale: BigInt(scale) }),
});

const least = (chars: bigint): number => Math.min(Number(chars), FIELD_CHARS_MAX);

/** Without controls that are neither a line break nor a tab, and with whole characters. */
function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, ' ');
}
