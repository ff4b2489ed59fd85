/** For whoever restarts a gateway or sends requests to it: whether it serves, and whether it can do what it is there for. Strangers may ask:
 * no reason is told, and nothing is looked at for them. */
import { Hono } from 'hono';
import type { Env } from '../exchange.ts';

export interface HealthDeps {
  readonly parts: () => Readonly<Record<string, boolean>>;
}

const HEADERS = { 'cache-control': 'no-store' };

export function serveHealth({ parts }: HealthDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.on('GET', ['/health', '/health/live'], (c) => c.json({ ok: true }, 200, HEADERS));
  app.get('/health/ready', (c) => {
    const looked = parts();
    const ok = Object.values(looked).every(Boolean);
    return c.json({ ok, parts: looked }, ok ? 200 : 503, HEADERS);
  });
  return app;
}
