/** Compose and start: the only file that knows all others. */
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { HttpBindings } from '@hono/node-server';
import { logOrigin } from '../protocol/checkpoint.ts';
import { LIMITS } from '../protocol/limits.ts';
import { makeServer } from './bindings/http/server.ts';
import { composeApp } from './compose-app.ts';
import { tellOfCrm } from './compose-crm.ts';
import { composeEngine } from './compose-engine.ts';
import { composeOutbox } from './compose-outbox.ts';
import type { Profile } from './compose-peers.ts';
import { composeFollower } from './compose-watch.ts';
import type { Config } from './config.ts';
import { loadCompanyKeys } from './identity/company-keys.ts';
import { makeRevocationReader } from './identity/revocations.ts';
import { makeIds, systemClock } from './identity/world-sources.ts';
import { makeLedger } from './ledger/sequencer.ts';
import { logSigner } from './ledger/signer.ts';
import type { Log } from './ports.ts';
import { makeSqliteLog } from './store/log-sqlite.ts';
import { openSqliteStore } from './store/sqlite.ts';

export interface Gateway {
  /** Where it listens: differs from the public origin behind a proxy. */
  readonly url: string;
  /** Finishes what is under way, then closes. */
  stop(): Promise<void>;
}

const HOUSEKEEPING_INTERVAL_MS = 60_000;
const REVOCATION_INTERVAL_MS = 2_000;
const OUTBOX_INTERVAL_MS = 500;
const LOOK_INTERVAL_MS = 250;

/** Starts a gateway. Throws on anything unsafe or unusable before it listens. */
export async function startGateway(config: Config, log: Log, profile?: Profile): Promise<Gateway> {
  mkdirSync(config.data_dir, { recursive: true, mode: 0o700 });
  const clock = systemClock;
  const ids = makeIds(clock);
  const keys = await loadCompanyKeys(join(config.data_dir, 'keys.json'));
  const store = openSqliteStore(join(config.data_dir, 'parley.db'), (error) => {
    log('store.fatal', { error: error instanceof Error ? error.message : 'unknown' });
    // Nothing that was not fsynced may be acknowledged, and a failed fsync cannot be retried: a restart recovers from the disk.
    process.exit(70);
  });
  const ledger = makeLedger(makeSqliteLog(store.db), logSigner(keys, logOrigin(config.origin)));
  const engine = await composeEngine({ config, clock, ids, keys, store, log });
  const outbox = composeOutbox(engine, config);
  const follower = composeFollower(engine, store);
  const app = await composeApp({ config, engine, ledger, follower, profile });
  const server = makeServer((request, env) => app.fetch(request, env as HttpBindings), authoritiesOf(config), log);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.listen.port, config.listen.host, resolve);
  });
  engine.worker.start();
  const timers = [
    every(LIMITS.checkpointIntervalMs / 4, () => ledger.step(clock.now()), log),
    every(OUTBOX_INTERVAL_MS, () => outbox.step(), log),
    every(LOOK_INTERVAL_MS, () => follower.look(), log),
    every(config.watch.poll_seconds * 1_000, () => follower.follow(), log),
    every(REVOCATION_INTERVAL_MS, makeRevocationReader(join(config.data_dir, 'revoked.jsonl'), store, clock), log),
    every(HOUSEKEEPING_INTERVAL_MS, async () => store.forgetNonces(Math.floor(clock.now().getTime() / 1000)), log),
  ];
  const { port } = server.address() as AddressInfo;
  const url = `http://${config.listen.host}:${port}`;
  log('listening', { url, origin: config.origin });
  void tellOfCrm(
    engine.world,
    engine.contract.definitions.map(({ name }) => name),
  );
  return {
    url,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      server.close();
      server.closeIdleConnections();
      await Promise.all([engine.worker.stop(), follower.stop()]);
      await ledger.step(clock.now());
      server.closeAllConnections();
      store.close();
    },
  };
}

/** Repeats a task that never overlaps with itself. */
function every(intervalMs: number, task: () => Promise<unknown>, log: Log): NodeJS.Timeout {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    task()
      .catch((error: unknown) => log('task.failed', { error: error instanceof Error ? error.message : 'unknown' }))
      .finally(() => {
        busy = false;
      });
  }, intervalMs);
}

function authoritiesOf(config: Config): ReadonlySet<string> {
  return new Set([new URL(config.origin).host.toLowerCase()]);
}
