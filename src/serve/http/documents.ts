import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import type { Env } from '../exchange.ts';

/** A document that anyone may read, served with a strong ETag. */
export interface PublicDocument {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

const CACHE_SECONDS = 300;

/** `current`: the documents of now; the same list for as long as nothing changed. `paths`: where there may ever be one. */
export function serveDocuments(paths: readonly string[], current: () => readonly PublicDocument[]): Hono<Env> {
  const app = new Hono<Env>();
  let tagged: { readonly of: readonly PublicDocument[]; readonly byPath: ReadonlyMap<string, Tagged> } | undefined;
  const find = (path: string): Tagged | undefined => {
    const of = current();
    if (tagged?.of !== of) tagged = { of, byPath: new Map(of.map((each) => [each.path, withTag(each)])) };
    return tagged.byPath.get(path);
  };
  for (const path of paths)
    app.get(path, (c) => {
      const found = find(path);
      if (found === undefined) return c.notFound();
      const { body, headers } = takesGzip(c.req.header('accept-encoding')) ? found.packed : found.plain;
      return c.req.header('if-none-match') === headers.etag ? c.body(null, 304, headers) : c.body(body, 200, headers);
    });
  return app;
}

/** RFC 9110 §12.5.3, as far as it is written by anybody. */
function takesGzip(accepted = ''): boolean {
  return /(?:^|[\s,])gzip\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:$|,)))/i.test(accepted);
}

type Tagged = ReturnType<typeof withTag>;

/** Packed once: a document is a tenth of its size, and costs nobody anything to pack again. */
function withTag({ type, body }: PublicDocument) {
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 27);
  const headers = (etag: string) => ({
    'content-type': type,
    etag,
    vary: 'accept-encoding',
    'cache-control': `public, max-age=${CACHE_SECONDS}`,
    'x-content-type-options': 'nosniff',
    'access-control-allow-origin': '*',
  });
  return {
    plain: { body: Uint8Array.from(Buffer.from(body)), headers: headers(`"${tag}"`) },
    packed: {
      body: Uint8Array.from(gzipSync(body, { level: 9 })),
      headers: { ...headers(`"${tag}-gzip"`), 'content-encoding': 'gzip' },
    },
  };
}
