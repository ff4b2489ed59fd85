import { Hono } from 'hono';
import type { Ledger } from '../../ledger/sequencer.ts';
import { parseTilePath } from '../../ledger/tiles.ts';
import type { Env } from '../exchange.ts';

/** The log, at its own address, as C2SP tlog-tiles: a checkpoint and static tiles, for monitors. */
export function serveLog(ledger: Ledger): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/checkpoint', async (c) => {
    const note = await ledger.checkpoint();
    return note === undefined ? c.notFound() : c.text(note, 200, { 'cache-control': 'no-store' });
  });
  app.get('/tile/*', async (c) => {
    const name = parseTilePath(c.req.path.slice(c.req.path.indexOf('/tile/') + '/tile/'.length));
    const tile = name === undefined ? undefined : await ledger.tile(name);
    if (tile === undefined) return c.notFound();
    return c.body(new Uint8Array(tile), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });
  return app;
}
