/** SQLite and PostgreSQL as one thing: transactions that read and transactions that write. Every statement is built by Kysely, every value bound. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dialect, Kysely, type Transaction } from 'kysely';
import type { Ctx } from '../sdk/index.ts';
import { orStopped, stopped } from '../sdk/timing.ts';
import { failure, isBusy } from './errors.ts';

export type Rows = Record<string, Record<string, unknown>>;
export type Trx = Transaction<Rows>;

export interface Engine {
  readonly kind: 'sqlite' | 'postgres';
  /** Its connections cannot write, or are told not to in every transaction. */
  readonly reader: Dialect;
  readonly writer: Dialect;
}

export interface Database {
  readonly kind: Engine['kind'];
  /** One snapshot, in a transaction that cannot write. */
  reading<T>(ctx: Ctx, work: (trx: Trx) => Promise<T>): Promise<T>;
  /** All of it or nothing. `unknown_outcome` only where the answer to COMMIT was lost. */
  writing<T>(ctx: Ctx, work: (trx: Trx) => Promise<T>): Promise<T>;
}

/** How often a locked SQLite file is tried again. */
const BUSY_WAIT_MS = 15;

export function openDatabase({ kind, reader, writer }: Engine): Database {
  const reads = new Kysely<Rows>({ dialect: reader });
  const writes = new Kysely<Rows>({ dialect: writer });
  const begin = {
    read: () =>
      kind === 'sqlite'
        ? reads.transaction()
        : reads.transaction().setAccessMode('read only').setIsolationLevel('repeatable read'),
    write: () => (kind === 'sqlite' ? writes.transaction() : writes.transaction().setIsolationLevel('read committed')),
  };

  async function once<T>(ctx: Ctx, mode: 'read' | 'write', work: (trx: Trx) => Promise<T>): Promise<T> {
    if (ctx.signal.aborted) throw stopped();
    let isCommitting = false;
    const run = begin[mode]().execute(async (trx) => {
      const result = await work(trx);
      // Whoever has stopped waiting was told that nothing was written.
      if (ctx.signal.aborted) throw stopped();
      isCommitting = mode === 'write';
      return result;
    });
    try {
      return await orStopped(run, ctx.signal);
    } catch (error) {
      throw failure(error, isCommitting);
    }
  }

  async function patiently<T>(ctx: Ctx, mode: 'read' | 'write', work: (trx: Trx) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await once(ctx, mode, work);
      } catch (error) {
        if (!isBusy(error)) throw error;
        await sleep(BUSY_WAIT_MS, undefined, { signal: ctx.signal }).catch(() => undefined);
        if (ctx.signal.aborted) throw error;
      }
    }
  }

  return {
    kind,
    reading: (ctx, work) => patiently(ctx, 'read', work),
    writing: (ctx, work) => patiently(ctx, 'write', work),
  };
}
