/** `parley mcp --url …`: an MCP server on standard input and output for AI clients that cannot sign HTTP. It holds the user's key. */
import { exec } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs, promisify } from 'node:util';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import manifest from '../../package.json' with { type: 'json' };
import { type AgentKey, type Client, fileJournal, loadAgentKey, makeClient, newAgentKey } from '../client/index.ts';
import { makeBridge } from '../client/mcp-bridge.ts';
import { ProblemError } from '../client/problem.ts';
import { CannotDo, type Io, UsageError } from './exit.ts';

export const MCP_USAGE = `parley mcp --url GATEWAY [options]    MCP on standard input and output, signing for you
  --key FILE       your agent's private key (JWK); made on first use (default: parley-agent.json)
  --mandate FILE   your mandate for this key, as your company or wallet gave it; read at every request, so replace it as you like
  --mandate-command COMMAND
                   run where an action needs another mandate, such as one given for it now, with three arguments: the action, the
                   gateway and the key's thumbprint; it prints the mandate
  --name NAME      how the agent introduces itself (default, for a key that is not known yet: MCP bridge)`;

/** Standard output belongs to MCP: everything for people goes to standard error. */
export async function mcpCommand(args: readonly string[], io: Io): Promise<number> {
  const { url, key: path, mandate, 'mandate-command': command, name } = readOptions(args);
  const gateway = new URL(url).origin;
  const key = await agentKey(path);
  const client = makeClient({ gateway, key, journal: fileJournal(`${path}.journal`) });
  await introduce(client, name);
  await client.resume();
  const bridge = await makeBridge({
    gateway,
    client,
    version: manifest.version,
    mandate: () => (mandate === undefined || !existsSync(mandate) ? undefined : readFileSync(mandate, 'utf8').trim()),
    place: `for the key ${key.keyid}, ${mandate === undefined ? 'and start the bridge with --mandate FILE' : `in ${mandate}`}`,
    ...(command === undefined ? {} : { freshMandate: (action: string) => runFor(command, { action, key, gateway }) }),
  });
  io.err(`connected to ${gateway} as ${key.keyid}`);
  serveStdio(bridge);
  return 0;
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      key: { type: 'string', default: 'parley-agent.json' },
      mandate: { type: 'string' },
      'mandate-command': { type: 'string' },
      name: { type: 'string' },
    },
  });
  const { url } = values;
  if (url === undefined || !URL.canParse(url))
    throw new UsageError(url === undefined ? '--url must be given' : `--url is no address: ${url}`);
  return { ...values, url };
}

/** A key that is known keeps its name, unless another is given. */
async function introduce(client: Client, name: string | undefined): Promise<void> {
  const isKnown = name === undefined && (await client.read(NOBODYS).then(yes, isNot('key-unknown')));
  if (!isKnown) await client.register({ name: name ?? 'MCP bridge' });
}

/** An operation that does not exist: who is known is told so, who is not is told that. */
const NOBODYS = 'op_00000000-0000-7000-8000-000000000000';
const yes = () => true;
const isNot = (code: string) => (error: unknown) => {
  if (!(error instanceof ProblemError)) throw error;
  return !error.type.endsWith(`:${code}`);
};

const ACTION = /^[a-z0-9][a-z0-9._]{0,63}$/;

/** What the user's own command prints. It may ask them, so it has their time. */
const COMMAND_MS_MAX = 300_000;

interface For {
  readonly action: string;
  readonly key: AgentKey;
  readonly gateway: string;
}

async function runFor(command: string, { action, key, gateway }: For): Promise<string> {
  // The gateway names its actions: nothing of a name may mean anything to a shell.
  if (!ACTION.test(action)) throw new TypeError('This is no name of an action.');
  const { stdout } = await promisify(exec)(`${command} ${action} ${gateway} ${key.keyid}`, { timeout: COMMAND_MS_MAX });
  return stdout.trim();
}

async function agentKey(path: string): Promise<AgentKey> {
  if (existsSync(path))
    try {
      return await loadAgentKey(JSON.parse(readFileSync(path, 'utf8')));
    } catch (error) {
      throw new CannotDo(
        `--key ${path} holds no private key: ${error instanceof Error ? error.message : 'unreadable'}`,
      );
    }
  const key = await newAgentKey();
  writeFileSync(path, JSON.stringify(key.privateJwk), { mode: 0o600, flag: 'wx' });
  return key;
}
