/** `/sobjects/...`: one request on one record, alone or as a part of a composite. */
import { createHash } from 'node:crypto';
import type { Stored } from './db.ts';
import { describe, describeGlobal } from './describe.ts';
import { type Fields, isFields, notFound, SfError } from './errors.ts';
import type { Rows } from './rows.ts';
import { type ObjectType, objectNamed } from './schema.ts';

export interface Sub {
  readonly method: string;
  /** Below the version, each segment decoded: `['sobjects', 'Contact', '003…']`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly stale: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Resource = (sub: Sub) => Answer;

/** Objects whose rows have entity tags; all others know only modification times. */
const TAGGED = new Set(['Account']);

export function makeResource(rows: Rows, base: string): Resource {
  return (given) => {
    // The real service takes the method from the query: an unencoded id that brings its own query is dangerous.
    const override = given.query.get('_HttpMethod');
    const sub = override !== null && given.method !== 'GET' ? { ...given, method: override } : given;
    const [root, name, third, fourth, ...rest] = sub.segments;
    if (root !== 'sobjects' || rest.length > 0) throw notFound();
    if (name === undefined) return { status: 200, body: describeGlobal(base) };
    const type = objectNamed(name);
    if (type === undefined) throw notFound();
    if (third === undefined) return collection(sub, type);
    if (third === 'describe' && fourth === undefined) return { status: 200, body: describe(type, base) };
    return fourth === undefined ? row(sub, type, third) : external(sub, type, third, fourth);
  };

  function collection(sub: Sub, type: ObjectType): Answer {
    if (sub.method === 'GET') {
      const described = describeGlobal(base).sobjects.find((each) => each.name === type.name);
      return { status: 200, body: { objectDescribe: described, recentItems: [] } };
    }
    if (sub.method !== 'POST') throw notAllowed(sub.method);
    return created(type, rows.create(type, bodyOf(sub)), {});
  }

  function created(type: ObjectType, { id }: Stored, more: Fields): Answer {
    const headers = { location: `${base}/sobjects/${type.name}/${id}` };
    return { status: 201, headers, body: { id, success: true, errors: [], ...more } };
  }

  function row(sub: Sub, type: ObjectType, id: string): Answer {
    const current = rows.found(type, id);
    if (sub.method === 'GET') return shown(sub, type, current);
    if (sub.method === 'DELETE') {
      rows.remove(type, id);
      return { status: 204 };
    }
    if (sub.method !== 'PATCH') throw notAllowed(sub.method);
    unmodified(sub, type, current);
    rows.update(type, id, bodyOf(sub));
    return { status: 204 };
  }

  function external(sub: Sub, type: ObjectType, name: string, value: string): Answer {
    const matches = rows.byExternal(type, name, value);
    const [first, ...others] = matches;
    if (others.length > 0) return { status: 300, body: matches.map(({ id }) => `${base}/sobjects/${type.name}/${id}`) };
    if (sub.method === 'PATCH') return upsert(sub, type, name, value, first);
    if (first === undefined) throw notFound();
    if (sub.method === 'GET') return shown(sub, type, first);
    if (sub.method !== 'DELETE') throw notAllowed(sub.method);
    rows.remove(type, first.id);
    return { status: 204 };
  }

  function upsert(sub: Sub, type: ObjectType, name: string, value: string, found: Stored | undefined): Answer {
    const body = bodyOf(sub);
    if (Object.keys(body).some((each) => each.toLowerCase() === name.toLowerCase()))
      throw new SfError(400, 'INVALID_FIELD', `The ${name} field should not be specified in the sobject data.`, [name]);
    if (found === undefined) {
      if (sub.query.get('updateOnly') === 'true') throw notFound();
      return created(type, rows.create(type, name === 'Id' ? body : { ...body, [name]: value }), { created: true });
    }
    unmodified(sub, type, found);
    rows.update(type, found.id, body);
    return { status: 200, body: { id: found.id, success: true, errors: [], created: false } };
  }

  function shown(sub: Sub, type: ObjectType, current: Stored): Answer {
    const stored = sub.stale ? rows.stale(type, current) : current;
    const fields = sub.query.get('fields')?.split(',');
    const body = rows.view(type, stored, fields);
    const headers: Record<string, string> = { 'last-modified': new Date(stored.modifiedAt).toUTCString() };
    if (TAGGED.has(type.name)) headers['etag'] = tag(stored);
    return { status: 200, headers, body };
  }
}

/** HTTP dates name whole seconds: a change in the very second of the date slips through, as it does at the real service. */
function unmodified(sub: Sub, type: ObjectType, current: Stored): void {
  const since = sub.headers['if-unmodified-since'];
  if (since !== undefined) {
    const at = Date.parse(since);
    if (Number.isNaN(at)) throw new SfError(400, 'INVALID_HEADER', 'The If-Unmodified-Since header is not a date.');
    if (current.modifiedAt > at) throw stale();
  }
  const tags = sub.headers['if-match'];
  if (tags === undefined || !TAGGED.has(type.name)) return;
  const plain = tags.split(',').map((each) => each.trim().replace(/-gzip"$/, '"'));
  if (!plain.includes(tag(current)) && !plain.includes('*')) throw stale();
}

const stale = () =>
  new SfError(412, 'ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK', 'The entity was modified since the given time.');

function tag(stored: Stored): string {
  const text = `${stored.id} ${stored.modifiedAt} ${JSON.stringify(stored.data)}`;
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

function bodyOf({ body }: Sub): Fields {
  if (!isFields(body)) throw new SfError(400, 'JSON_PARSER_ERROR', 'The request body is not a JSON object.');
  return body;
}

const notAllowed = (method: string) =>
  new SfError(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method.slice(0, 16)}' not allowed.`);

/** A refusal thrown anywhere below becomes an answer. */
export function answered(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    if (error instanceof SfError) return { status: error.status, body: error.errors };
    throw error;
  }
}
