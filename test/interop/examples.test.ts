/** The examples as a newcomer runs them: real processes, the built package, and for the model a scripted one behind real HTTP. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgentKey } from '../../src/client/index.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const run = promisify(execFile);
let gateway: TestGateway;
let directory: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  const root = resolve('.');
  const [built] = await Promise.all([
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']),
  ]);
  expect(built.stderr).toBe('');
  gateway = await startTestGateway({ config: { signoff: { rules: [] } } });
  directory = mkdtempSync(join(tmpdir(), 'parley-examples-'));
  const key = await newAgentKey();
  const files = { AGENT_KEY: join(directory, 'agent.json'), MANDATE: join(directory, 'mandate.txt') };
  writeFileSync(files.AGENT_KEY, JSON.stringify(key.privateJwk), { mode: 0o600 });
  writeFileSync(files.MANDATE, await gateway.mandateFor({ key, client: (await gateway.newAgent()).client }));
  environment = { ...process.env, GATEWAY: gateway.origin, ...files };
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  rmSync(directory, { recursive: true, force: true });
});

const example = (name: string, more: Record<string, string> = {}) =>
  run(process.execPath, [resolve('examples', name)], {
    cwd: directory,
    env: { ...environment, ...more },
    timeout: 60_000,
  });

describe('a customer’s agent', () => {
  it('over signed HTTP renews a contract and keeps the receipt', async () => {
    const { stdout } = await example('http-agent.ts');
    expect(stdout).toMatch(/^accept /m);
    expect(stdout).toMatch(/^completed /m);
    const receipt = join(directory, 'receipt.json');
    const keys = join(directory, 'keys.json');
    writeFileSync(keys, await (await fetch(`${gateway.origin}/.well-known/jwks.json`)).text());
    const { stdout: verdict } = await run(process.execPath, ['src/cli/main.ts', 'verify', receipt, '--keys', keys]);
    expect(verdict).toContain('VALID');
  }, 90_000);

  it('over A2A checks what the company knows', async () => {
    const { stdout } = await example('a2a-agent.ts');
    expect(stdout).toContain('is completed');
    expect(stdout).toMatch(/^output .*confirmed/m);
  }, 90_000);

  it('over MCP is driven by a model', async () => {
    const model = await scriptedModel();
    const { port } = model.server.address() as AddressInfo;
    const { stdout } = await example('mcp-agent.ts', {
      MODEL_URL: `http://127.0.0.1:${port}/v1`,
      MODEL: 'scripted',
      MODEL_KEY: 'k',
    });
    model.server.close();
    expect(stdout).toMatch(/→ contract_renew.*\n→ operation_read.*\n→ offer_accept/);
    expect(stdout).toContain('The contract is renewed');
    expect(JSON.stringify(model.asked[0])).not.toMatch(/idempotency_key|eyJ/);
  }, 90_000);
});

interface ModelMessage {
  readonly role: string;
  readonly content: unknown;
}

/** An OpenAI-compatible endpoint whose model follows a script, reading what it needs out of the tools' answers as a model would. */
async function scriptedModel(): Promise<{ server: Server; asked: unknown[] }> {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { messages: ModelMessage[] };
    asked.push(body);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(completion(body.messages)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, asked };
}

function completion(messages: readonly ModelMessage[]) {
  const heard = messages
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => JSON.stringify(content).replaceAll('\\', ''));
  const operation = /op_[0-9a-f-]{36}/.exec(heard[0] ?? '')?.[0];
  const [, offer, terms_digest] =
    /"id":"(of_[0-9a-f-]{36})".*?"terms_digest":"(sha-256:[\w-]{43})"/.exec(heard[1] ?? '') ?? [];
  const script: readonly (readonly [name: string, args: object])[] = [
    ['contract_renew', { contract: 'K-1001', proposal: { seats: 32, term_months: 24 } }],
    ['operation_read', { operation, wait: true }],
    ['offer_accept', { operation, offer, terms_digest }],
    ['operation_read', { operation, wait: true }],
  ];
  const step = script[heard.length];
  const message =
    step === undefined
      ? {
          role: 'assistant',
          content: /"state":"completed"/.test(heard.at(-1) ?? '') ? 'The contract is renewed.' : 'It is not.',
        }
      : {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: `call-${heard.length}`,
              type: 'function',
              function: { name: step[0], arguments: JSON.stringify(step[1]) },
            },
          ],
        };
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'scripted',
    choices: [{ index: 0, message, finish_reason: step === undefined ? 'stop' : 'tool_calls' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}
