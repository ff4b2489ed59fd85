/** `node adapters/hubspot/server/main.ts --db FILE [--port N] [--token T] [--client-id I --client-secret S] [--seed-now RFC3339] [--index-lag-ms N] [--limit N] [--interval-ms N] [--faults]` */
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { makeHubspotApp } from './app.ts';
import { openDb } from './db.ts';
import { makeFaults } from './faults.ts';
import { seed } from './seed.ts';

const { values } = parseArgs({
  options: {
    db: { type: 'string', default: ':memory:' },
    port: { type: 'string', default: '0' },
    token: { type: 'string', default: 'pat-simulated' },
    'client-id': { type: 'string', default: 'simulated-client' },
    'client-secret': { type: 'string', default: 'simulated-secret' },
    'seed-now': { type: 'string', default: new Date().toISOString() },
    'index-lag-ms': { type: 'string', default: '2000' },
    limit: { type: 'string', default: '190' },
    'interval-ms': { type: 'string', default: '10000' },
    faults: { type: 'boolean', default: false },
  },
});

const db = openDb(values.db, () => new Date());
const seedNow = new Date(values['seed-now']);
if (db.count('companies') === 0) db.transaction(() => seed(db, seedNow));
const app = makeHubspotApp({
  db,
  token: values.token,
  client: { id: values['client-id'], secret: values['client-secret'] },
  indexLagMs: Number(values['index-lag-ms']),
  limit: Number(values.limit),
  intervalMs: Number(values['interval-ms']),
  faults: values.faults ? makeFaults() : undefined,
});
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
