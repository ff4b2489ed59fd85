import type { Context } from 'hono';
import { type Db, TYPES } from './db.ts';

const PAGE = 100;

/** What was changed, in order, by whomever: `GET /v1/events?type=contracts&after=SEQ`. */
export function listEvents(db: Db): (c: Context) => Response {
  return (c) => {
    const type = TYPES.find((each) => each === c.req.query('type'));
    const after = c.req.query('after') ?? '0';
    if (type === undefined || !/^\d{1,15}$/.test(after))
      return c.json({ error: { code: 'invalid', message: 'The query is not usable.' } }, 400);
    const events = db.events(type, Number(after), PAGE);
    return c.json({ events, more: events.length === PAGE });
  };
}
