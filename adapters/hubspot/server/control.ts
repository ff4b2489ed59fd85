import { Hono } from 'hono';
import type { Db } from './db.ts';
import { bodyOf, type Env, Refused } from './env.ts';
import type { Faults } from './faults.ts';
import { checked, objectOf } from './schema.ts';
import { update } from './store.ts';

/** The ground truth, and a person at the CRM: past the API, its limits and its faults. */
export function controlRoutes(db: Db, faults: Faults): Hono<Env> {
  const app = new Hono<Env>();
  const found = (type: string, id: string) => {
    const stored = db.get(objectOf(type), id);
    if (stored === undefined) throw new Refused(404, 'OBJECT_NOT_FOUND', 'No such record.');
    return stored;
  };
  app.get('/ledger', (c) => c.json({ changes: db.ledger() }));
  app.get('/changes', (c) => c.json({ changes: db.documents('change') }));
  app.get('/records/:type/:id', (c) => {
    const stored = found(c.req.param('type'), c.req.param('id'));
    return c.json({ record: { ...stored, links: db.links(stored.type, stored.id) } });
  });
  app.patch('/records/:type/:id', async (c) => {
    const stored = found(c.req.param('type'), c.req.param('id'));
    const values = checked(db, stored.type, await bodyOf(c), false);
    return c.json({ record: db.transaction(() => update(db, stored, values, 'CRM_UI')) });
  });
  app.post('/faults', async (c) => {
    if (!faults.add(await bodyOf(c))) throw new Refused(400, 'VALIDATION_ERROR', 'No such fault.');
    return c.json({ ok: true });
  });
  app.post('/faults/clear', (c) => {
    faults.clear();
    return c.json({ ok: true });
  });
  return app;
}
