/** The sandbox CRM as a program of its own. */
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { makeSandboxApp } from './app.ts';
import { openDb } from './db.ts';
import { makeFaults } from './faults.ts';
import { seed } from './seed.ts';
import { seedRetail } from './seed-retail.ts';

const USAGE = `node adapters/sandbox/server/main.ts [--db FILE] [--port N] [--token T] [--seed-now RFC3339] [--faults]

The sandbox CRM, with a few hundred records, until SIGTERM; its address is printed when it listens.
  --db FILE            kept there (default: in memory)
  --port N             of 127.0.0.1 (default: one that is free)
  --token T            what its clients must send (default: sandbox-token)
  --seed-now RFC3339   the day that the records lie around (default: now)
  --faults             it takes faults and shows its ledger, for tests`;

const values = readOptions();
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

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        db: { type: 'string', default: ':memory:' },
        port: { type: 'string', default: '0' },
        token: { type: 'string', default: 'sandbox-token' },
        'seed-now': { type: 'string', default: new Date().toISOString() },
        faults: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!values.help) return values;
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    // EX_USAGE
    process.exit(64);
  }
}
