/** What a page in a browser needs (Fetch standard, "CORS protocol"). Pages have no standing here, no cookies count: whoever asks proves
 * itself in the request, so that what is asked for is granted as it is. */
import type { MiddlewareHandler } from 'hono';
import { HEADER } from '../../../protocol/base/names.ts';
import type { Env } from '../exchange.ts';

/** Doors for agents; what the company's own people and systems use is not for other pages. */
const DOORS = /^\/(?:mcp|a2a|agents|actions|operations|invitations)(?:\/|$)/;

/** Fields of answers that a client reads and that a page is not shown otherwise. */
const EXPOSED = [
  'accept-signature',
  'a2a-extensions',
  'a2a-version',
  'allow',
  'content-digest',
  'etag',
  HEADER.idempotencyReplayed,
  'location',
  'mcp-protocol-version',
  'mcp-session-id',
  'retry-after',
  'signature',
  'signature-input',
  'www-authenticate',
].join(', ');

const PREFLIGHT_SECONDS = 600;
const FIELD_NAMES = /^[\w!#$%&'*+.^`|~, -]{0,1024}$/;

export interface CorsDeps {
  /** Origins whose pages may call. */
  readonly origins: ReadonlySet<string>;
  /** Documents that are anybody's to read. */
  readonly isPublic: (path: string) => boolean;
}

export function cors({ origins, isPublic }: CorsDeps): MiddlewareHandler<Env> {
  return async (c, next) => {
    const origin = c.req.header('origin');
    const { path } = c.req;
    const asked = c.req.method === 'OPTIONS' ? c.req.header('access-control-request-method') : undefined;
    const isDoor = DOORS.test(path) && origin !== undefined && origins.has(origin);
    // Its answer has the fields that let anybody read it; only the question before it needs help.
    const isDocument = !isDoor && asked === 'GET' && isPublic(path);
    if (origin === undefined || !(isDoor || isDocument)) return next();
    if (asked !== undefined) return c.body(null, 204, preflight(isDoor ? origin : '*', c.req.raw));
    await next();
    c.res.headers.set('access-control-allow-origin', origin);
    c.res.headers.set('access-control-expose-headers', EXPOSED);
    c.res.headers.append('vary', 'Origin');
  };
}

function preflight(origin: string, request: Request): Record<string, string> {
  const fields = request.headers.get('access-control-request-headers') ?? '';
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, HEAD, POST, DELETE',
    ...(fields !== '' && FIELD_NAMES.test(fields) ? { 'access-control-allow-headers': fields } : {}),
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  };
}
