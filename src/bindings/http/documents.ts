import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import type { Env } from '../exchange.ts';

/** A document that anyone may read: built once, served with a strong ETag. */
export interface PublicDocument {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

const CACHE_SECONDS = 300;

export function serveDocuments(documents: readonly PublicDocument[]): Hono<Env> {
  const app = new Hono<Env>();
  for (const { path, type, body } of documents) {
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
    const headers = {
      'content-type': type,
      etag,
      'cache-control': `public, max-age=${CACHE_SECONDS}`,
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    };
    app.get(path, (c) =>
      c.req.header('if-none-match') === etag ? c.body(null, 304, headers) : c.body(body, 200, headers),
    );
  }
  return app;
}
