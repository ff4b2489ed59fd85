import { type Context, Hono } from 'hono';
import { makeComposite } from './composite.ts';
import type { Db } from './db.ts';
import type { Env, Http } from './env.ts';
import { isFields, notFound, SfError } from './errors.ts';
import { type Faults, withFaults } from './faults.ts';
import { type Credentials, grant } from './oauth.ts';
import { makeQuery } from './query.ts';
import { type Answer, answered, makeResource, type Resource } from './resource.ts';
import { makeRows } from './rows.ts';
import { objectNamed } from './schema.ts';

const VERSIONS = '/services/data';
const BASE = `${VERSIONS}/v68.0`;
const BODY_CHARS_MAX = 4_194_304;

export interface SalesforceOptions {
  readonly db: Db;
  readonly credentials: Credentials;
  /** Present only where tests may order faults and read the ledger. */
  readonly faults: Faults | undefined;
  readonly batch: number;
  readonly callsMax: number;
  readonly now: () => Date;
}

/** The part of Salesforce's REST API an integration meets: sign-in, records, queries and composites. */
export function makeSalesforceApp({ db, credentials, faults, batch, callsMax, now }: SalesforceOptions): Hono<Env> {
  const app = new Hono<Env>();
  const rows = makeRows(db, BASE);
  const plain = makeResource(rows, BASE);
  let refusal: SfError | undefined;
  let calls = 0;
  /** Any record of a write may be the one that an ordered fault refuses. */
  const resource: Resource = (sub) => {
    const ordered = sub.method === 'GET' ? undefined : refusal;
    if (ordered === undefined) return plain(sub);
    refusal = undefined;
    throw ordered;
  };
  const query = makeQuery(rows, BASE, batch);
  const composite = makeComposite(db, { rows, resource, base: BASE });

  if (faults !== undefined) app.use('/services/*', withFaults(faults));
  app.get(VERSIONS, (c) => c.json([{ label: 'Winter', url: BASE, version: '68.0' }]));
  app.post('/services/oauth2/token', async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const { status, body } = grant(db, credentials, originOf(c), form, Math.floor(now().getTime() / 1_000));
    return c.json(body, status);
  });
  app.use(`${BASE}/*`, async (c, next) => {
    calls += 1;
    c.header('sforce-limit-info', `api-usage=${calls}/${callsMax}`);
    const token = /^(?:Bearer|OAuth) (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined || !db.hasSession(token))
      return told(c, new SfError(401, 'INVALID_SESSION_ID', 'Session expired or invalid'));
    if (calls > callsMax) return told(c, new SfError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'));
    return next();
  });
  app.get(`${BASE}/limits`, (c) => c.json({ DailyApiRequests: { Max: callsMax, Remaining: callsMax - calls } }));
  app.all(`${BASE}/*`, async (c) => {
    const body = c.req.method === 'GET' ? undefined : await bodyOf(c);
    // From here on nothing is awaited: what is compared is what is replaced.
    refusal = c.get('refusal');
    const answer = answered(() => dispatch(c, body));
    refusal = undefined;
    for (const [name, value] of Object.entries(answer.headers ?? {})) c.header(name, value);
    return send(c, answer);
  });

  function dispatch(c: Http, body: unknown): Answer {
    if (body === TOO_LARGE) throw new SfError(413, 'REQUEST_TOO_LARGE', 'The request is too large.');
    if (body === UNREADABLE) throw new SfError(400, 'JSON_PARSER_ERROR', 'The request body is not JSON.');
    const url = new URL(c.req.url);
    const segments = url.pathname
      .slice(BASE.length + 1)
      .split('/')
      .map(decoded);
    const [root, second, third, fourth] = segments;
    if (root === 'query' && c.req.method === 'GET') {
      const asked = Number(/batchSize=(\d+)/.exec(c.req.header('sforce-query-options') ?? '')?.[1] ?? batch);
      return second === undefined ? query.run(url.searchParams.get('q') ?? '', asked) : query.more(second, asked);
    }
    if (root === 'composite') return compose(c.req.method, [second, third, fourth], url.searchParams, body);
    const headers = Object.fromEntries(c.req.raw.headers);
    return resource({
      method: c.req.method,
      segments,
      query: url.searchParams,
      headers,
      body,
      stale: c.get('stale') === true,
    });
  }

  function compose(
    method: string,
    [what, type, external]: readonly (string | undefined)[],
    search: URLSearchParams,
    body: unknown,
  ): Answer {
    if (what === undefined && method === 'POST') return composite.composite(body);
    if (what === 'graph' && method === 'POST') return composite.graph(body);
    if (what !== 'sobjects') throw notFound();
    if (method === 'DELETE')
      return composite.remove((search.get('ids') ?? '').split(','), search.get('allOrNone') === 'true');
    if (type === undefined) return composite.collection(method, undefined, body);
    if (external !== undefined) return composite.collection(method, [type, external], body);
    return composite.retrieve(type, body);
  }

  if (faults !== undefined) addControls(app, db, faults, rows);
  app.notFound((c) => told(c, notFound()));
  app.onError((_error, c) => told(c, new SfError(500, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred.')));
  return app;
}

/** What only tests use, beside the API. */
function addControls(app: Hono<Env>, db: Db, faults: Faults, rows: ReturnType<typeof makeRows>): void {
  app.post('/faults', async (c) =>
    faults.add(await c.req.json().catch(() => undefined)) ? c.json({ ok: true }) : c.json({ ok: false }, 400),
  );
  app.post('/faults/clear', (c) => {
    faults.clear();
    return c.json({ ok: true });
  });
  app.post('/sessions/expire', (c) => {
    db.expireSessions();
    return c.json({ ok: true });
  });
  app.get('/ledger', (c) => c.json({ changes: db.changes() }));
  app.on(['GET', 'PATCH'], '/records/:type/:id', async (c) => {
    const body: unknown = c.req.method === 'PATCH' ? await c.req.json() : undefined;
    return send(
      c,
      answered(() => {
        const type = objectNamed(c.req.param('type'));
        if (type === undefined) throw notFound();
        const { id } = rows.found(type, c.req.param('id'));
        if (isFields(body)) rows.update(type, id, body);
        return { status: 200, body: { record: rows.view(type, rows.found(type, id)) } };
      }),
    );
  });
}

const UNREADABLE = Symbol('unreadable');
const TOO_LARGE = Symbol('too large');

async function bodyOf(c: Http): Promise<unknown> {
  const text = await c.req.text();
  if (text.length > BODY_CHARS_MAX) return TOO_LARGE;
  if (text === '') return undefined;
  try {
    const body: unknown = JSON.parse(text);
    return c.get('partial') === true ? part(body) : body;
  } catch {
    return UNREADABLE;
  }
}

/** The first field only: of a record, or of each record that a composite updates. */
function part(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(part);
  if (!isFields(body)) return body;
  if (body['graphs'] !== undefined) return { graphs: part(body['graphs']) };
  if (Array.isArray(body['compositeRequest'])) {
    const isUpdate = body['compositeRequest'].some((each) => isFields(each) && each['method'] === 'PATCH');
    const nodes = body['compositeRequest'].map((each: unknown) =>
      isFields(each) && (!isUpdate || each['method'] === 'PATCH') ? { ...each, body: part(each['body']) } : each,
    );
    return { ...body, compositeRequest: nodes };
  }
  return Object.fromEntries(Object.entries(body).slice(0, 1));
}

function send(c: Context, { status, body }: Answer): Response {
  const headers = new Headers(c.res.headers);
  if (status === 204) return new Response(null, { status, headers });
  headers.set('content-type', 'application/json;charset=UTF-8');
  return new Response(JSON.stringify(body ?? null), { status, headers });
}

const told = (c: Context, { status, errors }: SfError): Response => send(c, { status, body: errors });

/** Where the caller reached us: what a login server names as the instance. */
function originOf(c: Http): string {
  return new URL(c.req.url).origin;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw notFound();
  }
}
