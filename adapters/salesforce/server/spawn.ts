/** Starts the simulated Salesforce org as the separate process it is: for the demo, the benchmark and tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listening } from '../../sandbox/server/spawn.ts';

export interface SpawnOptions {
  /** The same file again is the same org. */
  readonly db?: string;
  readonly faults?: boolean;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly username?: string;
  /** JSON Web Key of the app's certificate, for the JWT bearer flow. */
  readonly publicKey?: object;
  readonly port?: number;
  /** RFC 3339: the day the seeded records lie around, and when they were last changed. */
  readonly seedNow?: string;
  /** The most records of one page of a query. */
  readonly batch?: number;
  /** The org's calls a day. */
  readonly callsMax?: number;
  /** Objects (`Quote`) and fields (`Account.Vat_Id__c`) that the org does not have. */
  readonly without?: readonly string[];
  /** Fields that the user may only read. */
  readonly readOnly?: readonly string[];
}

export interface LedgerEntry {
  /** The action id in the write's own body; empty for everybody else's writes. */
  readonly action: string;
  readonly type: string;
  readonly id: string;
  readonly kind: string;
}

export interface Salesforce {
  readonly origin: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Ground truth: every write that was applied, in order. Needs `faults`, as all below. */
  ledger(): Promise<readonly LedgerEntry[]>;
  fault(fault: {
    readonly op: 'read' | 'write' | 'any' | 'token';
    readonly kind: string;
    readonly count?: number;
    readonly ms?: number;
  }): Promise<void>;
  clearFaults(): Promise<void>;
  /** Ends every session, as an admin would. */
  expireSessions(): Promise<void>;
  /** Reads a record past the adapter, as a person at the CRM would. */
  record(type: string, id: string): Promise<Record<string, unknown>>;
  /** Changes a record past the adapter, as a person at the CRM would. */
  edit(type: string, id: string, fields: object): Promise<void>;
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

interface Answer {
  readonly record: Record<string, unknown>;
  readonly changes: readonly LedgerEntry[];
}

export async function spawnSalesforce(options: SpawnOptions = {}): Promise<Salesforce> {
  const clientId = options.clientId ?? 'parley';
  const clientSecret = options.clientSecret ?? 'salesforce-secret';
  const child = spawn(process.execPath, args(options, clientId, clientSecret), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const origin = await listening(child);
  const call = async (path: string, method = 'GET', body?: object): Promise<Answer> => {
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${origin}${path}`, { method, ...sent });
    if (!response.ok) throw new Error(`salesforce ${path}: ${response.status} ${await response.text()}`);
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
    clientId,
    clientSecret,
    ledger: async () => (await call('/ledger')).changes,
    fault: async (fault) => void (await call('/faults', 'POST', fault)),
    clearFaults: async () => void (await call('/faults/clear', 'POST', {})),
    expireSessions: async () => void (await call('/sessions/expire', 'POST', {})),
    record: async (type, id) => (await call(`/records/${type}/${id}`)).record,
    edit: async (type, id, fields) => void (await call(`/records/${type}/${id}`, 'PATCH', fields)),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

function args(options: SpawnOptions, clientId: string, clientSecret: string): string[] {
  const named: readonly (readonly [string, string | undefined])[] = [
    ['--client-id', clientId],
    ['--client-secret', clientSecret],
    ['--port', String(options.port ?? 0)],
    ['--db', options.db],
    ['--username', options.username],
    ['--public-key', options.publicKey === undefined ? undefined : JSON.stringify(options.publicKey)],
    ['--seed-now', options.seedNow],
    ['--batch', options.batch?.toString()],
    ['--calls-max', options.callsMax?.toString()],
  ];
  const given = named.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  const restricted = [
    ...(options.without ?? []).flatMap((name) => ['--without', name]),
    ...(options.readOnly ?? []).flatMap((name) => ['--read-only', name]),
  ];
  return [entry(), ...given, ...restricted, ...(options.faults === true ? ['--faults'] : [])];
}

/** Beside this file: TypeScript in the repository, JavaScript in the published package. */
function entry(): string {
  const source = fileURLToPath(new URL('./main.ts', import.meta.url));
  return existsSync(source) ? source : fileURLToPath(new URL('./main.js', import.meta.url));
}
