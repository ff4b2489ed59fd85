import { type Fields, SfError } from './errors.ts';
import type { Answer } from './resource.ts';
import type { Rows } from './rows.ts';
import { type Field, fieldNamed, type ObjectType, objectNamed } from './schema.ts';
import { parseSoql, type Test, type Value } from './soql.ts';

/** What is kept of answers that were not fetched to their end. */
const CURSORS_MAX = 50;

/** `/query`: the first page, and the next ones by their locator. A page holds at most `batch` records, whatever is asked for. */
export function makeQuery(rows: Rows, base: string, batch: number) {
  const cursors = new Map<string, readonly Fields[]>();
  let used = 0;

  function page(locator: string, all: readonly Fields[], from: number, size: number): Answer {
    const records = all.slice(from, from + size);
    const next = from + size;
    const done = next >= all.length;
    const more = done ? {} : { nextRecordsUrl: `${base}/query/${locator}-${next}` };
    return { status: 200, body: { totalSize: all.length, done, ...more, records } };
  }

  return {
    run(soql: string, asked: number): Answer {
      const query = parseSoql(soql);
      const type = objectNamed(query.from);
      if (type === undefined) throw new SfError(400, 'INVALID_TYPE', `sObject type '${query.from}' is not supported.`);
      const known = (name: string): Field => {
        const field = fieldNamed(type, name);
        if (field === undefined)
          throw new SfError(400, 'INVALID_FIELD', `No such column '${name}' on entity '${type.name}'.`);
        return field;
      };
      const { where } = query;
      const views = rows.all(type).map((stored) => rows.view(type, stored));
      const matching = where === undefined ? views : views.filter((view) => holds(where, view, known));
      const sorted = matching.toSorted((a, b) => {
        for (const { field, descending } of query.order) {
          const { name } = known(field);
          const order = compared(a[name], b[name]);
          if (order !== 0) return descending ? -order : order;
        }
        return 0;
      });
      const all = sorted.slice(query.offset, query.offset + query.limit);
      if (query.fields.length === 0) return { status: 200, body: { totalSize: all.length, done: true, records: [] } };
      const names = query.fields.map((name) => known(name).name);
      const shown = all.map((view) => project(type, view, names));
      used += 1;
      const locator = `01g5g${String(used).padStart(13, '0')}`;
      cursors.set(locator, shown);
      const [oldest] = cursors.keys();
      if (cursors.size > CURSORS_MAX && oldest !== undefined) cursors.delete(oldest);
      return page(locator, shown, 0, Math.min(batch, asked));
    },
    more(locator: string, asked: number): Answer {
      const [id = '', from = ''] = locator.split('-');
      const all = cursors.get(id);
      if (all === undefined || !/^\d+$/.test(from))
        throw new SfError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
      return page(id, all, Number(from), Math.min(batch, asked));
    },
  };
}

function project(_type: ObjectType, view: Fields, names: readonly string[]): Fields {
  return { attributes: view['attributes'], ...Object.fromEntries(names.map((name) => [name, view[name] ?? null])) };
}

function holds(test: Test, view: Fields, known: (name: string) => Field): boolean {
  switch (test.kind) {
    case 'and':
      return test.tests.every((each) => holds(each, view, known));
    case 'or':
      return test.tests.some((each) => holds(each, view, known));
    case 'not':
      return !holds(test.test, view, known);
    case 'compare':
      return compares(test.operator, view, known(test.field), test.values);
  }
}

function compares(operator: string, view: Fields, field: Field, values: readonly Value[]): boolean {
  const held = view[field.name] ?? null;
  const wanted = values.map((value) => typed(field, value));
  const [first = null] = wanted;
  switch (operator) {
    case '=':
    case 'in':
      return wanted.some((each) => equal(held, each));
    case '!=':
    case '<>':
      return !equal(held, first);
    case 'like':
      return typeof held === 'string' && typeof first === 'string' && like(first).test(held);
    default: {
      if (held === null || first === null) return false;
      const order = compared(comparable(field, held), first);
      return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0;
    }
  }
}

function typed(field: Field, value: Value): unknown {
  const wrong = () =>
    new SfError(
      400,
      'INVALID_FIELD',
      `value of filter criterion for field '${field.name}' must be of type ${field.type}`,
    );
  if (value === null) return null;
  const isTime = field.type === 'datetime' || field.type === 'date';
  if (typeof value === 'object') {
    if (!isTime) throw wrong();
    return field.type === 'date' ? value.at : Date.parse(value.at);
  }
  const isNumber = field.type === 'int' || field.type === 'double' || field.type === 'currency';
  const expected = isNumber ? 'number' : field.type === 'boolean' ? 'boolean' : 'string';
  if (isTime || typeof value !== expected) throw wrong();
  return value;
}

const comparable = (field: Field, value: unknown) =>
  field.type === 'datetime' ? Date.parse(String(value).replace('+0000', 'Z')) : value;

/** Texts are compared without regard to letter case, but not external ids here: they are case-sensitive in this org. */
function equal(held: unknown, wanted: unknown): boolean {
  if (typeof held === 'string' && typeof wanted === 'number') return Date.parse(held.replace('+0000', 'Z')) === wanted;
  return held === wanted;
}

function compared(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return a < b ? -1 : 1;
}

function like(pattern: string): RegExp {
  const parts = [...pattern].map((char) =>
    char === '%' ? '.*' : char === '_' ? '.' : char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  );
  return new RegExp(`^${parts.join('')}$`, 'isu');
}
