/** Starts the sandbox CRM as the separate process it is: for the demo, the benchmark and tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Sandbox {
  readonly origin: string;
  readonly token: string;
  /** Ground truth: every change that was applied, in order. Needs `faults`. */
  ledger(): Promise<
    readonly { readonly external_id: string; readonly type: string; readonly id: string; readonly revision: number }[]
  >;
  fault(fault: {
    readonly op: 'read' | 'write' | 'any';
    readonly kind: string;
    readonly count?: number;
    readonly ms?: number;
  }): Promise<void>;
  clearFaults(): Promise<void>;
  /** Reads a record past the adapter, as a person at the CRM would. */
  record(type: string, id: string): Promise<Record<string, unknown>>;
  /** Changes a record past the adapter, as a person at the CRM would. */
  edit(type: string, id: string, fields: object): Promise<void>;
  /** Makes a record past the adapter, as a person at the CRM would; its id. */
  make(type: string, fields: object): Promise<string>;
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

interface Answer {
  readonly record: Record<string, unknown>;
  readonly changes: Awaited<ReturnType<Sandbox['ledger']>>;
}

export async function spawnSandbox(
  options: {
    readonly db?: string;
    readonly faults?: boolean;
    readonly token?: string;
    readonly port?: number;
    /** RFC 3339: the day the seeded records lie around. */
    readonly seedNow?: string;
    /** Another program over the same CRM, and what it is told besides. */
    readonly entry?: string;
    readonly args?: readonly string[];
  } = {},
): Promise<Sandbox> {
  const token = options.token ?? 'sandbox-token';
  const args = [options.entry ?? entry(), `--token=${token}`, '--port', String(options.port ?? 0)];
  if (options.db !== undefined) args.push('--db', options.db);
  if (options.seedNow !== undefined) args.push('--seed-now', options.seedNow);
  if (options.faults === true) args.push('--faults');
  args.push(...(options.args ?? []));
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const origin = await listening(child);
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${origin}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers },
    });
    if (!response.ok) throw new Error(`sandbox ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  // It only grows: what was read once is not sent again.
  let known: Answer['changes'] = [];
  const record = async (type: string, id: string) => (await call(`/v1/${type}/${id}`)).record;
  return {
    origin,
    token,
    record,
    async ledger() {
      const before = known;
      const { changes } = await call(`/ledger?skip=${before.length}`);
      const all = [...before, ...changes];
      if (all.length > known.length) known = all;
      return all;
    },
    fault: async (fault) => void (await call('/faults', { method: 'POST', body: JSON.stringify(fault) })),
    clearFaults: async () => void (await call('/faults/clear', { method: 'POST', body: '{}' })),
    async edit(type, id, fields) {
      const { revision } = await record(type, id);
      const headers = { 'if-match': `"${revision}"`, 'external-id': `person:${type}:${id}:${revision}` };
      await call(`/v1/${type}/${id}`, { method: 'PATCH', headers, body: JSON.stringify(fields) });
    },
    async make(type, fields) {
      const headers = { 'external-id': `person:${randomUUID()}` };
      const made = await call(`/v1/${type}`, { method: 'POST', headers, body: JSON.stringify(fields) });
      return String(made.record['id']);
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

const LAST_WORDS_CHARS = 2_000;

/** Resolves with the address in the process's first line of output; rejects with its last words, where they can be heard. */
export function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-LAST_WORDS_CHARS);
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const [line, ...rest] = text.split('\n');
      if (rest.length === 0 || line === undefined) return;
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && 'listening' in value) resolve(String(value.listening));
    });
    child.once('error', reject);
    child.once('close', (code) =>
      reject(new Error(`the process ended with ${code} before it listened. ${words}`.trim())),
    );
  });
}
