/** An adapter that is not part of this package: the operator names its file, and it runs with the gateway’s own rights. */
import { pathToFileURL } from 'node:url';
import type { GatewayOptions } from '../../adapters/sdk/gateway.ts';
import type { Adapter } from '../../adapters/sdk/index.ts';
import { ConfigError } from '../config/config.ts';

/** Throws {@link ConfigError} with what the file or its `makeAdapter` says. */
export async function ownAdapter(file: string, options: GatewayOptions): Promise<Adapter> {
  let adapter: unknown;
  try {
    const { makeAdapter }: { makeAdapter?: unknown } = await import(pathToFileURL(file).href);
    if (typeof makeAdapter !== 'function') throw new Error('exports no makeAdapter');
    adapter = await makeAdapter(options);
  } catch (error) {
    throw new ConfigError([`/crm/module ${file}: ${error instanceof Error ? error.message : 'cannot be loaded'}`]);
  }
  if (!isAdapter(adapter)) throw new ConfigError([`/crm/module ${file}: makeAdapter made no adapter`]);
  return adapter;
}

const CALLS = ['health', 'discover', 'read', 'plan', 'execute', 'verify'];

function isAdapter(value: unknown): value is Adapter {
  if (typeof value !== 'object' || value === null || !('manifest' in value)) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  return CALLS.every((name) => typeof members.get(name) === 'function');
}
