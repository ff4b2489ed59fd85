import { Hono } from 'hono';
import type { Db, Stored } from './db.ts';
import { bodyOf, type Env, type Http, isFields, listOf, Refused, textOf } from './env.ts';
import { OBJECTS, objectOf, singular } from './schema.ts';

/** The unlabelled association types HubSpot documents for these pairs; other pairs get a number of their own. */
const TYPES: Readonly<Record<string, number>> = {
  'contacts>companies': 279,
  'companies>contacts': 280,
  'deals>companies': 341,
  'companies>deals': 342,
  'deals>contacts': 3,
  'contacts>deals': 4,
  'tickets>contacts': 16,
  'contacts>tickets': 15,
  'tickets>companies': 339,
  'companies>tickets': 340,
  'deals>line_items': 19,
  'line_items>deals': 20,
  'deals>quotes': 63,
  'quotes>deals': 64,
  'quotes>line_items': 67,
  'line_items>quotes': 68,
};
const BATCH_MAX = 2_000;
const DEFINED = 'HUBSPOT_DEFINED';

function typeIdOf(from: string, to: string): number {
  const names = [...OBJECTS.keys()];
  return TYPES[`${from}>${to}`] ?? 900 + names.indexOf(from) * 10 + names.indexOf(to);
}

export function linkDefault(db: Db, from: string, fromId: string, to: string, toId: string): void {
  for (const [type, id] of [
    [from, fromId],
    [to, toId],
  ] as const)
    if (db.get(type, id)?.archived !== false)
      throw new Refused(404, 'OBJECT_NOT_FOUND', `No ${singular(type)} ${id.slice(0, 64)}`);
  db.link(from, fromId, { toType: to, toId, category: DEFINED, typeId: typeIdOf(from, to) }, typeIdOf(to, from));
}

/** `associations` of a create: which object is meant follows from the type id. */
export function linkAll(db: Db, stored: Stored, associations: readonly unknown[]): void {
  for (const each of associations) {
    const to = isFields(each) && isFields(each['to']) ? textOf(each['to']['id']) : undefined;
    for (const type of listOf(isFields(each) ? each['types'] : undefined)) {
      const typeId = isFields(type) ? Number(type['associationTypeId']) : Number.NaN;
      const toType = [...OBJECTS.keys()].find((name) => typeIdOf(stored.type, name) === typeId);
      if (to === undefined || toType === undefined)
        throw new Refused(400, 'VALIDATION_ERROR', 'An association needs to.id and a known associationTypeId.');
      linkDefault(db, stored.type, stored.id, toType, to);
    }
  }
}

/** Under an object: `/{type}/{id}/associations/...`. */
export function associationRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  const pair = (c: Http) => ({
    from: objectOf(c.req.param('type') ?? ''),
    fromId: c.req.param('id') ?? '',
    to: objectOf(c.req.param('toType') ?? ''),
    toId: c.req.param('toId') ?? '',
  });
  const defaulted = (from: string, fromId: string, to: string, toId: string) => ({
    from: { id: fromId },
    to: { id: toId },
    associationSpec: { associationCategory: DEFINED, associationTypeId: typeIdOf(from, to) },
  });

  app.put('/:type/:id/associations/default/:toType/:toId', (c) => {
    const { from, fromId, to, toId } = pair(c);
    db.transaction(() => linkDefault(db, from, fromId, to, toId));
    const at = db.now().toISOString();
    return c.json({ status: 'COMPLETE', results: [defaulted(from, fromId, to, toId)], startedAt: at, completedAt: at });
  });
  app.put('/:type/:id/associations/:toType/:toId', async (c) => {
    const { from, fromId, to, toId } = pair(c);
    const body: unknown = await c.req.json().catch(() => undefined);
    if (listOf(body).length === 0)
      throw new Refused(400, 'VALIDATION_ERROR', 'An array of association types is expected.');
    db.transaction(() => linkDefault(db, from, fromId, to, toId));
    return c.json(
      {
        fromObjectTypeId: OBJECTS.get(from)?.typeId,
        fromObjectId: fromId,
        toObjectTypeId: OBJECTS.get(to)?.typeId,
        toObjectId: toId,
        labels: [],
      },
      201,
    );
  });
  app.delete('/:type/:id/associations/:toType/:toId', (c) => {
    const { from, fromId, to, toId } = pair(c);
    db.unlink(from, fromId, to, toId);
    return c.body(null, 204);
  });
  app.get('/:type/:id/associations/:toType', (c) => {
    const { from, fromId, to } = pair(c);
    if (db.get(from, fromId) === undefined) throw new Refused(404, 'OBJECT_NOT_FOUND', 'Object not found.');
    return c.json({ results: linked(db, from, fromId, to) });
  });
  return app;
}

function linked(db: Db, from: string, fromId: string, to: string): object[] {
  return db
    .links(from, fromId)
    .filter(({ toType }) => toType === to)
    .map(({ toId, category, typeId }) => ({
      toObjectId: toId,
      associationTypes: [{ category, typeId, label: null }],
    }));
}

/** `/{fromType}/{toType}/batch/{read|associate/default|archive}`. */
export function associationBatchRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  const inputsOf = async (c: Http) => {
    const inputs = listOf((await bodyOf(c))['inputs']);
    if (inputs.length === 0 || inputs.length > BATCH_MAX)
      throw new Refused(400, 'VALIDATION_ERROR', `inputs must have 1 to ${BATCH_MAX} elements`);
    return inputs.flatMap((each) => (isFields(each) ? [each] : []));
  };
  const idIn = (value: unknown) => (isFields(value) ? (textOf(value['id']) ?? '') : '');
  const ends = (c: Http) => [objectOf(c.req.param('from') ?? ''), objectOf(c.req.param('to') ?? '')] as const;
  const complete = (results: object[]) => {
    const at = db.now().toISOString();
    return { status: 'COMPLETE', results, startedAt: at, completedAt: at };
  };
  app.post('/:from/:to/batch/read', async (c) => {
    const [from, to] = ends(c);
    const inputs = await inputsOf(c);
    return c.json(complete(inputs.map(({ id }) => ({ from: { id }, to: linked(db, from, textOf(id) ?? '', to) }))));
  });
  app.post('/:from/:to/batch/associate/default', async (c) => {
    const [from, to] = ends(c);
    const inputs = await inputsOf(c);
    db.transaction(() => {
      for (const input of inputs) linkDefault(db, from, idIn(input['from']), to, idIn(input['to']));
    });
    return c.json(
      complete(
        inputs.map((input) => ({
          from: input['from'],
          to: input['to'],
          associationSpec: { associationCategory: DEFINED, associationTypeId: typeIdOf(from, to) },
        })),
      ),
    );
  });
  app.post('/:from/:to/batch/archive', async (c) => {
    const [from, to] = ends(c);
    for (const input of await inputsOf(c))
      for (const each of listOf(input['to'])) db.unlink(from, idIn(input['from']), to, idIn(each));
    return c.body(null, 204);
  });
  return app;
}
