/** A SOQL reader for what an integration asks: one object, plain fields, conditions, order and limit. */
import { SfError } from './errors.ts';

export type Value = string | number | boolean | null | { readonly at: string };
export type Test =
  | { readonly kind: 'and' | 'or'; readonly tests: readonly Test[] }
  | { readonly kind: 'not'; readonly test: Test }
  | { readonly kind: 'compare'; readonly field: string; readonly operator: string; readonly values: readonly Value[] };

export interface Soql {
  /** Empty for `COUNT()`. */
  readonly fields: readonly string[];
  readonly from: string;
  readonly where: Test | undefined;
  readonly order: readonly { readonly field: string; readonly descending: boolean }[];
  readonly limit: number;
  readonly offset: number;
}

const malformed = (what: string) => new SfError(400, 'MALFORMED_QUERY', `unexpected token: ${what.slice(0, 60)}`);

const TOKEN =
  /\s*(?:('(?:[^'\\\n]|\\[\s\S])*')|(\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2}))?)|(-?\d+(?:\.\d+)?)|(<=|>=|!=|<>|[=<>(),])|([A-Za-z_][\w.]*))/y;

type Token = { readonly kind: 'text' | 'at' | 'number' | 'sign' | 'word'; readonly text: string };
const KINDS = ['text', 'at', 'number', 'sign', 'word'] as const;

function tokens(soql: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (soql.slice(TOKEN.lastIndex).trim() !== '') {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(soql);
    const at = match === null ? -1 : match.slice(1).findIndex((part) => part !== undefined);
    const [kind, text] = [KINDS[at], match?.[at + 1]];
    if (kind === undefined || text === undefined) throw malformed(soql.slice(from));
    found.push({ kind, text });
  }
  return found;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

function unescaped(literal: string): string {
  return literal.slice(1, -1).replaceAll(/\\([\s\S])/g, (_all, char: string) => {
    if (`'"\\_%`.includes(char)) return char;
    const known = ESCAPES[char.toLowerCase()];
    if (known === undefined) throw new SfError(400, 'MALFORMED_QUERY', `Illegal escape sequence '\\${char}'`);
    return known;
  });
}

export function parseSoql(text: string): Soql {
  const list = tokens(text);
  let at = 0;
  const peek = (word: string) => list[at]?.kind !== 'text' && list[at]?.text.toLowerCase() === word;
  const take = (word: string) => {
    if (!peek(word)) return false;
    at += 1;
    return true;
  };
  const must = (word: string) => {
    if (!take(word)) throw malformed(list[at]?.text ?? '<EOF>');
  };
  const name = (): string => {
    const token = list[at];
    if (token?.kind !== 'word') throw malformed(token?.text ?? '<EOF>');
    at += 1;
    return token.text;
  };
  const many = <T>(one: () => T): T[] => {
    const found = [one()];
    while (take(',')) found.push(one());
    return found;
  };
  const value = (): Value => {
    const token = list[at];
    at += 1;
    if (token?.kind === 'text') return unescaped(token.text);
    if (token?.kind === 'number') return Number(token.text);
    if (token?.kind === 'at') return { at: token.text };
    const word = token?.kind === 'word' ? token.text.toLowerCase() : '';
    if (word === 'null') return null;
    if (word === 'true' || word === 'false') return word === 'true';
    throw malformed(token?.text ?? '<EOF>');
  };
  const compare = (): Test => {
    if (take('(')) {
      const inner = any();
      must(')');
      return inner;
    }
    if (take('not')) return { kind: 'not', test: compare() };
    const field = name();
    const negated = take('not');
    if (take('in')) {
      must('(');
      const values = many(value);
      must(')');
      const test: Test = { kind: 'compare', field, operator: 'in', values };
      return negated ? { kind: 'not', test } : test;
    }
    const operator = list[at]?.text.toLowerCase() ?? '';
    if (!['=', '!=', '<>', '<', '<=', '>', '>=', 'like'].includes(operator)) throw malformed(operator);
    at += 1;
    return { kind: 'compare', field, operator, values: [value()] };
  };
  const joined = (word: 'and' | 'or', one: () => Test): Test => {
    const tests = [one()];
    while (take(word)) tests.push(one());
    return tests.length === 1 && tests[0] !== undefined ? tests[0] : { kind: word, tests };
  };
  const any = (): Test => joined('or', () => joined('and', compare));
  const number = () => {
    const token = list[at];
    at += 1;
    if (token?.kind !== 'number') throw malformed(token?.text ?? '<EOF>');
    return Number(token.text);
  };

  must('select');
  const isCount = peek('count');
  if (isCount) for (const each of ['count', '(', ')']) must(each);
  const fields = isCount ? [] : many(name);
  must('from');
  const from = name();
  const where = take('where') ? any() : undefined;
  const order = take('order') ? ordered() : [];
  const limit = take('limit') ? number() : Number.POSITIVE_INFINITY;
  const offset = take('offset') ? number() : 0;
  if (at < list.length) throw malformed(list[at]?.text ?? '');
  return { fields, from, where, order, limit, offset };

  function ordered() {
    must('by');
    return many(sorted);
  }

  function sorted() {
    const field = name();
    const descending = take('desc');
    if (!descending) take('asc');
    if (take('nulls') && !take('last')) must('first');
    return { field, descending };
  }
}
