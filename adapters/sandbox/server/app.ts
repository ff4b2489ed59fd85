import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { type Applied, type Db, type Fields, type RecordType, type Stored, TYPES } from './db.ts';
import type { makeFaults } from './faults.ts';
import { fieldErrors } from './validate.ts';

type Env = { Bindings: HttpBindings; Variables: { stale: boolean } };
type Http = Context<Env>;

export interface SandboxOptions {
  readonly db: Db;
  readonly token: string;
  /** Present only where tests may order faults and read the ledger. */
  readonly faults: ReturnType<typeof makeFaults> | undefined;
}

/** A small CRM as CRMs are: records with revisions, conditional writes, and writes that carry their sender's external id. */
export function makeSandboxApp({ db, token, faults }: SandboxOptions): Hono<Env> {
  const app = new Hono<Env>();
  const stale = new Map<string, Stored>();

  app.use('/v1/*', async (c, next): Promise<Response | undefined> => {
    const fault = faults?.take(c.req.method === 'GET' ? 'read' : 'write');
    const offered = c.req.header('authorization');
    if (offered !== `Bearer ${token}` || fault?.kind === '401')
      return fail(c, 401, 'unauthorised', 'The token is not valid.');
    switch (fault?.kind) {
      case 'refuse':
        c.env.outgoing.destroy();
        return c.body(null);
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        break;
      case '429':
        c.header('retry-after', '1');
        return fail(c, 429, 'rate_limited', 'Too many requests.');
      case '500-before':
        return fail(c, 500, 'internal', 'Something failed.');
      case 'hang':
        return new Promise<Response>(() => undefined);
      case 'stale-read':
        c.set('stale', true);
        break;
      default:
        break;
    }
    await next();
    switch (fault?.kind) {
      case '500-after':
        c.res = fail(c, 500, 'internal', 'Something failed.');
        break;
      case 'reset-after':
        c.env.outgoing.destroy();
        break;
      case 'hang-after':
        await new Promise(() => undefined);
        break;
      case 'bad-schema':
        c.res = c.html('<h1>Down for maintenance</h1>');
        break;
      default:
        break;
    }
    return undefined;
  });

  app.get('/v1/changes/:external', (c) => {
    const applied = db.change(c.req.param('external'));
    return applied === undefined
      ? fail(c, 404, 'not_found', 'No such change.')
      : c.json({ change: changeView(applied) });
  });

  app.get('/v1/:type', (c) => {
    const type = typeOf(c);
    if (type === undefined) return fail(c, 404, 'not_found', 'No such type.');
    const records = db.list(type, c.req.query('after') ?? '', c.req.query('account') ?? '', 100);
    return c.json({ records: records.map(view), next: records.length === 100 ? (records.at(-1)?.id ?? null) : null });
  });

  app.get('/v1/:type/:id', (c) => {
    const type = typeOf(c);
    const id = c.req.param('id');
    const stored = type === undefined ? undefined : db.get(type, id);
    if (type === undefined || stored === undefined) return fail(c, 404, 'not_found', 'No such record.');
    const shown = c.get('stale') === true ? (stale.get(`${type}/${id}`) ?? stored) : stored;
    c.header('etag', `"${shown.revision}"`);
    return c.json({ record: view(shown) });
  });

  app.get('/v1/:type/:id/revisions', (c) => {
    const type = typeOf(c);
    return type === undefined
      ? fail(c, 404, 'not_found', 'No such type.')
      : c.json({ revisions: db.revisions(type, c.req.param('id')).map(view) });
  });

  app.patch('/v1/:type/:id', async (c) => {
    const type = typeOf(c);
    const id = c.req.param('id');
    const current = type === undefined ? undefined : db.get(type, id);
    if (type === undefined || current === undefined) return fail(c, 404, 'not_found', 'No such record.');
    const write = await readWrite(c, type);
    if (write instanceof Response) return write;
    const replayed = replay(c, write, type);
    if (replayed !== undefined) return replayed;
    const expected = c.req.header('if-match');
    if (expected === undefined) return fail(c, 428, 'precondition_required', 'If-Match is required.');
    if (expected !== `"${current.revision}"`) return fail(c, 412, 'stale', 'The record has changed.');
    stale.set(`${type}/${id}`, current);
    return c.json({
      record: view(
        db.apply(type, id, current.revision + 1, { ...current.data, ...write.body }, write.external, write.text),
      ),
      replayed: false,
    });
  });

  app.post('/v1/tickets', async (c) => {
    const write = await readWrite(c, 'tickets');
    if (write instanceof Response) return write;
    const replayed = replay(c, write, 'tickets');
    if (replayed !== undefined) return replayed;
    const id = `T-${1001 + db.count('tickets')}`;
    return c.json(
      {
        record: view(db.apply('tickets', id, 1, { status: 'open', ...write.body }, write.external, write.text)),
        replayed: false,
      },
      201,
    );
  });

  /** The same external id again gives the first result; with another body it is somebody's mistake. */
  function replay(c: Http, write: Write, type: RecordType): Response | undefined {
    const applied = db.change(write.external);
    if (applied === undefined) return undefined;
    if (applied.body !== write.text || applied.type !== type)
      return fail(c, 409, 'external_id_reused', 'This External-Id was used for another change.');
    const record = db.get(type, applied.id);
    return record === undefined
      ? fail(c, 404, 'not_found', 'No such record.')
      : c.json({ record: { ...view(record), revision: applied.revision }, replayed: true });
  }

  if (faults !== undefined) {
    app.post('/faults', async (c) =>
      faults.add(await c.req.json()) ? c.json({ ok: true }) : fail(c, 400, 'invalid', 'No such fault.'),
    );
    app.get('/ledger', (c) => c.json({ changes: db.changes().map(changeView) }));
  }
  app.notFound((c) => fail(c, 404, 'not_found', 'No such resource.'));
  app.onError((_error, c) => fail(c, 500, 'internal', 'Something failed.'));
  return app;
}

interface Write {
  readonly external: string;
  readonly body: Fields;
  readonly text: string;
}

async function readWrite(c: Http, type: RecordType): Promise<Write | Response> {
  const external = c.req.header('external-id');
  if (external === undefined || !/^[A-Za-z0-9:_-]{8,128}$/.test(external))
    return fail(c, 400, 'invalid', 'External-Id is required: 8 to 128 characters.');
  const body: unknown = await c.req.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return fail(c, 400, 'invalid', 'The body must be a JSON object.');
  const fields = fieldErrors(type, body as Fields);
  if (fields.length > 0) return fail(c, 400, 'invalid', 'Some fields cannot be written.', fields);
  return { external, body: body as Fields, text: JSON.stringify(body) };
}

function typeOf(c: Http): RecordType | undefined {
  return TYPES.find((each) => each === c.req.param('type'));
}

function view({ id, revision, updatedAt, data }: Stored) {
  return { ...data, id, revision, updated_at: updatedAt };
}

function changeView({ external_id, type, id, revision }: Applied) {
  return { external_id, type, id, revision };
}

function fail(
  c: Http,
  status: 400 | 401 | 404 | 409 | 412 | 428 | 429 | 500,
  code: string,
  message: string,
  fields?: readonly object[],
): Response {
  return c.json({ error: { code, message, ...(fields === undefined ? {} : { fields }) } }, status);
}
