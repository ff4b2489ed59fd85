import { parseArgs } from 'node:util';
import type { Profile } from '../compose-peers.ts';
import { type Config, ConfigError, loadConfig } from '../config.ts';
import { makeIds, systemClock } from '../identity/world-sources.ts';
import { startGateway } from '../main.ts';
import type { Log } from '../ports.ts';

/** One JSON object a line on standard error: events and ids, never payloads. */
const log: Log = (event, fields = {}) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
};

/** Runs until told to stop. A second signal stops at once; the next start recovers. */
export async function startCommand(args: readonly string[]): Promise<void> {
  try {
    const { path, profile, acceptRestore } = readArguments(args);
    const config = loadConfig(path);
    const gateway = await startGateway(config, log, await profileNamed(profile, config), { acceptRestore });
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

function readArguments(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { profile: { type: 'string' }, 'accept-restore': { type: 'boolean', default: false } },
    });
    if (positionals.length > 1) throw new ConfigError([`one configuration, not ${positionals.length}`]);
    return { path: positionals[0], profile: values.profile, acceptRestore: values['accept-restore'] };
  } catch (error) {
    throw error instanceof ConfigError
      ? error
      : new ConfigError([error instanceof Error ? error.message : 'arguments']);
  }
}

async function profileNamed(name: string | undefined, config: Config): Promise<Profile | undefined> {
  if (name === undefined) return undefined;
  if (name !== 'conformance') throw new ConfigError([`--profile ${name}: there is only \`conformance\``]);
  const { conformanceProfile } = await import('../conformance/profile.ts');
  return conformanceProfile(config, systemClock, makeIds(systemClock));
}
