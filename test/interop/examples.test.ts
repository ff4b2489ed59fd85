/** The examples as a newcomer runs them: real processes, the built package, and for the model a scripted one behind real HTTP. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAgentKey, makeClient, memoryJournal } from '../../src/client/index.ts';
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
  const process_ = spawn(process.execPath, [join(root, 'demo/playground.ts'), ...options], {
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

const parley = (words: readonly string[], cwd = directory) =>
  run(process.execPath, [join(root, 'dist/src/cli/main.js'), ...words], { cwd, timeout: 60_000 });

describe('a customer’s agent', () => {
  it('O10: over signed HTTP renews a contract and keeps the receipt, or ends with 1', async () => {
    const { stdout } = await example('http-agent.ts');
    expect(stdout).toMatch(/^accept /m);
    expect(stdout).toMatch(/^completed /m);
    const [, words = ''] = /^check it offline: npx parley (verify .*)$/m.exec(stdout) ?? [];
    expect((await parley(words.split(' '))).stdout).toMatch(/^VALID/m);
    // Once more: its next term is agreed, and nothing comes of it.
    const again = { code: 1, stdout: expect.stringMatching(/^rejected .*\ncheck it offline/m) };
    await expect(example('http-agent.ts')).rejects.toMatchObject(again);
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

  it.each([null, 'Let me look again.'])(
    'O10: over MCP fails with words when its model only loops, saying %j',
    async (content) => {
      const reads = { name: 'operation_read', arguments: '{"operation":"op_none"}' };
      const model = await modelThat(() => calling({ content, called: { id: 'c', type: 'function', function: reads } }));
      const { port } = model.server.address() as AddressInfo;
      const looped = example('mcp-agent.ts', { MODEL_URL: `http://127.0.0.1:${port}/v1`, MODEL: 'looping' });
      const stdout = expect.stringMatching(/^The model ended without an answer\./m);
      await expect(looped).rejects.toMatchObject({ code: 1, stdout });
      model.server.close();
    },
    90_000,
  );

  it('O10: over MCP says in a sentence that no model was named', async () => {
    const stderr = 'MODEL_URL is not set: which model is to act?\n';
    await expect(example('mcp-agent.ts')).rejects.toMatchObject({ code: 64, stderr });
  });
});

describe('the playground', () => {
  const kept = (name: string) => readFileSync(join(directory, '.parley', name), 'utf8');
  const granted = (...words: string[]) => parley(['mandate', '--playground', ...words]);

  /** A contract that runs, of another customer, as the sandbox CRM has it. */
  async function runningElsewhere(): Promise<{ readonly id: string; readonly account: string }> {
    const { crm } = JSON.parse(kept('playground.json'));
    const headers = { authorization: `Bearer ${crm.token}` };
    const { records } = (await (await fetch(`${crm.origin}/v1/contracts?limit=50`, { headers })).json()) as {
      records: { id: string; account: string; status: string }[];
    };
    const found = records.find(({ account, status }) => account !== 'A-1001' && status === 'active');
    return found ?? expect.fail('no contract');
  }

  it('O10: gives a mandate for any action and account by one command, which the gateway takes', async () => {
    const gateway = /^GATEWAY=(.*)$/m.exec(kept('playground.env'))?.[1] ?? '';
    const key = await loadAgentKey(JSON.parse(kept('agent.json')));
    const client = makeClient({ gateway, key, journal: memoryJournal() });
    await client.register({ name: 'Newcomer' });
    // One that wants the customer's consent of now, to this alone; of another customer.
    const { id: contract, account } = await runningElsewhere();
    const cancel = () => client.submit('contract.cancel', { contract, when: 'period_end' }, kept('mandate.txt'));
    await expect(cancel()).rejects.toThrow('fresh consent');
    const { stdout, stderr } = await granted('--action', 'contract.cancel', '--account', account);
    expect([kept('mandate.txt'), stderr]).toEqual([stdout.trim(), expect.stringContaining(` at ${account}`)]);
    const { id } = await cancel();
    const { state, problem } = await client.waitForTurn(id);
    expect([state, problem]).toEqual([expect.stringMatching(/^(completed|scheduled)$/), undefined]);
    await granted('--action', 'quote.request', '--action', 'record.read', '--max-uses', '2');
    const quote = { account: 'A-1001', product: 'P-1001', quantity: 3 };
    const asked = await client.submit('quote.request', quote, kept('mandate.txt'));
    expect((await client.waitForTurn(asked.id)).problem).toBeUndefined();
  }, 90_000);

  it('O10: is told what is wrong with what is asked of it', async () => {
    const before = kept('mandate.txt');
    const mistakes = [
      [['--action', 'contract.cancl'], 64, 'did you mean contract.cancel?'],
      [['--action', 'contract.renew', '--account', 'A-9'], 1, 'no account A-9'],
      [['--action', 'contract.renew', '--data', '.'], 64, 'leave --data and --config out'],
      [[], 64, '--action must be given'],
    ] as const;
    for (const [words, code, said] of mistakes)
      await expect(granted(...words)).rejects.toMatchObject({ code, stderr: expect.stringContaining(said) });
    expect(kept('mandate.txt')).toBe(before);
  }, 60_000);

  it('O10: where none is running, the command says how to start one', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'parley-examples-'));
    const stderr = expect.stringContaining('npm run playground');
    const words = ['mandate', '--playground', '--action', 'contract.renew'];
    await expect(parley(words, elsewhere)).rejects.toMatchObject({ code: 1, stderr });
    const gone = {
      gateway: '',
      data: elsewhere,
      key: '',
      mandate: '',
      crm: { origin: 'http://127.0.0.1:1', token: '' },
    };
    mkdirSync(join(elsewhere, '.parley'));
    for (const each of [gone, { ...gone, data: '/none' }, {}]) {
      writeFileSync(join(elsewhere, '.parley/playground.json'), JSON.stringify(each));
      await expect(parley(words, elsewhere)).rejects.toMatchObject({ code: 1, stderr });
    }
    rmSync(elsewhere, { recursive: true });
  });
});

describe('the demo', () => {
  it('O10: leaves a receipt, and the command that it prints verifies it when all is over', async () => {
    const out = join(directory, 'it is mine');
    const options = ['--auto-approve', '--out', out];
    const { stdout } = await run(process.execPath, [join(root, 'demo/main.ts'), ...options], { cwd: root });
    const [, command = ''] = /Again, offline, whenever you like:\n +(.*)\n/.exec(stdout) ?? [];
    expect(command).toMatch(/^npx node src\/cli\/main\.ts verify /);
    expect((await run('sh', ['-c', command], { cwd: root })).stdout).toMatch(/^VALID/m);
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
const scriptedModel = () =>
  modelThat(async (messages) => {
    // Its person does not ask every moment whether the company has decided.
    if (messages.filter(({ role }) => role === 'tool').length > 3) await sleep(500);
    return completion(messages);
  });

async function modelThat(
  answers: (messages: readonly ModelMessage[]) => object | Promise<object>,
): Promise<{ server: Server; asked: unknown[] }> {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { messages: ModelMessage[] };
    asked.push(body);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(await answers(body.messages)));
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
  return step === undefined
    ? calling({ content: isDone ? 'The contract is renewed.' : 'It is not.' })
    : calling({
        content: null,
        called: {
          id: `call-${heard.length}`,
          type: 'function',
          function: { name: step[0], arguments: JSON.stringify(step[1]) },
        },
      });
}

function calling({ content, called }: { readonly content: string | null; readonly called?: object }) {
  const calls = called === undefined ? {} : { tool_calls: [called] };
  const message = { role: 'assistant', content, ...calls };
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'scripted',
    choices: [{ index: 0, message, finish_reason: called === undefined ? 'stop' : 'tool_calls' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}
