/** Starts the HubSpot simulator as the separate process it is. A spawn on the same `db` is a restart: it keeps what it had. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listening } from '../../sandbox/server/spawn.ts';

export interface HubspotRecord {
  readonly id: string;
  readonly revision: number;
  readonly archived: boolean;
  readonly properties: Readonly<Record<string, string>>;
  readonly links: readonly { readonly toType: string; readonly toId: string }[];
}

export interface Hubspot {
  readonly origin: string;
  readonly token: string;
  /** Ground truth: every change that was applied, in order; `person` is the key of {@link edit}. Needs `faults`. */
  ledger(): Promise<
    readonly { readonly key: string; readonly type: string; readonly id: string; readonly revision: number }[]
  >;
  /** The contracts API's changes, as they were sent and what became of them. */
  changes(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  fault(fault: {
    readonly op: 'read' | 'write' | 'any';
    readonly kind: string;
    readonly count?: number;
    readonly ms?: number;
  }): Promise<void>;
  clearFaults(): Promise<void>;
  /** Reads a record past the API. */
  record(type: string, id: string): Promise<HubspotRecord>;
  /** Changes a record past the API, as a person at the CRM would. */
  edit(type: string, id: string, properties: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

export interface HubspotSpawnOptions {
  readonly db?: string;
  readonly faults?: boolean;
  readonly token?: string;
  readonly port?: number;
  /** RFC 3339: the day the seeded records lie around. */
  readonly seedNow?: string;
  /** How far search is behind; 2 s unless told. */
  readonly indexLagMs?: number;
  /** Requests in an interval; 190 unless told. */
  readonly limit?: number;
  /** 10 s unless told. */
  readonly intervalMs?: number;
  readonly clientId?: string;
  readonly clientSecret?: string;
}

interface Answer {
  readonly record: HubspotRecord;
  readonly changes: never[];
}

export async function spawnHubspot(options: HubspotSpawnOptions = {}): Promise<Hubspot> {
  const token = options.token ?? 'pat-simulated';
  const named: Record<string, string | number | undefined> = {
    db: options.db,
    token,
    port: options.port,
    'seed-now': options.seedNow,
    'index-lag-ms': options.indexLagMs,
    limit: options.limit,
    'interval-ms': options.intervalMs,
    'client-id': options.clientId,
    'client-secret': options.clientSecret,
  };
  const args = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const child = spawn(process.execPath, [entry(), ...args, ...(options.faults === true ? ['--faults'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const origin = await listening(child);
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${origin}/sim${path}`, { ...init, headers: { 'content-type': 'application/json' } });
    if (!response.ok) throw new Error(`hubspot ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  return {
    origin,
    token,
    ledger: async () => (await call('/ledger')).changes,
    changes: async () => (await call('/changes')).changes,
    fault: async (fault) => void (await call('/faults', { method: 'POST', body: JSON.stringify(fault) })),
    clearFaults: async () => void (await call('/faults/clear', { method: 'POST', body: '{}' })),
    record: async (type, id) => (await call(`/records/${type}/${encodeURIComponent(id)}`)).record,
    async edit(type, id, properties) {
      await call(`/records/${type}/${id}`, { method: 'PATCH', body: JSON.stringify(properties) });
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/** Beside this file: TypeScript in the repository, JavaScript in the published package. */
function entry(): string {
  const source = fileURLToPath(new URL('./main.ts', import.meta.url));
  return existsSync(source) ? source : fileURLToPath(new URL('./main.js', import.meta.url));
}
