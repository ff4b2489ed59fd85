import { Hono } from 'hono';
import { linkAll } from './associations.ts';
import type { Db, Properties, Stored } from './db.ts';
import { bodyOf, type Env, type Fields, type Http, isFields, listOf, Refused, textOf, textsOf } from './env.ts';
import { checked, objectOf } from './schema.ts';
import { search } from './search.ts';
import { archive, create, find, shown, update, type View } from './store.ts';

const PAGE_MAX = 100;
const BATCH_MAX = 100;
const NO_VIEW: View = { properties: [], withHistory: [], associations: [] };

/** The object API; the same routes serve the dated paths and the older aliases. */
export function objectRoutes(db: Db, indexLagMs: number): Hono<Env> {
  const app = new Hono<Env>();
  const typeOf = (c: Http) => objectOf(c.req.param('type') ?? '');

  app.get('/:type', (c) => {
    const limit = Number(c.req.query('limit') ?? '10');
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > PAGE_MAX)
      throw new Refused(400, 'VALIDATION_ERROR', `limit must be between 1 and ${PAGE_MAX}`);
    const found = db.list(typeOf(c), c.req.query('archived') === 'true', c.req.query('after') ?? '', limit + 1);
    const page = found.slice(0, limit);
    const after = page.at(-1)?.id;
    const more = found.length > limit && after !== undefined ? { paging: { next: { after, link: '' } } } : {};
    return c.json({ results: page.map((each) => shown(db, each, viewOf(c))), ...more });
  });

  app.post('/:type', async (c) => {
    const object = typeOf(c);
    const body = await bodyOf(c);
    const values = checked(db, object, body['properties'], true);
    const stored = db.transaction(() => {
      const made = create(db, object, partially(c, values), 'INTEGRATION');
      linkAll(db, made, listOf(body['associations']));
      return made;
    });
    return c.json(answered(db, stored, values, traceOf(body)), 201);
  });

  app.get('/:type/:id', (c) => {
    const stored = find(db, typeOf(c), c.req.param('id'), c.req.query('idProperty'));
    if (stored === undefined || stored.archived !== (c.req.query('archived') === 'true')) throw absent(c);
    const earlier = c.get('stale') === true ? db.versions(stored.type, stored.id).at(-2) : undefined;
    return c.json(shown(db, earlier ?? stored, viewOf(c)));
  });

  app.patch('/:type/:id', async (c) => {
    const object = typeOf(c);
    const body = await bodyOf(c);
    const values = checked(db, object, body['properties'], false);
    const stored = db.transaction(() => {
      const current = found(c, find(db, object, c.req.param('id'), c.req.query('idProperty')));
      return update(db, interfered(c, db, current), partially(c, values), 'INTEGRATION');
    });
    return c.json(answered(db, stored, values, traceOf(body)));
  });

  app.delete('/:type/:id', (c) => {
    const stored = db.get(typeOf(c), c.req.param('id'));
    if (stored !== undefined) db.transaction(() => archive(db, stored));
    return c.body(null, 204);
  });

  app.post('/:type/search', async (c) => c.json(search(db, typeOf(c), await bodyOf(c), indexLagMs)));
  batchRoutes(app, db);
  return app;
}

function batchRoutes(app: Hono<Env>, db: Db): void {
  app.post('/:type/batch/:verb', async (c) => {
    const object = objectOf(c.req.param('type'));
    const body = await bodyOf(c);
    const inputs = listOf(body['inputs']);
    if (inputs.length === 0 || inputs.length > BATCH_MAX)
      throw new Refused(400, 'VALIDATION_ERROR', `inputs must have 1 to ${BATCH_MAX} elements`);
    const startedAt = db.now().toISOString();
    const verb = VERBS.get(c.req.param('verb'));
    if (verb === undefined) throw new Refused(404, 'OBJECT_NOT_FOUND', 'No such resource.');
    const { results, errors } = db.transaction(() => verb({ c, db, object, body, inputs: inputs.map(fieldsOf) }));
    if (c.req.param('verb') === 'archive') return c.body(null, 204);
    const times = { startedAt, requestedAt: startedAt, completedAt: db.now().toISOString() };
    const answer = { status: 'COMPLETE', results, ...times };
    if (errors.length > 0) return c.json({ ...answer, numErrors: errors.length, errors }, 207);
    return c.json(answer, c.req.param('verb') === 'create' ? 201 : 200);
  });
}

interface Batch {
  readonly c: Http;
  readonly db: Db;
  readonly object: string;
  readonly body: Fields;
  readonly inputs: readonly Fields[];
}
interface Done {
  readonly results: readonly object[];
  readonly errors: readonly object[];
}

const VERBS: ReadonlyMap<string, (batch: Batch) => Done> = new Map([
  ['read', batchRead],
  ['create', batchCreate],
  ['update', batchUpdate],
  ['upsert', batchUpsert],
  ['archive', batchArchive],
]);

function batchRead({ c, db, object, body, inputs }: Batch): Done {
  const view = {
    properties: textsOf(body['properties']),
    withHistory: textsOf(body['propertiesWithHistory']),
    associations: [],
  };
  const each = inputs.map((input) => {
    const id = idOf(input);
    const stored = find(db, object, id, textOf(body['idProperty']));
    return stored === undefined || stored.archived ? { missing: id } : { result: shown(db, stored, view) };
  });
  return {
    results: each.flatMap(({ result }) => result ?? []),
    errors: each.flatMap(({ missing }) => (missing === undefined ? [] : notFound(c, [missing]))),
  };
}

function batchCreate({ c, db, object, inputs }: Batch): Done {
  const results = inputs.map((input) => {
    const values = checked(db, object, input['properties'], true);
    const made = create(db, object, partially(c, values), 'INTEGRATION');
    linkAll(db, made, listOf(input['associations']));
    return answered(db, made, values, traceOf(input));
  });
  return { results, errors: [] };
}

function batchUpdate({ c, db, object, inputs }: Batch): Done {
  const each = inputs.map((input) => {
    const id = idOf(input);
    const values = checked(db, object, input['properties'], false);
    const stored = find(db, object, id, textOf(input['idProperty']));
    if (stored === undefined || stored.archived) return { missing: id };
    const next = update(db, interfered(c, db, stored), partially(c, values), 'INTEGRATION');
    return { result: answered(db, next, values, traceOf(input)) };
  });
  return {
    results: each.flatMap(({ result }) => result ?? []),
    errors: each.flatMap(({ missing }) => (missing === undefined ? [] : notFound(c, [missing]))),
  };
}

function batchUpsert({ c, db, object, inputs }: Batch): Done {
  const results = inputs.map((input) => {
    const id = idOf(input);
    const idProperty = textOf(input['idProperty']);
    const stored = find(db, object, id, idProperty);
    const named = idProperty === undefined ? {} : { [idProperty]: id };
    const properties = { ...(isFields(input['properties']) ? input['properties'] : {}), ...named };
    const values = checked(db, object, properties, stored === undefined);
    const next =
      stored === undefined
        ? create(db, object, partially(c, values), 'INTEGRATION')
        : update(db, interfered(c, db, stored), partially(c, values), 'INTEGRATION');
    return { ...answered(db, next, values, traceOf(input)), new: stored === undefined };
  });
  return { results, errors: [] };
}

function batchArchive({ db, object, inputs }: Batch): Done {
  for (const input of inputs) {
    const stored = db.get(object, idOf(input));
    if (stored !== undefined) archive(db, stored);
  }
  return { results: [], errors: [] };
}

/** What a write answers: the values it was given, whatever a partial write made of them. */
function answered(db: Db, stored: Stored, values: Properties, trace: object): object {
  const properties = { ...stored.properties, ...values };
  return { ...shown(db, { ...stored, properties }, { ...NO_VIEW, properties: Object.keys(properties) }), ...trace };
}

/** On order, a write drops its last value, and says nothing of it. */
function partially(c: Http, values: Properties): Properties {
  if (c.get('partial') !== true) return values;
  const last = Object.keys(values).findLast((name) => name !== 'gw_action_id');
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== last));
}

/** On order, a person changes the record just before the write: no reader can have seen it. */
function interfered(c: Http, db: Db, stored: Stored): Stored {
  if (c.get('foreign') !== true) return stored;
  return update(db, stored, FOREIGN[stored.type] ?? {}, 'CRM_UI');
}

const FOREIGN: Readonly<Record<string, Properties>> = {
  deals: { seats: '9', payment_terms_days: '9' },
  contacts: { phone: '+1 999', firstname: 'Foreign' },
  companies: { city: 'Foreign', vat_id: 'XX999' },
};

function viewOf(c: Http): View {
  const list = (name: string) =>
    (c.req.queries(name) ?? []).flatMap((each) => each.split(',')).filter((each) => each !== '');
  const associations = list('associations').map(objectOf);
  return { properties: list('properties'), withHistory: list('propertiesWithHistory'), associations };
}

function found(c: Http, stored: Stored | undefined): Stored {
  if (stored === undefined || stored.archived) throw absent(c);
  return stored;
}

function absent(c: Http): Refused {
  return new Refused(
    404,
    'OBJECT_NOT_FOUND',
    `Object not found. objectId are usually numeric. ${(c.req.param('id') ?? '').slice(0, 64)}`,
  );
}

function notFound(c: Http, ids: readonly string[]): object {
  const id = c.get('correlation');
  return {
    status: 'error',
    id,
    category: 'OBJECT_NOT_FOUND',
    message: 'Could not get some objects',
    context: { ids },
    errors: [],
    links: {},
  };
}

function traceOf(input: Fields): object {
  const trace = textOf(input['objectWriteTraceId']);
  return trace === undefined ? {} : { objectWriteTraceId: trace };
}

function fieldsOf(value: unknown): Fields {
  if (!isFields(value)) throw new Refused(400, 'VALIDATION_ERROR', 'An input is not an object.');
  return value;
}

function idOf(input: Fields): string {
  const id = textOf(input['id']);
  if (id === undefined || id === '') throw new Refused(400, 'VALIDATION_ERROR', 'An input has no id.');
  return id;
}
