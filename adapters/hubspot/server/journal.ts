import { Hono } from 'hono';
import type { Db } from './db.ts';
import { type Env, type Http, Refused } from './env.ts';
import { OBJECTS } from './schema.ts';

const PAGE = 20;
const PORTAL = 4711;
const URL_LIFE_MS = 600_000;

/** The webhooks journal: what changed, in order, to be pulled from an offset. An entry tells where its file is; nothing new is an
 * answer without a body. */
export function journalRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  const entryAfter = (c: Http, seq: number) => {
    const last = db.ledger(seq, PAGE).at(-1)?.seq;
    if (last === undefined) return c.body(null, 204);
    const url = new URL(`/journal-files/${seq}?signature=simulated`, c.req.url).href;
    const expiresAt = new Date(db.now().getTime() + URL_LIFE_MS).toISOString();
    return c.json({ url, expiresAt, currentOffset: offsetOf(last) });
  };
  app.get('/earliest', (c) => entryAfter(c, 0));
  app.get('/offset/:offset/next', (c) => {
    const seq = seqOf(c.req.param('offset'));
    if (seq === undefined) throw new Refused(404, 'OBJECT_NOT_FOUND', 'The offset has expired or does not exist.');
    return entryAfter(c, seq);
  });
  return app;
}

/** The files themselves, on a signed address: no credentials are asked for, nor wanted. */
export function journalFileRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/:after', (c) => {
    if (c.req.query('signature') !== 'simulated' || c.req.header('authorization') !== undefined)
      throw new Refused(403, 'FORBIDDEN', 'The address is not signed, or carries credentials.');
    const entries = db.ledger(Number(c.req.param('after')), PAGE);
    const journalEvents = entries.map(({ type, id, revision }) => eventOf(db, type, id, revision));
    return c.json({
      offset: offsetOf(entries.at(-1)?.seq ?? 0),
      journalEvents,
      publishedAt: db.now().toISOString(),
    });
  });
  return app;
}

function eventOf(db: Db, type: string, id: string, revision: number): object {
  const versions = db.versions(type, id);
  const stored = versions.find((each) => each.revision === revision);
  const before = versions.find((each) => each.revision === revision - 1)?.properties ?? {};
  const after = stored?.properties ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => before[name] !== after[name],
  );
  return {
    type: 'crm.object',
    portalId: PORTAL,
    objectTypeId: OBJECTS.get(type)?.typeId,
    objectId: Number(id),
    action: stored?.archived === true ? 'DELETE' : revision === 1 ? 'CREATE' : 'UPDATE',
    occurredAt: stored?.updatedAt,
    propertyChanges: Object.fromEntries(names.map((name) => [name, after[name] ?? ''])),
  };
}

/** An offset is a UUID, and says nothing of the next one. */
const offsetOf = (seq: number): string => `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`;

function seqOf(offset: string): number | undefined {
  const digits = /^00000000-0000-4000-8000-(\d{12})$/.exec(offset)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
