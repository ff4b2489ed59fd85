/** `node test/conformance/start.ts CONFIG`: a gateway for independent suites, on loopback over a sandbox CRM only. */
import { startCommand } from '../../src/cli/start.ts';
import { makeIds, systemClock } from '../../src/platform/world-sources.ts';
import { conformanceProfile } from './profile/profile.ts';

process.exitCode = await startCommand(process.argv.slice(2), (config) =>
  conformanceProfile(config, systemClock, makeIds(systemClock)),
);
