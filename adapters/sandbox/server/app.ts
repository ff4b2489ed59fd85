import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type Applied, type Db, type Fields, type RecordType, type Stored, TYPES } from './db.ts';
import type { Env, Http } from './env.ts';
import { listEvents } from './events.ts';
import { type Faults, withFaults } from './faults.ts';
import { upToDate } from './terms.ts';
import { type FieldError, fieldErrors, recordErrors } from './validate.ts';

const PAGE_MAX = 100;
const BODY_BYTES_MAX = 65_536;
const NOTE_CHARS_MAX = 4_000;
/** What customers' requests make, and how it begins. */
const MADE: Readonly<Partial<Record<RecordType, { readonly prefix: string; readonly status: string }>>> = {
  tickets: { prefix: 'T', status: 'open' },
  orders: { prefix: 'O', status: 'pending' },
  quotes: { prefix: 'Q', status: 'open' },
  credits: { prefix: 'R', status: 'approved' },
};

export interface SandboxOptions {
  readonly db: Db;
  readonly token: string;
  /** Present only where tests may order faults and read the ledger. */
  readonly faults: Faults | undefined;
}

/** A small CRM as CRMs are: records with revisions, conditional writes, and writes that carry their sender's external id. */
export function makeSandboxApp({ db, token, faults }: SandboxOptions): Hono<Env> {
  const app = new Hono<Env>();
  const stale = new Map<string, Stored>();
  const current = (type: RecordType, id: string) => upToDate(db, type, id);

  app.use(async (c, next) => {
    c.header('x-request-id', randomUUID());
    await next();
  });
  if (faults !== undefined) app.use('/v1/*', withFaults(faults));
  app.use('/v1/*', async (c, next) =>
    c.req.header('authorization') === `Bearer ${token}`
      ? next()
      : fail(c, 401, 'unauthorised', 'The token is not valid.'),
  );
  app.use(bodyLimit({ maxSize: BODY_BYTES_MAX, onError: (c) => fail(c, 413, 'too_large', 'The body is too large.') }));

  app.get('/v1/changes/:external', (c) => {
    const applied = db.change(c.req.param('external'));
    return applied === undefined
      ? fail(c, 404, 'not_found', 'No such change.')
      : c.json({ change: changeView(applied) });
  });

  app.get('/v1/events', listEvents(db));

  app.get('/v1/:type', (c) => {
    const type = typeOf(c);
    if (type === undefined) return fail(c, 404, 'not_found', 'No such type.');
    const limit = Number(c.req.query('limit') ?? PAGE_MAX);
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX)
      return fail(c, 400, 'invalid', 'The query is not usable.', [{ path: 'limit', message: `is 1 to ${PAGE_MAX}` }]);
    // One more than asked for tells whether there is a next page.
    const found = db.list(type, c.req.query('after') ?? '', c.req.query('account') ?? '', limit + 1);
    const records = found.slice(0, limit);
    return c.json({ records: records.map(view), next: found.length > limit ? (records.at(-1)?.id ?? null) : null });
  });

  app.get('/v1/:type/:id', (c) => {
    const type = typeOf(c);
    const id = c.req.param('id');
    const stored = type === undefined ? undefined : current(type, id);
    if (type === undefined || stored === undefined) return fail(c, 404, 'not_found', 'No such record.');
    const shown = c.get('stale') === true ? (stale.get(`${type}/${id}`) ?? stored) : stored;
    c.header('etag', `"${shown.revision}"`);
    return c.json({ record: view(shown) });
  });

  app.get('/v1/:type/:id/revisions', (c) => {
    const type = typeOf(c);
    const revisions = type === undefined ? [] : db.revisions(type, c.req.param('id'));
    return revisions.length === 0
      ? fail(c, 404, 'not_found', 'No such record.')
      : c.json({ revisions: revisions.map(view) });
  });

  app.patch('/v1/:type/:id', async (c) => {
    const type = typeOf(c);
    const id = c.req.param('id');
    if (type === undefined || db.get(type, id) === undefined) return fail(c, 404, 'not_found', 'No such record.');
    const write = await readWrite(c, type);
    if (write instanceof Response) return write;
    // From here on nothing is awaited: what is compared is what is replaced.
    const earlier = db.change(write.external);
    if (earlier !== undefined) return replay(c, write, earlier, type, id);
    const held = current(type, id);
    if (held === undefined) return fail(c, 404, 'not_found', 'No such record.');
    const expected = c.req.header('if-match');
    if (expected === undefined) return fail(c, 428, 'precondition_required', 'If-Match is required.');
    if (expected !== `"${held.revision}"`) return fail(c, 412, 'stale', 'The record has changed.');
    const next = { ...held.data, ...write.body };
    const errors = recordErrors(type, next);
    if (errors.length > 0) return fail(c, 400, 'invalid', 'The record would not be consistent.', errors);
    const stored = db.apply(type, id, held.revision + 1, next, write.external, write.text);
    stale.set(`${type}/${id}`, held);
    return written(c, stored, 200);
  });

  app.post('/v1/:type', async (c) => {
    const type = typeOf(c);
    const made = type === undefined ? undefined : MADE[type];
    if (type === undefined || made === undefined) return fail(c, 404, 'not_found', 'Nothing can be made here.');
    const write = await readWrite(c, type);
    if (write instanceof Response) return write;
    const earlier = db.change(write.external);
    if (earlier !== undefined) return replay(c, write, earlier, type, earlier.id);
    const id = `${made.prefix}-${1001 + db.count(type)}`;
    return written(c, db.apply(type, id, 1, { status: made.status, ...write.body }, write.external, write.text), 201);
  });

  function written(c: Http, stored: Stored, status: 200 | 201): Response {
    c.header('etag', `"${stored.revision}"`);
    return c.json({ record: view(stored), replayed: false }, status);
  }

  /** The same external id again gives the first result; for another change it is somebody's mistake. */
  function replay(c: Http, write: Write, earlier: Applied, type: RecordType, id: string): Response {
    const first = db.revision(type, id, earlier.revision);
    if (first === undefined || earlier.body !== write.text || earlier.type !== type || earlier.id !== id)
      return fail(c, 409, 'external_id_reused', 'This External-Id was used for another change.');
    c.header('etag', `"${first.revision}"`);
    return c.json({ record: view(first), replayed: true });
  }

  if (faults !== undefined) {
    app.post('/faults', async (c) =>
      faults.add(await c.req.json().catch(() => undefined))
        ? c.json({ ok: true })
        : fail(c, 400, 'invalid', 'No such fault.'),
    );
    app.post('/faults/clear', (c) => {
      faults.clear();
      return c.json({ ok: true });
    });
    app.get('/ledger', (c) => c.json({ changes: db.changes(Number(c.req.query('skip') ?? 0)).map(changeView) }));
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
  // A note is kept with the change, for people; it is no field of the record.
  const { note = '', ...rest } = body as Fields;
  if (typeof note !== 'string' || note.length > NOTE_CHARS_MAX || !note.isWellFormed())
    return fail(c, 400, 'invalid', 'The note is not usable.');
  const fields = fieldErrors(type, rest);
  if (fields.length > 0) return fail(c, 400, 'invalid', 'Some fields cannot be written.', fields);
  const text = JSON.stringify(body);
  const applied = c.get('partial') === true ? Object.fromEntries(Object.entries(rest).slice(0, 1)) : rest;
  return { external, body: applied, text };
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
  c: Context,
  status: 400 | 401 | 404 | 409 | 412 | 413 | 428 | 500,
  code: string,
  message: string,
  fields?: readonly FieldError[],
): Response {
  return c.json({ error: { code, message, ...(fields === undefined ? {} : { fields }) } }, status);
}
