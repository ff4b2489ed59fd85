import { Hono } from 'hono';
import type { Ledger } from '../../ledger/sequencer.ts';
import { parseTilePath } from '../../ledger/tiles.ts';
import type { Env } from '../exchange.ts';

/** The log as C2SP tlog-tiles: a checkpoint and static tiles, for monitors. */
export function serveLog(ledger: Ledger): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/log/checkpoint', async (c) => {
    const note = await ledger.checkpoint();
    return note === undefined ? c.notFound() : c.text(note, 200, { 'cache-control': 'no-store' });
  });
  app.get('/log/tile/*', async (c) => {
    const name = parseTilePath(c.req.path.slice('/log/tile/'.length));
    const tile = name === undefined ? undefined : await ledger.tile(name);
    if (tile === undefined) return c.notFound();
    return c.body(new Uint8Array(tile), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });
  return app;
}
