/** `node adapters/salesforce/server/main.ts --db FILE [--port N] [--client-id I] [--client-secret S] [--seed-now RFC3339] [--faults]` */
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { makeSalesforceApp } from './app.ts';
import { openDb } from './db.ts';
import { isFields } from './errors.ts';
import { makeFaults } from './faults.ts';
import { restrict } from './schema.ts';
import { seed } from './seed.ts';

const { values } = parseArgs({
  options: {
    db: { type: 'string', default: ':memory:' },
    port: { type: 'string', default: '0' },
    'client-id': { type: 'string', default: 'parley' },
    'client-secret': { type: 'string', default: 'salesforce-secret' },
    username: { type: 'string', default: 'parley@example.invalid' },
    /** JSON Web Key of the app's certificate. */
    'public-key': { type: 'string' },
    'seed-now': { type: 'string', default: new Date().toISOString() },
    batch: { type: 'string', default: '2000' },
    'calls-max': { type: 'string', default: '1000000' },
    faults: { type: 'boolean', default: false },
    /** Objects and fields that this org does not have, and fields that the user may only read. */
    without: { type: 'string', multiple: true, default: [] },
    'read-only': { type: 'string', multiple: true, default: [] },
  },
});

const seedNow = new Date(values['seed-now']);
let now = () => seedNow;
const db = openDb(values.db, () => now());
if (db.all('Account').length === 0) seed(db, seedNow);
restrict(values.without, values['read-only']);
now = () => new Date();
const key: unknown = values['public-key'] === undefined ? undefined : JSON.parse(values['public-key']);
const app = makeSalesforceApp({
  db,
  credentials: {
    clientId: values['client-id'],
    clientSecret: values['client-secret'],
    username: values.username,
    publicKey: isFields(key) ? key : undefined,
  },
  faults: values.faults ? makeFaults() : undefined,
  batch: Number(values.batch),
  callsMax: Number(values['calls-max']),
  now: () => now(),
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
