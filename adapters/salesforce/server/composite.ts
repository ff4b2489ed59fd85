/** Several requests in one: composite, composite/graph, composite/sobjects. */
import type { Db } from './db.ts';
import { type Fields, isFields, notFound, rolledBack, SfError } from './errors.ts';
import { type Answer, answered, type Resource, type Sub } from './resource.ts';
import type { Rows } from './rows.ts';
import { objectNamed } from './schema.ts';

const SUBREQUESTS_MAX = 25;
const NODES_MAX = 500;
const GRAPHS_MAX = 75;
const COLLECTION_MAX = 200;

/** Takes a transaction back without being an error of anybody's. */
class Undone extends Error {}

interface Part {
  readonly referenceId: string;
  readonly answer: Answer;
}

export interface Parts {
  readonly rows: Rows;
  readonly resource: Resource;
  readonly base: string;
}

export function makeComposite(db: Db, { rows, resource, base }: Parts) {
  /** Runs the requests in their order; with `whole`, a refusal takes all of them back. */
  function run(list: readonly unknown[], whole: boolean): { readonly parts: readonly Part[]; readonly ok: boolean } {
    const parts: Part[] = [];
    const results = new Map<string, unknown>();
    const work = () => {
      for (const each of list) {
        if (!isFields(each)) throw new SfError(400, 'JSON_PARSER_ERROR', 'A subrequest is not an object.');
        const referenceId = String(each['referenceId'] ?? '');
        if (!/^[A-Za-z0-9][A-Za-z0-9_]*$/.test(referenceId) || results.has(referenceId))
          throw new SfError(400, 'INVALID_REFERENCE_ID', 'A referenceId is missing, not valid or given twice.');
        const answer = answered(() => resource(subOf(each, base, results)));
        results.set(referenceId, answer.body);
        parts.push({ referenceId, answer });
        if (whole && answer.status >= 300) throw new Undone();
      }
    };
    try {
      if (whole) db.transaction(work);
      else work();
      return { parts, ok: true };
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
      const failed = parts.length - 1;
      const all = list.map((each, at): Part => {
        const part = parts[at];
        if (at === failed && part !== undefined) return part;
        const referenceId = isFields(each) ? String(each['referenceId'] ?? '') : '';
        return { referenceId, answer: { status: 400, body: [rolledBack()] } };
      });
      return { parts: all, ok: false };
    }
  }

  const shown = (parts: readonly Part[]) => ({
    compositeResponse: parts.map(({ referenceId, answer }) => ({
      body: answer.body ?? null,
      httpHeaders: answer.headers ?? {},
      httpStatusCode: answer.status,
      referenceId,
    })),
  });

  return {
    composite(body: unknown): Answer {
      const list = listOf(body, 'compositeRequest', SUBREQUESTS_MAX);
      return { status: 200, body: shown(run(list, isFields(body) && body['allOrNone'] === true).parts) };
    },

    graph(body: unknown): Answer {
      const graphs = listOf(body, 'graphs', GRAPHS_MAX);
      // Headers of a graph's parts are no longer documented; here they do nothing, as a client must expect.
      const nodes = graphs.map((each) => listOf(each, 'compositeRequest', NODES_MAX).map(headless));
      if (nodes.flat().length > NODES_MAX) throw new SfError(400, 'LIMIT_EXCEEDED', 'Too many nodes.');
      const answers = graphs.map((each, at) => {
        const { parts, ok } = run(nodes[at] ?? [], true);
        const graphId = isFields(each) ? String(each['graphId'] ?? '') : '';
        return { graphId, graphResponse: shown(parts), isSuccessful: ok };
      });
      return { status: 200, body: { graphs: answers } };
    },

    /** 200 whatever became of the records: each tells for itself. */
    collection(method: string, external: readonly [type: string, field: string] | undefined, body: unknown): Answer {
      const list = listOf(body, 'records', COLLECTION_MAX);
      const whole = isFields(body) && body['allOrNone'] === true;
      const each = (record: unknown): Fields => {
        const answer = answered(() => resource(collected(method, external, record)));
        if (answer.status >= 300)
          return { success: false, errors: Array.isArray(answer.body) ? answer.body : [rolledBack()] };
        const id = isFields(answer.body) ? answer.body['id'] : isFields(record) ? (record['id'] ?? record['Id']) : null;
        const created = isFields(answer.body) ? answer.body['created'] : undefined;
        return { id, success: true, errors: [], ...(created === undefined ? {} : { created }) };
      };
      return { status: 200, body: many(list, each, whole) };
    },

    remove(ids: readonly string[], whole: boolean): Answer {
      const each = (id: unknown): Fields => {
        const type = [...typesOf(String(id))][0];
        const answer = answered(() => {
          if (type === undefined) throw notFound();
          rows.remove(type, String(id));
          return { status: 204 };
        });
        return answer.status === 204 ? { id, success: true, errors: [] } : { id, success: false, errors: answer.body };
      };
      return { status: 200, body: many(ids, each, whole) };
    },

    retrieve(type: string, body: unknown): Answer {
      const found = objectNamed(type);
      const ids = listOf(body, 'ids', 2_000);
      const fields = listOf(body, 'fields', 800).map(String);
      if (found === undefined) throw notFound();
      const views = ids.map((id) => {
        const answer = answered(() => ({ status: 200, body: rows.view(found, rows.found(found, String(id)), fields) }));
        return answer.status === 200 ? answer.body : null;
      });
      return { status: 200, body: views };
    },
  };

  function many(list: readonly unknown[], each: (item: unknown) => Fields, whole: boolean): readonly Fields[] {
    let results: Fields[] = [];
    try {
      return db.transaction(() => {
        results = list.map(each);
        if (whole && results.some(({ success }) => success !== true)) throw new Undone();
        return results;
      });
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
      return results.map((result) =>
        result['success'] === true ? { id: result['id'], success: false, errors: [rolledBack()] } : result,
      );
    }
  }
}

function headless(part: unknown): unknown {
  if (!isFields(part)) return part;
  const { httpHeaders: _, ...rest } = part;
  return rest;
}

function* typesOf(id: string) {
  for (const name of [
    'Account',
    'Contact',
    'Contract',
    'Opportunity',
    'Quote',
    'QuoteLineItem',
    'Order',
    'OrderItem',
    'Case',
    'CaseComment',
    'Task',
  ]) {
    const type = objectNamed(name);
    if (type !== undefined && id.startsWith(type.prefix)) yield type;
  }
}

function collected(method: string, external: readonly [string, string] | undefined, record: unknown): Sub {
  if (!isFields(record)) throw new SfError(400, 'JSON_PARSER_ERROR', 'A record is not an object.');
  const { attributes, id, Id, ...body } = record;
  const type = external?.[0] ?? (isFields(attributes) ? String(attributes['type']) : '');
  const common = { query: new URLSearchParams(), headers: {}, stale: false };
  if (external !== undefined) {
    const { [external[1]]: value, ...others } = body;
    return { ...common, method, segments: ['sobjects', type, external[1], String(value ?? '')], body: others };
  }
  const segments = method === 'POST' ? ['sobjects', type] : ['sobjects', type, String(id ?? Id ?? '')];
  return { ...common, method, segments, body };
}

/** A subrequest, with `@{ref.field}` filled in from the answers before it. */
function subOf(each: Fields, base: string, results: ReadonlyMap<string, unknown>): Sub {
  const filled = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replaceAll(/@\{([A-Za-z0-9_]+)\.([A-Za-z0-9_.]+)\}/g, (_all, ref: string, path: string) => {
        const found = path
          .split('.')
          .reduce((at: unknown, name) => (isFields(at) ? at[name] : undefined), results.get(ref));
        if (found === undefined) throw new SfError(400, 'PROCESSING_HALTED', `Invalid reference specified: ${ref}`);
        return String(found);
      });
    if (Array.isArray(value)) return value.map(filled);
    return isFields(value)
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item)]))
      : value;
  };
  const url = new URL(String(filled(each['url'] ?? '')), 'http://parts.invalid');
  if (!url.pathname.startsWith(`${base}/`))
    throw new SfError(400, 'INVALID_URL', 'A subrequest’s url is not below the version.');
  const headers = isFields(each['httpHeaders']) ? each['httpHeaders'] : {};
  return {
    method: String(each['method'] ?? 'GET').toUpperCase(),
    segments: url.pathname
      .slice(base.length + 1)
      .split('/')
      .map(decodeURIComponent),
    query: url.searchParams,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: filled(each['body']),
    stale: false,
  };
}

function listOf(body: unknown, name: string, max: number): readonly unknown[] {
  const list = isFields(body) ? body[name] : undefined;
  if (!Array.isArray(list)) throw new SfError(400, 'JSON_PARSER_ERROR', `${name} is not a list.`);
  if (list.length > max) throw new SfError(400, 'LIMIT_EXCEEDED', `${name} holds more than ${max}.`);
  return list;
}
