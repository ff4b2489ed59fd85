import { ConfigError, loadConfig } from '../config.ts';
import { startGateway } from '../main.ts';
import type { Log } from '../ports.ts';

/** One JSON object a line on standard error: events and ids, never payloads. */
const log: Log = (event, fields = {}) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
};

/** Runs until told to stop. A second signal stops at once; the next start recovers. */
export async function startCommand(path: string | undefined): Promise<void> {
  try {
    const gateway = await startGateway(loadConfig(path), log);
    process.stdout.write(`${JSON.stringify({ listening: gateway.url })}\n`);
    const stop = () => {
      process.once('SIGINT', () => process.exit(1));
      process.once('SIGTERM', () => process.exit(1));
      void gateway.stop().then(() => process.exit(0));
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  } catch (error) {
    process.stderr.write(`parley: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? 78 : 1);
  }
}
