import { compileExpression, type Expression, type Scope } from '../../adapters/sdk/expression.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { type ActionRules, type ClaimRule, type Demands, NOTHING, type ResultScope } from '../engine/rules.ts';
import { inOrder, type SubjectSource } from './subjects.ts';

interface ClaimSource {
  readonly name: string;
  readonly each?: string;
  readonly amount?: string;
  readonly of?: string;
  readonly noted?: string;
  readonly from?: string;
  readonly to?: string;
  readonly once?: true;
}

const COMMITTED = ['total', 'term_months', 'seats'] as const;
type Committed = (typeof COMMITTED)[number];

/** What an action that writes does not state of what it commits the customer to, told to its author: under a mandate that limits it, it is
 * refused. */
export function unstated({ kind, commits = {} }: Pick<RuleSource, 'kind' | 'commits'>): readonly string[] {
  if ((kind !== 'write' && kind !== 'check') || commits === NOTHING) return [];
  return COMMITTED.filter((name) => commits[name] === undefined);
}

/** A definition's parts that are expressions, and what they must agree with. */
export interface RuleSource {
  readonly kind: 'write' | 'check' | 'read' | 'handoff';
  readonly risk: string;
  readonly mandate: string;
  readonly negotiable: readonly { readonly pointer: string; readonly record?: string; readonly default?: Json }[];
  readonly needs?: Readonly<Record<string, readonly string[]>>;
  readonly subjects: Readonly<Record<string, SubjectSource>>;
  readonly overtaken_by?: readonly string[];
  readonly require?: readonly { readonly that: string; readonly else: string }[];
  /** Why one request may be about records of several accounts; it may not where nothing is said. */
  readonly across_accounts?: string;
  readonly exclusive?: readonly string[];
  readonly shares_while_scheduled?: true;
  readonly raise?: readonly ({ readonly when: string } & Partial<Demands>)[];
  readonly records_then?: string;
  readonly standard_terms?: Readonly<Record<string, string>>;
  readonly claims?: readonly ClaimSource[];
  readonly commits?: typeof NOTHING | { readonly [K in Committed]?: string };
  readonly price?: { readonly from: string; readonly to: string; readonly times?: string };
  readonly grants?: string;
  readonly shows?: Readonly<Record<string, readonly string[]>>;
  readonly result: Readonly<Record<string, string>>;
  readonly compensation: { readonly by: string; readonly action?: string };
  readonly terms?: JsonObject;
  readonly input: JsonObject;
  readonly output: JsonObject;
}

const RESULT_VARIABLES = {
  after: 'map',
  made: 'map',
  revision: 'dyn',
  effects: 'int',
  now: 'string',
  checked: 'list',
  corrected: 'bool',
  shown: 'list',
};

/** Compiles every expression and holds the parts against each other; tells every mistake, each with a JSON Pointer. */
export function compileRules(source: RuleSource, problems: string[]): ActionRules {
  const { subjects, standard_terms, commits = {}, price, shows = {}, result, raise = [] } = source;
  const { require = [], claims = [] } = source;
  const expression = (text: string, at: string): Expression => {
    const compiled = compileExpression<Scope>(text);
    if (compiled.ok) return compiled.value;
    problems.push(`${at} ${compiled.error}`);
    return () => null;
  };
  const members = (texts: Readonly<Record<string, string>>, at: string) =>
    new Map(Object.entries(texts).map(([name, text]) => [name, expression(text, `${at}/${name}`)]));
  const results = new Map(
    Object.entries(result).map(([name, text]): [string, Expression<ResultScope>] => {
      const compiled = compileExpression<ResultScope>(text, RESULT_VARIABLES);
      if (compiled.ok) return [name, compiled.value];
      problems.push(`/result/${name} ${compiled.error}`);
      return [name, () => null];
    }),
  );
  agreement(source, problems);
  claiming(source, problems);
  return {
    subjects: inOrder(subjects, problems).map(({ name, type, id, shared = false, many = false, members }) => ({
      name,
      type,
      id: expression(id, `/subjects/${name}/id`),
      shared,
      many,
      members,
    })),
    requires: require.map(({ that, else: otherwise }, index) => ({
      that: expression(that, `/require/${index}/that`),
      otherwise,
      ofTerms: speaksOfTerms(that),
    })),
    acrossAccounts: source.across_accounts !== undefined,
    exclusive: source.exclusive ?? [],
    sharesWhileScheduled: source.shares_while_scheduled === true,
    overtakenBy: source.overtaken_by ?? [],
    raise: raise.map(({ when, ...to }, index) => ({ when: expression(when, `/raise/${index}/when`), to })),
    ...(source.records_then === undefined ? {} : { thenAt: expression(source.records_then, '/records_then') }),
    standardTerms: standard_terms === undefined ? null : members(standard_terms, '/standard_terms'),
    claims: claims.map(({ noted, once: _once, ...texts }, index): ClaimRule => {
      const [subject = '', ...field] = noted?.split('.') ?? [];
      const compiled = members(texts as Record<string, string>, `/claims/${index}`);
      return {
        name: () => null,
        ...Object.fromEntries(compiled),
        ...(noted === undefined ? {} : { noted: { subject, field: field.join('.') } }),
      };
    }),
    commits: Object.fromEntries(
      COMMITTED.flatMap((name) => {
        const text = commits === NOTHING ? NOTHING : commits[name];
        if (text === undefined) return [];
        return [[name, text === NOTHING ? () => NOTHING : expression(text, `/commits/${name}`)]];
      }),
    ),
    price:
      price === undefined
        ? null
        : {
            from: expression(price.from, '/price/from'),
            to: expression(price.to, '/price/to'),
            ...(price.times === undefined ? {} : { times: expression(price.times, '/price/times') }),
          },
    ...(source.grants === undefined ? {} : { grants: expression(source.grants, '/grants') }),
    shows: new Map(Object.entries(shows)),
    result: results,
  };
}

/** Outside of its texts. */
const speaksOfTerms = (expression: string): boolean =>
  /(?<![.\w])terms\b/.test(expression.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''"));

/** What one part says of another must be so. */
function agreement(source: RuleSource, problems: string[]): void {
  const { kind, risk, mandate, negotiable, subjects, standard_terms, shows, result, terms, output } = source;
  compare('/result', Object.keys(result), output, '/output', problems);
  if (standard_terms !== undefined)
    compare('/standard_terms', Object.keys(standard_terms), terms ?? {}, '/terms', problems);
  const issues = new Set(propertiesOf(terms ?? {}));
  for (const [index, { pointer }] of negotiable.entries()) {
    const name = pointer.split('/')[1];
    if (name === undefined || !issues.has(name)) problems.push(`/negotiable/${index} is not in /terms`);
  }
  if (kind === 'write' || kind === 'check') problems.push(...unneeded(source));
  if (terms !== undefined && negotiable.length === 0 && standard_terms === undefined)
    problems.push('/terms come from nowhere: nothing is negotiable and there are no /standard_terms');
  for (const [index, { that }] of (source.require ?? []).entries())
    if (terms === undefined && speaksOfTerms(that)) problems.push(`/require/${index} speaks of terms: there are none`);
  if (source.require !== undefined && kind === 'handoff')
    problems.push('/require stands in the way of a handoff: a person is always granted');
  if (kind !== 'handoff' && mandate !== 'required')
    problems.push('/mandate must be required: only a handoff goes without');
  if (kind === 'write' && risk === 'R0') problems.push('/risk of a write is R1 or more');
  if (kind !== 'write' && negotiable.length > 0) problems.push('/negotiable is for writes');
  if (kind === 'check' && !propertiesOf(source.input).includes('fields'))
    problems.push('/input of a check has fields: a list of {path, value}');
  if ((kind === 'read') !== (shows !== undefined)) problems.push('/shows is for a read, and only for it');
  if (kind !== 'handoff' && Object.values(subjects).every(({ shared }) => shared === true))
    problems.push('/subjects is empty: an action is about something of the principal’s');
  for (const [name, { type }] of Object.entries(subjects))
    if (kind === 'read' && shows?.[type] === undefined) problems.push(`/shows has nothing for /subjects/${name}`);
  for (const name of source.exclusive ?? [])
    if (subjects[name] === undefined || subjects[name].shared === true)
      problems.push(`/exclusive names ${name}, which is no subject of the principal’s`);
  if (source.shares_while_scheduled === true && source.exclusive === undefined)
    problems.push('/shares_while_scheduled goes with exclusive');
  if (source.exclusive !== undefined && kind !== 'write') problems.push('/exclusive is for writes');
  const { by, action } = source.compensation;
  if ((by === 'action') !== (action !== undefined)) problems.push('/compensation names an action if it is by one');
}

/** A claim is of an amount, of a span, or made once. */
function claiming({ kind, claims = [], subjects }: RuleSource, problems: string[]): void {
  if (kind !== 'write' && claims.length > 0) problems.push('/claims are for writes');
  for (const [index, claim] of claims.entries()) {
    const { amount, of, noted, from, to, once } = claim;
    const at = `/claims/${index}`;
    for (const [member, text] of Object.entries(claim))
      for (const [, strange = ''] of withoutTexts(text).matchAll(/\brecords(?:_then)?\.\??([A-Za-z_]\w*)/g))
        if (subjects[strange] === undefined)
          problems.push(`${at}/${member} reads records.${strange}: there is no such subject`);
    if ((from === undefined) !== (to === undefined)) problems.push(`${at} has one end of a span: give from and to`);
    if ((once === true) === (amount !== undefined || from !== undefined))
      problems.push(`${at} needs an amount, a span (from and to), or once`);
    if (of !== undefined && amount === undefined) problems.push(`${at}/of goes with an amount`);
    if (noted === undefined) continue;
    if (of === undefined) problems.push(`${at}/noted goes with of`);
    if (subjects[noted.split('.')[0] ?? ''] === undefined) problems.push(`${at}/noted names no subject`);
  }
}

/** An expression without what it only quotes. */
const withoutTexts = (text: unknown): string => String(text).replaceAll(/'[^']*'|"[^"]*"/g, '');

/** What `needs` forgets: the kinds of the records it is about, and the field that a term which must be there starts from. */
function unneeded({ subjects, negotiable, needs = {}, standard_terms, terms }: RuleSource): string[] {
  const types = Object.values(subjects).map(({ type }) => type);
  const forgotten = [...new Set(types)].filter((type) => needs[type] === undefined);
  const strange = Object.keys(needs).filter((type) => !types.includes(type));
  const required: Json = terms?.['required'] ?? [];
  const first = types[0] ?? '';
  // A date starts from today where the record has none; what has terms of its own starts from them.
  const starting = standard_terms !== undefined ? [] : negotiable;
  const fields = starting.flatMap(({ pointer, record = pointer, default: otherwise }) => {
    const name = pointer.split('/')[1] ?? '';
    const field = record.split('/')[1] ?? '';
    const isNeeded = Array.isArray(required) && required.includes(name) && otherwise === undefined;
    return isNeeded && needs[first]?.includes(field) !== true ? [field] : [];
  });
  return [
    ...forgotten.map((type) => `/needs says nothing of ${type}: the fields that must be there, or an empty list`),
    ...strange.map((type) => `/needs/${type} is the type of no subject`),
    ...fields.map((field) => `/needs/${first} lacks ${field}, which terms start from`),
  ];
}

/** Members that a schema does not have, and those it requires that are not there. */
function compare(at: string, names: readonly string[], schema: JsonObject, where: string, problems: string[]): void {
  const has = propertiesOf(schema);
  for (const name of names) if (!has.includes(name)) problems.push(`${at}/${name} is not in ${where}`);
  const required: Json = schema['required'] ?? [];
  for (const name of Array.isArray(required) ? required : [])
    if (!names.includes(String(name))) problems.push(`${at} lacks ${String(name)}, which ${where} requires`);
}

function propertiesOf(schema: JsonObject): string[] {
  const properties: Json = schema['properties'] ?? {};
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}
