/** What anybody may read, made once: in two forms, each with a strong tag of its own, and sent again to nobody who has it. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Http } from './exchange.ts';

const CACHE_SECONDS = 300;

export interface PublishedOptions {
  readonly type: string;
  readonly body: string;
  /** Fields of the request, beside the coding it takes, that another document would be served for. */
  readonly vary?: readonly string[];
}

export type Published = ReturnType<typeof published>;

/** Packed once: a document is a tenth of its size, and costs nobody anything to pack again. */
export function published({ type, body, vary = [] }: PublishedOptions) {
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 27);
  const headers = (etag: string) => ({
    'content-type': type,
    etag,
    vary: ['accept-encoding', ...vary].join(', '),
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

/** The form that the request takes, or word that it has it. */
export function answerPublished(c: Http, { plain, packed }: Published): Response {
  const { body, headers } = takesGzip(c.req.header('accept-encoding')) ? packed : plain;
  if (has(c.req.header('if-none-match'), headers.etag)) {
    const { 'content-type': _type, ...known } = headers;
    return c.body(null, 304, known);
  }
  return c.body(body, 200, headers);
}

/** RFC 9110 §12.5.3, as far as it is written by anybody. */
function takesGzip(accepted = ''): boolean {
  return /(?:^|[\s,])gzip\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:$|,)))/i.test(accepted);
}

/** RFC 9110 §13.1.2: one of several tags, compared weakly, for caches and proxies write them so; or any. */
function has(known: string | undefined, etag: string): boolean {
  if (known === undefined) return false;
  if (known.trim() === '*') return true;
  return (known.match(/(?:W\/)?"[^"]*"/g) ?? []).some((each) => each.replace(/^W\//, '') === etag);
}
