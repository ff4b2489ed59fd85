import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { cors } from './cors.ts';

const OURS = 'https://app.example';
const app = new Hono();
app.use(cors({ origins: new Set([OURS]), isPublic: (path) => path === '/openapi.json' }) as never);
app.all('*', (c) => c.text('answered'));

async function allowed(path: string, origin: string, method = 'GET'): Promise<string | null> {
  const asked: Record<string, string> = method === 'OPTIONS' ? { 'access-control-request-method': 'POST' } : {};
  const answer = await app.request(path, { method, headers: { origin, ...asked } });
  return answer.headers.get('access-control-allow-origin');
}

describe('a page in a browser', () => {
  it('reads answers of a door where its origin is configured, and asks before', async () => {
    for (const path of ['/mcp', '/a2a', '/actions/contract.renew', '/operations/op_1', '/invitations'])
      for (const method of ['POST', 'OPTIONS']) expect(await allowed(path, OURS, method)).toBe(OURS);
  });

  it('reads nothing of any other origin', async () => {
    for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'null', ''])
      for (const method of ['GET', 'POST', 'OPTIONS']) expect(await allowed('/mcp', origin, method)).toBeNull();
  });

  it('reads nothing of what the company’s people and systems use', async () => {
    for (const path of ['/console/', '/signoffs/so_1/decision', '/company/offers', '/mcpx'])
      for (const method of ['GET', 'POST', 'OPTIONS']) expect(await allowed(path, OURS, method)).toBeNull();
  });
});
