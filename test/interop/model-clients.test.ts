/** The clients that models' frameworks bring, the AI SDK's and LangChain's: with an access token at the gateway itself, and a whole renewal
 * through the bridge that signs for them. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Holder, holder, mint } from '../support/tokens.ts';

interface Callable {
  readonly name: string;
  invoke(args: object): Promise<unknown>;
}
interface AiSdk {
  createMCPClient(options: object): Promise<{
    tools(): Promise<Record<string, { execute(args: object, options: object): Promise<unknown> }>>;
    close(): Promise<void>;
  }>;
}
interface AiSdkStdio {
  readonly Experimental_StdioMCPTransport: new (options: { command: string; args: string[] }) => object;
}
interface LangChain {
  readonly MultiServerMCPClient: new (servers: object) => { getTools(): Promise<Callable[]>; close(): Promise<void> };
}

const { resolve } = createRequire(import.meta.url);
/** They are no dependency of anything but this: where they are not installed there is nothing to show. */
function isInstalled(name: string): boolean {
  try {
    return resolve(name) !== '';
  } catch {
    return false;
  }
}
const [AI_SDK, LANGCHAIN] = ['@ai-sdk/mcp', '@langchain/mcp-adapters'];

let directory: string;
let gateway: TestGateway;
let server: Holder;
beforeAll(async () => {
  server = await holder('ES256');
  const jwks = [{ ...server.jwk, kid: server.jkt, alg: 'ES256' }];
  const issuer = { iss: 'https://as.example', tier: 'company', jwks };
  const rules = [{ name: 'all', when: 'action == "contract.renew"', role: 'approver', reason: 'Every renewal.' }];
  gateway = await startTestGateway({ config: { token_issuers: [issuer], signoff: { rules } } });
  directory = mkdtempSync(join(tmpdir(), 'parley-model-clients-'));
}, 60_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await gateway.stop();
});

async function endpoint() {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'https://as.example', aud: gateway.origin, sub: 'contact:C-1001', iat: now, exp: now + 300 };
  return { url: `${gateway.origin}/mcp`, headers: { Authorization: `Bearer ${await mint(server, claims)}` } };
}
const args = () => ({ idempotency_key: randomUUID(), input: { topic: 'Help' } });

it.skipIf(!isInstalled(AI_SDK))(
  'D23: the AI SDK’s client lists the tools and calls a person',
  async () => {
    const { createMCPClient } = (await import(AI_SDK)) as AiSdk;
    const client = await createMCPClient({ transport: { type: 'http', ...(await endpoint()) } });
    const tools = await client.tools();
    expect(Object.keys(tools)).toEqual(expect.arrayContaining(['contract_renew', 'operation_read', 'actions_read']));
    const called = await tools['human_handoff']?.execute(args(), { toolCallId: 'x', messages: [] });
    expect(JSON.stringify(called)).toContain('human.handoff');
    await client.close();
  },
  30_000,
);

it.skipIf(!isInstalled(LANGCHAIN))(
  'D23: LangChain’s adapters list the tools, call a person, and tell a fault',
  async () => {
    const { MultiServerMCPClient } = (await import(LANGCHAIN)) as LangChain;
    const client = new MultiServerMCPClient({ parley: { transport: 'http', ...(await endpoint()) } });
    const tools = await client.getTools();
    const tool = (name: string) => tools.find((each) => each.name.endsWith(name)) ?? expect.fail(name);
    expect(JSON.stringify(await tool('human_handoff').invoke(args()))).toContain('human.handoff');
    await expect(tool('operation_read').invoke({ operation: 'x' })).rejects.toThrow(/There is no such thing here/);
    await client.close();
  },
  30_000,
);

type Call = (tool: string, args: object) => Promise<unknown>;

/** How either client starts the bridge, for an agent of its own. */
async function bridge(name: string) {
  const agent = await gateway.newAgent();
  const [key, mandate] = [join(directory, `${name}.json`), join(directory, `${name}.txt`)];
  writeFileSync(key, JSON.stringify(agent.key.privateJwk), { mode: 0o600 });
  writeFileSync(mandate, await gateway.mandateFor(agent));
  const args = ['src/cli/main.ts', 'mcp', '--url', gateway.origin, '--key', key, '--mandate', mandate];
  return { command: process.execPath, args };
}

/** What a model reads of a tool's answer: the JSON in its text. */
function read<T = OperationView>(answer: unknown): T {
  const { content = answer } = Object(answer);
  const parts: readonly unknown[] = Array.isArray(content) ? content : [content];
  const text = parts.map((part) => (typeof part === 'string' ? part : String(Object(part).text ?? ''))).join('');
  // Tables of its schedules come before.
  return JSON.parse(text.split('\n\n').at(-1) ?? '');
}

/** As a model does it, with nothing but plain arguments: asks, counters, accepts, waits for the person, reads the receipt. */
async function renew(call: Call, contract: string): Promise<void> {
  const wait = async (id: string) => read(await call('operation_read', { operation: id, wait_seconds: 40 }));
  const { id } = read(await call('contract_renew', { contract, proposal: { seats: 30 } }));
  expect((await wait(id)).state).toBe('negotiating');
  await call('offer_counter', { operation: id, terms: { seats: 30, term_months: 24 } });
  const offer = (await wait(id)).offers?.findLast(({ by }) => by === 'company') ?? expect.fail('no offer');
  await call('offer_accept', { operation: id, offer: offer.id, terms_digest: offer.terms_digest });
  let view = await wait(id);
  while (view.state !== 'awaiting_signoff') view = await wait(id);
  await gateway.approve(`${gateway.origin}/console/signoffs/${view.signoff?.id}`);
  while (view.state !== 'completed') view = await wait(id);
  expect(view.output).toMatchObject({ contract, terms: { seats: 30 } });
  expect(await gateway.crm.record('contracts', contract)).toMatchObject({ next_seats: 30 });
  expect(read<{ verdict: string }>(await call('receipt_read', { operation: id })).verdict).toBe('valid');
}

it.skipIf(!isInstalled(AI_SDK))(
  'D23: the AI SDK’s client does a whole renewal through the bridge',
  async () => {
    const { createMCPClient } = (await import(AI_SDK)) as AiSdk;
    const { Experimental_StdioMCPTransport: Stdio } = (await import(`${AI_SDK}/mcp-stdio`)) as AiSdkStdio;
    const client = await createMCPClient({ transport: new Stdio(await bridge('ai-sdk')) });
    const tools = await client.tools();
    await renew(
      (name, input) => tools[name]?.execute(input, { toolCallId: 'x', messages: [] }) ?? expect.fail(name),
      'K-1001',
    );
    await client.close();
  },
  60_000,
);

it.skipIf(!isInstalled(LANGCHAIN))(
  'D23: LangChain’s adapters do a whole renewal through the bridge',
  async () => {
    await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
    const { MultiServerMCPClient } = (await import(LANGCHAIN)) as LangChain;
    const client = new MultiServerMCPClient({ parley: { transport: 'stdio', ...(await bridge('langchain')) } });
    const tools = await client.getTools();
    await renew(
      (name, input) => (tools.find((each) => each.name.endsWith(name)) ?? expect.fail(name)).invoke(input),
      'K-1001',
    );
    await client.close();
  },
  60_000,
);
