/** A gateway as a process of its own: for the demo, and for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { listening } from '../adapters/sandbox/server/spawn.ts';

export interface GatewayProcess {
  /** Starts it, or starts it again on the same data. */
  start(): Promise<void>;
  /** SIGTERM; its exit code, null where a signal ended it or it does not run. */
  stop(): Promise<number | null>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Of the process that was started last. */
  pid(): number | undefined;
}

/** The gateway of a configuration file, not yet started. `script`: what starts it instead of `parley start`. */
export function gatewayProcess(
  configPath: string,
  secrets: Readonly<Record<string, string>>,
  script?: string,
): GatewayProcess {
  let gateway: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    if (gateway === undefined) return null;
    const { exitCode, signalCode } = gateway;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const gone = once(gateway, 'exit');
    gateway.kill(signal);
    await gone;
    return gateway.exitCode;
  };
  return {
    async start() {
      gateway = spawn(process.execPath, [...(script === undefined ? [CLI, 'start'] : [script]), configPath], {
        stdio: ['ignore', 'pipe', process.env['PARLEY_DEMO_LOG'] === undefined ? 'pipe' : 'inherit'],
        env: { ...process.env, ...secrets },
      });
      await listening(gateway);
    },
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
    pid: () => gateway?.pid,
  };
}

const CLI = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

/** Below those that systems give to outgoing connections: nobody's connection takes it while its server is down for a moment. */
const PORTS = { first: 10_000, last: 30_000 };
const PORT_TRIES_MAX = 100;

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES_MAX; tries += 1) {
    const port = randomInt(PORTS.first, PORTS.last);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
  throw new Error('no free port');
}
