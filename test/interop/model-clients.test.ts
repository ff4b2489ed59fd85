/** The clients that models' frameworks bring: the AI SDK's and LangChain's list the tools and call one, with an access token. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from 'vitest';
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

let gateway: TestGateway;
let server: Holder;
beforeAll(async () => {
  server = await holder('ES256');
  const jwks = [{ ...server.jwk, kid: server.jkt, alg: 'ES256' }];
  const issuer = { iss: 'https://as.example', tier: 'company', jwks };
  gateway = await startTestGateway({ config: { token_issuers: [issuer] } });
}, 60_000);
afterAll(() => gateway.stop());

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
