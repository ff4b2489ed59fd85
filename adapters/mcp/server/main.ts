/** The sandbox CRM with its records as tools of an MCP server: `node adapters/mcp/server/main.ts --db FILE --token T [--port N] [--seed-now RFC3339] [--faults] [--late MS]` */
import { AsyncLocalStorage } from 'node:async_hooks';
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { makeSandboxApp } from '../../sandbox/server/app.ts';
import { openDb } from '../../sandbox/server/db.ts';
import type { Env, Http } from '../../sandbox/server/env.ts';
import { makeFaults, withFaults } from '../../sandbox/server/faults.ts';
import { seed } from '../../sandbox/server/seed.ts';
import { makeToolServer, READS, type Ways } from './tools.ts';

const { values } = parseArgs({
  options: {
    db: { type: 'string', default: ':memory:' },
    port: { type: 'string', default: '0' },
    token: { type: 'string', default: 'sandbox-token' },
    'seed-now': { type: 'string', default: new Date().toISOString() },
    faults: { type: 'boolean', default: false },
    late: { type: 'string', default: '0' },
  },
});

const db = openDb(values.db, () => new Date());
const seedNow = new Date(values['seed-now']);
if (db.count('accounts') === 0) db.transaction(() => seed(db, seedNow));
const faults = makeFaults();
const ways = new AsyncLocalStorage<Ways>();
const handler = createMcpHandler(() =>
  makeToolServer(db, () => ways.getStore() ?? { isStale: false, isPartial: false }, Number(values.late)),
);

const app = new Hono<Env>();
app.use('/mcp', withFaults(faults, opOf));
app.use('/mcp', async (c, next) =>
  c.req.header('authorization') === `Bearer ${values.token}` ? next() : c.json({ error: 'unauthorised' }, 401),
);
app.all('/mcp', (c) =>
  ways.run({ isStale: c.get('stale') === true, isPartial: c.get('partial') === true }, () => handler.fetch(c.req.raw)),
);
app.route('/', makeSandboxApp({ db, token: values.token, faults: values.faults ? faults : undefined }));

/** Only calls of tools meet faults, by what the tool does. */
async function opOf(c: Http): Promise<'read' | 'write' | undefined> {
  const body: unknown = await c.req.raw
    .clone()
    .json()
    .catch(() => undefined);
  if (typeof body !== 'object' || body === null || !('method' in body) || body.method !== 'tools/call')
    return undefined;
  const params = 'params' in body ? body.params : undefined;
  const name = typeof params === 'object' && params !== null && 'name' in params ? String(params.name) : '';
  return READS.has(name) ? 'read' : 'write';
}

serve(
  { fetch: app.fetch, hostname: '127.0.0.1', port: Number(values.port), overrideGlobalObjects: false },
  ({ port }) => {
    process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${port}` })}\n`);
  },
);
process.once('SIGTERM', () => {
  db.close();
  process.exit(0);
});
