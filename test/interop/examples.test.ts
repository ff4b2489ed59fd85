/** The examples as a newcomer runs them: real processes, the built package, and for the model a scripted one behind real HTTP. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideAs, type Person, readAs } from '../support/person.ts';

const run = promisify(execFile);
const root = resolve('.');
let playground: Playground;
let directory: string;

interface Playground {
  readonly process: ChildProcess;
  readonly origin: string;
  readonly person: Person;
}

beforeAll(async () => {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  directory = mkdtempSync(join(tmpdir(), 'parley-examples-'));
  playground = await play(directory, ['--auto-approve']);
}, 120_000);
afterAll(async () => {
  await end(playground);
  rmSync(directory, { recursive: true, force: true });
});

async function play(cwd: string, options: readonly string[]): Promise<Playground> {
  const process_ = spawn(process.execPath, [join(root, 'src/demo/playground.ts'), ...options], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  for await (const line of createInterface({ input: process_.stdout ?? expect.fail() })) {
    told += line;
    if (line.startsWith('stop')) break;
  }
  const [, origin = '', id = '', password = ''] = /people +(\S+)\/console\/ as “(.*?)” with “(.*?)”/.exec(told) ?? [];
  return { process: process_, origin, person: { id, password } };
}

async function end({ process: playing }: Playground): Promise<void> {
  if (playing.exitCode !== null) return;
  const gone = once(playing, 'exit');
  playing.kill('SIGTERM');
  await gone;
}

const example = (name: string, more: Record<string, string> = {}, cwd = directory) =>
  run(process.execPath, ['--env-file=.parley/playground.env', join(root, 'examples', name)], {
    cwd,
    env: { ...process.env, ...more },
    timeout: 60_000,
  });

describe('a customer’s agent', () => {
  it('over signed HTTP renews a contract and keeps the receipt', async () => {
    const { stdout } = await example('http-agent.ts');
    expect(stdout).toMatch(/^accept /m);
    expect(stdout).toMatch(/^completed /m);
    const receipt = join(directory, '.parley/receipt.json');
    const keys = join(directory, 'keys.json');
    const [, origin] = /^GATEWAY=(.*)$/m.exec(readFileSync(join(directory, '.parley/playground.env'), 'utf8')) ?? [];
    writeFileSync(keys, await (await fetch(`${origin}/.well-known/jwks.json`)).text());
    const { stdout: verdict } = await run(process.execPath, ['src/cli/main.ts', 'verify', receipt, '--keys', keys]);
    expect(verdict).toMatch(/^VALID/m);
  }, 90_000);

  it('N4: over signed HTTP goes on after a person’s own offer, to the end', async () => {
    const stage = mkdtempSync(join(tmpdir(), 'parley-examples-'));
    const own = await play(stage, []);
    try {
      const done = example('http-agent.ts', {}, stage);
      const first = await askedFor(own, '');
      const terms = { unit_price: '46.00' };
      expect(await decideAs(own.origin, own.person, first, { decision: 'countered', terms })).toBe(303);
      const second = await askedFor(own, first);
      expect(await decideAs(own.origin, own.person, second, { decision: 'approved' })).toBe(303);
      const { stdout } = await done;
      expect(stdout.match(/^accept /gm)).toHaveLength(2);
      expect(stdout).toMatch(/^completed /m);
    } finally {
      await end(own);
      rmSync(stage, { recursive: true, force: true });
    }
  }, 90_000);

  it('over A2A checks what the company knows', async () => {
    const { stdout } = await example('a2a-agent.ts');
    expect(stdout).toContain('is completed');
    expect(stdout).toMatch(/^output .*"contact.email","result":"differs".*"billing.city","result":"confirmed"/m);
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

/** The sign-off that waits in the inbox, once it is another than this one. */
async function askedFor({ origin, person }: Playground, before: string): Promise<string> {
  let found = '';
  await expect
    .poll(
      async () => {
        const page = await readAs(origin, person, '/console/');
        found = /\/console\/signoffs\/(so_[0-9a-f-]{36})/.exec(page)?.[1] ?? '';
        return found !== '' && found !== before;
      },
      { timeout: 30_000, interval: 400 },
    )
    .toBe(true);
  return found;
}

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
    // Its person does not ask every moment whether the company has decided.
    if (body.messages.filter(({ role }) => role === 'tool').length > 3) await sleep(500);
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
  // The company's last offer: what comes first in the list is what the agent itself proposed.
  const [, offer, terms_digest] =
    [...(heard[1] ?? '').matchAll(/"id":"(of_[0-9a-f-]{36})","by":"company".*?"(sha-256:[\w-]{43})"/g)].at(-1) ?? [];
  const script: readonly (readonly [name: string, args: object])[] = [
    ['contract_renew', { contract: 'K-1121', proposal: { seats: 32, term_months: 24 } }],
    ['operation_read', { operation, wait_seconds: 40 }],
    ['offer_accept', { operation, offer, terms_digest }],
  ];
  const isDone = /"state":"completed"/.test(heard.at(-1) ?? '');
  // A person decides in between: it reads until they have.
  const reads: (typeof script)[number] | undefined =
    isDone || heard.length > 15 ? undefined : ['operation_read', { operation, wait_seconds: 40 }];
  const step = script[heard.length] ?? reads;
  const message =
    step === undefined
      ? {
          role: 'assistant',
          content: isDone ? 'The contract is renewed.' : 'It is not.',
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
