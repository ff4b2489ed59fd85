/** The gateway as a library: compose it from a configuration, start it, stop it. */
export { type Config, ConfigError, loadConfig, parseConfig } from './config/config.ts';
export { type Gateway, type StartOptions, startGateway } from './gateway.ts';
export type { Log } from './ports.ts';
