/** `node adapters/sandbox/server/main.ts --db FILE [--port N] [--token T] [--seed-now RFC3339] [--faults]` */
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { makeSandboxApp } from './app.ts';
import { openDb } from './db.ts';
import { makeFaults } from './faults.ts';
import { seed } from './seed.ts';
import { seedRetail } from './seed-retail.ts';

const { values } = parseArgs({
  options: {
    db: { type: 'string', default: ':memory:' },
    port: { type: 'string', default: '0' },
    token: { type: 'string', default: 'sandbox-token' },
    'seed-now': { type: 'string', default: new Date().toISOString() },
    faults: { type: 'boolean', default: false },
  },
});

const db = openDb(values.db, () => new Date());
const seedNow = new Date(values['seed-now']);
if (db.count('accounts') === 0)
  db.transaction(() => {
    seed(db, seedNow);
    seedRetail(db, seedNow);
  });
const app = makeSandboxApp({ db, token: values.token, faults: values.faults ? makeFaults() : undefined });
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
