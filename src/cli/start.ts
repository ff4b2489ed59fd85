import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../config/config.ts';
import { openGateway } from '../gateway.ts';
import { makeJsonLog } from '../platform/json-log.ts';
import { systemClock } from '../platform/world-sources.ts';
import type { SuiteProfile } from '../serve/suite-profile.ts';
import { UsageError } from './exit.ts';

export const START_USAGE = `parley start [CONFIG] [--accept-restore]

Runs the gateway until it is told to stop (SIGTERM, SIGINT, SIGHUP): it ends what is under way, then itself. A second SIGTERM or SIGINT
stops at once, and the next start recovers. Nothing is read anew on a signal: a changed configuration takes a stop and a start.
  CONFIG               the configuration (default: PARLEY_CONFIG, or parley.json)
  --accept-restore     once, after an older copy of the data was put back (docs/operations.md)`;

/** Runs until told to stop. Who tells it twice means at once; the next start recovers. `profileOf`: what a suite needs before it. */
export async function startCommand(
  args: readonly string[],
  profileOf?: (config: Config) => SuiteProfile,
): Promise<number> {
  const { path, acceptRestore } = readArguments(args);
  const config = loadConfig(path);
  // Events and ids, never payloads.
  const write = (line: string) => void process.stderr.write(line);
  const log = makeJsonLog({ least: config.log_level, clock: systemClock, write });
  const gateway = await openGateway(config, log, { acceptRestore, profile: profileOf?.(config) });
  process.stdout.write(`${JSON.stringify({ listening: gateway.url })}\n`);
  const stop = () => {
    for (const signal of STOPS) process.removeAllListeners(signal);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    // A terminal that closes sends it more than once, and systemd right after SIGTERM: nobody means `at once` by it.
    process.on('SIGHUP', () => undefined);
    void gateway.stop().then(() => process.exit(0));
  };
  for (const signal of STOPS) process.once(signal, stop);
  return 0;
}

/** The end of a terminal or of a session is no crash: what is under way is ended there, too. */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function readArguments(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { 'accept-restore': { type: 'boolean', default: false } },
  });
  if (positionals.length > 1) throw new UsageError(`one configuration, not ${positionals.length}`);
  return { path: positionals[0], acceptRestore: values['accept-restore'] };
}
