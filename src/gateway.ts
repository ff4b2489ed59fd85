/** Compose and start: the only file that knows all others. */

import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { HttpBindings } from '@hono/node-server';
import { LIMITS } from '../protocol/base/limits.ts';
import type { Config } from './config/config.ts';
import { makeCrmHealth } from './crm/health.ts';
import { makeClockWatch } from './engine/clock-watch.ts';
import { within } from './engine/limit.ts';
import type { World } from './engine/world.ts';
import { makeRevocations } from './identity/revocations.ts';
import { NODE_HASHES } from './identity/signature/keys-node.ts';
import { makeRegistrations } from './identity/signature/registrations.ts';
import { auditBeside } from './instance/audit.ts';
import { makeHousekeeping } from './instance/housekeeping.ts';
import { openInstance } from './instance/open.ts';
import { makeReadiness } from './instance/readiness.ts';
import { openStore, whenThereIsRoom } from './instance/room.ts';
import { makeOutbox } from './outbox/deliver.ts';
import { makeRender } from './outbox/render.ts';
import { makeSend } from './outbox/send.ts';
import { every, logFailure } from './platform/every.ts';
import { guardedDispatcher } from './platform/guarded-fetch.ts';
import { hostsFile, makeNames } from './platform/names.ts';
import { makeIds, monotonic, systemClock } from './platform/world-sources.ts';
import type { Log } from './ports.ts';
import { pushMessage } from './serve/a2a/push.ts';
import { makeApp } from './serve/app.ts';
import { makeServer } from './serve/http/server.ts';
import type { SuiteProfile } from './serve/suite-profile.ts';
import type { SqliteStore } from './store/sqlite.ts';
import { makeSqliteWatches } from './store/watches-sqlite.ts';
import { makeFollower } from './watch/follow.ts';
import { wireEngine } from './wiring.ts';

export interface Gateway {
  /** Where it listens: differs from the public origin behind a proxy. */
  readonly url: string;
  /** Finishes what is under way, then closes. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** An operator put an older copy of the data there, and knows. */
  readonly acceptRestore?: boolean;
}

/** What tests and suites put around a gateway. */
export interface OpenOptions extends StartOptions {
  /** Sees every answer before it is sent: for who holds them to what is published. */
  readonly witness?: (request: Request, answer: Response) => void;
  readonly profile?: SuiteProfile | undefined;
}

const HOUSEKEEPING_INTERVAL_MS = 60_000;
const REVOCATION_INTERVAL_MS = 2_000;
const OUTBOX_INTERVAL_MS = 500;
const LOOK_INTERVAL_MS = 250;
const HEALTH_INTERVAL_MS = 5_000;
const READY_INTERVAL_MS = 1_000;
/** What is under way has this long to end; what has not, the next start settles by reading. */
const STOP_MS_MAX = 15_000;
const ABILITY_INTERVAL_MS = 1_000;
const ROOM_INTERVAL_MS = 1_000;

/** Starts a gateway. Throws on anything unsafe or unusable before it listens. */
export const startGateway = (config: Config, log: Log, options: StartOptions = {}): Promise<Gateway> =>
  openGateway(config, log, options);

export async function openGateway(config: Config, log: Log, options: OpenOptions = {}): Promise<Gateway> {
  mkdirSync(config.data_dir, { recursive: true, mode: 0o700 });
  const clock = systemClock;
  const ids = makeIds(clock);
  const open = () =>
    openInstance({
      folder: config.data_dir,
      origin: config.origin,
      clock,
      ids,
      log,
      openStore: (path) => openStore(path, log),
      acceptRestore: options.acceptRestore ?? false,
    });
  const { keys, store, ledger, ended, restoredAt } = await whenThereIsRoom(open, log);
  // Before the door opens and before any work goes on: what was revoked while nobody looked is revoked.
  const revocations = makeRevocations({ path: join(config.data_dir, 'revoked.jsonl'), store, clock, log });
  const revokedMeanwhile = await revocations.read();
  const { unreadable } = revocations;
  const deps = { config, clock, ids, keys, store, log, unreadable, logOrigin: ledger.origin, restoredAt };
  const engine = await wireEngine(deps);
  await engine.abilities.start();
  const { world, pipeline } = engine;
  const outbox = makeOutbox({
    ...outboxParts(config, { keys, ids, store }),
    clock,
    log,
    random: () => randomInt(2 ** 32) / 2 ** 32,
  });
  const follower = makeFollower({ world, watches: makeSqliteWatches(store.db), recordSeen: pipeline.recordSeen });
  const health = makeCrmHealth(world);
  const registrations = makeRegistrations({ store, clock });
  const readiness = makeReadiness({
    hasRoom: () => store.hasRoom(),
    logTrouble: ledger.trouble,
    crm: health.now,
    unreadable,
    clock: makeClockWatch(clock, monotonic),
    monotonic,
    log,
  });
  const app = makeApp({
    config,
    engine,
    ledger,
    ended,
    follower,
    outgoing: store,
    health,
    parts: readiness.parts,
    registrations,
    profile: options.profile,
  });
  const server = makeServer(
    async (request, env) => {
      const answer = await app.fetch(request, env as HttpBindings);
      options.witness?.(request, answer);
      return answer;
    },
    authoritiesOf(config),
    log,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.listen.port, config.listen.host, resolve);
  });
  if (revokedMeanwhile > 0) await engine.tellEnded();
  engine.worker.start();
  const timers = [
    every(LIMITS.checkpointIntervalMs / 4, () => ledger.step(clock.now()), log),
    // What is sent and cannot be noted as sent would be sent again and again.
    every(OUTBOX_INTERVAL_MS, async () => store.hasRoom() && outbox.step(), log),
    every(ROOM_INTERVAL_MS, async () => store.hasRoom() || store.probe(), log),
    every(ABILITY_INTERVAL_MS, () => engine.abilities.look(), log),
    every(HEALTH_INTERVAL_MS, () => health.look(), log),
    every(READY_INTERVAL_MS, async () => readiness.look(), log),
    every(LOOK_INTERVAL_MS, () => follower.look(), log),
    every(config.watch.poll_seconds * 1_000, () => follower.follow(), log),
    every(REVOCATION_INTERVAL_MS, async () => (await revocations.read()) > 0 && engine.tellEnded(), log),
    every(
      HOUSEKEEPING_INTERVAL_MS,
      makeHousekeeping({ store, retention: config.retention, clock, registrations }),
      log,
    ),
  ];
  const looked = auditBeside(
    { db: store.db, origin: config.origin, keys: keys.jwks().keys },
    {
      log,
      wrong(finding) {
        // Loud, and again with every step: what was signed is not what is there.
        log('log.wrong', { ...finding });
        ledger.halt(`${finding.part} ${finding.why}`);
      },
    },
  );
  const { port } = server.address() as AddressInfo;
  const url = `http://${config.listen.host}:${port}`;
  log('listening', { url, origin: config.origin });
  void health.ask().then(readiness.look);
  void engine.line?.attempt();
  return {
    url,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      server.close();
      server.closeIdleConnections();
      await within(STOP_MS_MAX, Promise.all([engine.worker.stop(), follower.stop(), outbox.stop(), looked.stop()]));
      // What has no position yet gets one after the next start.
      await ledger.step(clock.now()).catch(logFailure(log));
      server.closeAllConnections();
      store.close();
    },
  };
}

/** What leaves by itself, and by which way: the company's own addresses are looked up apart from those that strangers chose. */
function outboxParts(
  config: Config,
  { keys, ids, store }: Pick<World, 'keys' | 'ids'> & { readonly store: SqliteStore },
) {
  const endpoints = new Map(
    config.webhooks.map(({ name, url }) => [name, { url, secrets: config.secrets.webhooks.get(name) ?? [] }]),
  );
  const way = (names: Parameters<typeof makeNames>[0]) =>
    guardedDispatcher(config.allow_private_network, makeNames(names));
  return {
    store,
    endpoints: [...endpoints.keys()],
    render: makeRender({ origin: config.origin, endpoints, store, keys, ids, hashes: NODE_HASHES, pushMessage }),
    send: makeSend({ company: way({ hosts: hostsFile() }), agents: way({ servers: config.stranger_dns }) }),
  };
}

function authoritiesOf(config: Config): ReadonlySet<string> {
  return new Set([new URL(config.origin).host.toLowerCase()]);
}
