import { Hono } from 'hono';
import type { Db } from './db.ts';
import { type Env, Refused } from './env.ts';
import { OBJECTS } from './schema.ts';

const PAGE = 20;

/** The webhooks journal: what changed, in order, to be pulled from an offset. Nothing new is an answer without a body. */
export function journalRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  const page = (after: number) => {
    const entries = db.ledger(after, PAGE);
    const last = entries.at(-1)?.seq;
    if (last === undefined) return undefined;
    const changes = entries.map(({ type, id, revision }) => {
      const versions = db.versions(type, id);
      const stored = versions.find((each) => each.revision === revision);
      const before = versions.find((each) => each.revision === revision - 1)?.properties ?? {};
      const after = stored?.properties ?? {};
      const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
        (name) => before[name] !== after[name],
      );
      const action = stored?.archived === true ? 'DELETE' : revision === 1 ? 'CREATE' : 'UPDATE';
      return {
        objectTypeId: OBJECTS.get(type)?.typeId,
        objectId: Number(id),
        action,
        occurredAt: stored?.updatedAt,
        propertyChanges: Object.fromEntries(names.map((name) => [name, after[name] ?? ''])),
      };
    });
    return { currentOffset: String(last), changes };
  };
  app.get('/earliest', (c) => answer(c, page(0)));
  app.get('/offset/:offset/next', (c) => {
    const offset = c.req.param('offset');
    if (!/^\d{1,15}$/.test(offset)) throw new Refused(400, 'VALIDATION_ERROR', 'offset is not valid.');
    return answer(c, page(Number(offset)));
  });
  return app;
}

function answer(
  c: { json: (value: object) => Response; body: (value: null, status: 204) => Response },
  found: object | undefined,
): Response {
  return found === undefined ? c.body(null, 204) : c.json(found);
}
