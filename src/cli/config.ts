import { parseArgs } from 'node:util';
import { loadConfig } from '../config/config.ts';
import { type Io, UsageError } from './exit.ts';

export const CONFIG_USAGE = `parley config check [FILE]

Every mistake of a configuration at once, with its place, as parley start would find them before it opens anything: run it with the same
environment. FILE is PARLEY_CONFIG, or parley.json, unless told. What only the CRM can tell is found by parley start.

Exit: 0 no mistake, 78 mistakes.`;

export function configCommand(args: readonly string[], io: Io): number {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
  const [verb, file, ...more] = positionals;
  if (verb !== 'check' || more.length > 0) throw new UsageError('it is parley config check FILE');
  const { origin, company } = loadConfig(file);
  io.out(`${company}, ${origin}: no mistake in the configuration`);
  return 0;
}
