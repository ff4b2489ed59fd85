import type { Hono } from 'hono';
import type { Env } from '../exchange.ts';

/** What `Allow` says of a path (RFC 9110 §10.2.1); empty when there is nothing at it in any method. */
export function allowedMethods(app: Hono<Env>, path: string): string[] {
  const serves = (method: string): boolean => {
    const [handlers] = app.router.match(method, path);
    // Middleware is registered for ALL methods: it serves nothing by itself.
    return handlers.some(([[, route]]) => route.method === method);
  };
  return [...(serves('GET') ? ['GET', 'HEAD'] : []), ...['POST', 'DELETE'].filter(serves)];
}
