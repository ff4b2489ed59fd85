/** `parley mcp --url …`: an MCP server on standard input and output for AI clients that cannot sign HTTP. It holds the user's key. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import manifest from '../../package.json' with { type: 'json' };
import { type AgentKey, fileJournal, loadAgentKey, makeClient, newAgentKey } from '../client/index.ts';
import { makeBridge } from '../client/mcp-bridge.ts';

const USAGE = `parley mcp --url GATEWAY [options]    MCP on standard input and output, signing for you
  --key FILE       your agent's private key (JWK); made on first use (default: parley-agent.json)
  --mandate FILE   your mandate for this key, as your company or wallet gave it
  --name NAME      how the agent introduces itself (default: MCP bridge)`;

interface Io {
  readonly err: (line: string) => void;
}

/** Standard output belongs to MCP: everything for people goes to standard error. */
export async function mcpCommand(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  const options = readOptions(args);
  if (options === undefined) {
    io.err(USAGE);
    return 2;
  }
  const { url, key: path, mandate, name } = options;
  const gateway = new URL(url).origin;
  const key = await agentKey(path);
  const client = makeClient({ gateway, key, journal: fileJournal(`${path}.journal`) });
  await client.register({ name });
  await client.resume();
  const bridge = await makeBridge({
    gateway,
    client,
    version: manifest.version,
    mandate: mandate === undefined ? undefined : readFileSync(mandate, 'utf8').trim(),
  });
  io.err(`connected to ${gateway} as ${key.keyid}`);
  serveStdio(bridge);
  return 0;
}

function readOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        key: { type: 'string', default: 'parley-agent.json' },
        mandate: { type: 'string' },
        name: { type: 'string', default: 'MCP bridge' },
      },
    });
    const { url } = values;
    return url !== undefined && URL.canParse(url) ? { ...values, url } : undefined;
  } catch {
    return undefined;
  }
}

async function agentKey(path: string): Promise<AgentKey> {
  if (existsSync(path)) return loadAgentKey(JSON.parse(readFileSync(path, 'utf8')));
  const key = await newAgentKey();
  writeFileSync(path, JSON.stringify(key.privateJwk), { mode: 0o600, flag: 'wx' });
  return key;
}
