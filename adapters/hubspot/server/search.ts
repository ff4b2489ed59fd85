import type { Db, Stored } from './db.ts';
import { type Fields, isFields, listOf, Refused, textOf, textsOf } from './env.ts';
import { shown } from './store.ts';

const PAGE_MAX = 200;
const GROUPS_MAX = 6;
const RESULTS_MAX = 10_000;

type Test = (value: string | undefined, filter: Fields) => boolean;
const wanted = (filter: Fields) => String(filter['value'] ?? '');
const less = (a: string, b: string) =>
  Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? a < b : Number(a) < Number(b);
const OPERATORS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['EQ', (value, filter) => value?.toLowerCase() === wanted(filter).toLowerCase()],
  ['NEQ', (value, filter) => value?.toLowerCase() !== wanted(filter).toLowerCase()],
  ['LT', (value, filter) => value !== undefined && less(value, wanted(filter))],
  ['LTE', (value, filter) => value !== undefined && !less(wanted(filter), value)],
  ['GT', (value, filter) => value !== undefined && less(wanted(filter), value)],
  ['GTE', (value, filter) => value !== undefined && !less(value, wanted(filter))],
  [
    'BETWEEN',
    (value, filter) =>
      value !== undefined && !less(value, wanted(filter)) && !less(String(filter['highValue'] ?? ''), value),
  ],
  ['IN', (value, filter) => value !== undefined && textsOf(filter['values']).includes(value.toLowerCase())],
  ['NOT_IN', (value, filter) => value !== undefined && !textsOf(filter['values']).includes(value.toLowerCase())],
  ['HAS_PROPERTY', (value) => value !== undefined],
  ['NOT_HAS_PROPERTY', (value) => value === undefined],
  ['CONTAINS_TOKEN', (value, filter) => tokens(value).includes(wanted(filter).toLowerCase())],
  ['NOT_CONTAINS_TOKEN', (value, filter) => !tokens(value).includes(wanted(filter).toLowerCase())],
]);

/** Search over an index that lags behind the records. */
export function search(db: Db, object: string, body: Fields, lagMs: number): object {
  const limit = body['limit'] === undefined ? 10 : Number(body['limit']);
  if (!Number.isSafeInteger(limit) || limit < 0 || limit > PAGE_MAX)
    throw new Refused(400, 'VALIDATION_ERROR', `limit must not be more than ${PAGE_MAX}`);
  const groups = listOf(body['filterGroups']);
  if (groups.length > GROUPS_MAX) throw new Refused(400, 'VALIDATION_ERROR', `at most ${GROUPS_MAX} filterGroups`);
  const after = Number(body['after'] || '0');
  if (!Number.isSafeInteger(after) || after < 0 || after + limit > RESULTS_MAX)
    throw new Refused(400, 'VALIDATION_ERROR', `after and limit must stay below ${RESULTS_MAX}`);
  const tests = groups.map(groupOf);
  const query = textOf(body['query'])?.toLowerCase() ?? '';
  const index = db.indexed(object, new Date(db.now().getTime() - lagMs));
  const hits = index.filter(
    (each) =>
      (tests.length === 0 || tests.some((test) => test(each))) &&
      (query === '' || Object.values(each.properties).some((value) => value.toLowerCase().includes(query))),
  );
  const ordered = sorted(hits, listOf(body['sorts'])[0]);
  const page = ordered.slice(after, after + limit);
  const view = { properties: textsOf(body['properties']), withHistory: [], associations: [] };
  const next = after + limit < ordered.length ? { paging: { next: { after: String(after + limit), link: '' } } } : {};
  return { total: ordered.length, results: page.map((each) => shown(db, each, view)), ...next };
}

function groupOf(group: unknown): (stored: Stored) => boolean {
  const filters = listOf(isFields(group) ? group['filters'] : undefined).map((filter) => {
    const name = isFields(filter) ? textOf(filter['propertyName']) : undefined;
    const operator = isFields(filter) ? OPERATORS.get(String(filter['operator'])) : undefined;
    if (!isFields(filter) || name === undefined || operator === undefined)
      throw new Refused(400, 'VALIDATION_ERROR', 'A filter needs a propertyName and a known operator.');
    return (stored: Stored) => operator(valueIn(stored, name), filter);
  });
  return (stored) => filters.every((test) => test(stored));
}

function valueIn({ id, createdAt, updatedAt, properties }: Stored, name: string): string | undefined {
  const system: Readonly<Record<string, string>> = {
    hs_object_id: id,
    createdate: createdAt,
    hs_lastmodifieddate: updatedAt,
  };
  return system[name] ?? properties[name];
}

function sorted(hits: readonly Stored[], sort: unknown): Stored[] {
  const name = isFields(sort) ? textOf(sort['propertyName']) : textOf(sort)?.replace(/^-/, '');
  if (name === undefined) return [...hits];
  const isDescending = isFields(sort) ? sort['direction'] === 'DESCENDING' : textOf(sort)?.startsWith('-') === true;
  const order = hits.toSorted((a, b) => (less(valueIn(a, name) ?? '', valueIn(b, name) ?? '') ? -1 : 1));
  return isDescending ? order.toReversed() : order;
}

function tokens(value: string | undefined): string[] {
  return (value ?? '').toLowerCase().split(/[^\p{L}\p{N}]+/u);
}
