import { PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Engine } from './database.ts';

export interface PostgresOptions {
  /** `postgres://user@host/db`, with TLS as `sslmode` says. */
  readonly url: string;
  readonly password?: string;
  readonly timeoutMs: number;
}

/** Connections held at most; a gateway’s worker has no use for more than it works on at once. */
const POOL_MAX = 8;

/** What PostgreSQL’s text means where it is not text: OIDs of `pg_type`. A day stays the day it is, in any time zone. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'],
  ...[20, 21, 23].map((oid) => [oid, Number] as const),
]);

export function postgresEngine({ url, password, timeoutMs }: PostgresOptions): Engine {
  const target = new URL(url);
  if (password !== undefined) target.password = encodeURIComponent(password);
  const pool = new pg.Pool({
    connectionString: target.href,
    max: POOL_MAX,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    // An idle pool never keeps a process alive.
    allowExitOnIdle: true,
    types: { getTypeParser: (oid: number) => PARSERS.get(oid) ?? ((text: string) => text) },
  });
  // A connection that dies is told to whoever waits for it, and replaced by the next call. Unheard, its event would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return { kind: 'postgres', reader: new PostgresDialect({ pool }), writer: new PostgresDialect({ pool }) };
}
