/** `npm run bench`: requests per second and latency of a signed, validated, durable action, side by side with servers that do less.
 * Rounds are interleaved, ratios are paired within a round, and the median is printed: absolute numbers depend on the machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { listening } from '../adapters/sandbox/server/spawn.ts';
import { setStage } from '../demo/setting.ts';
import { scriptOptions } from '../src/cli/script.ts';
import { newAgentKey } from '../src/client/index.ts';
import { load, type Measured } from './load.ts';
import { a2aRequest, echoRequest, registerAgent, signedRequests } from './requests.ts';

const values = scriptOptions({
  usage: `npm run bench [-- --rounds 5] [--seconds 4] [--connections 64]

A signed, validated, durable action beside servers that do less, in interleaved rounds.`,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '64' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);
/** More than any server here answers in a round; requests are signed before the clock starts. */
const REQUESTS_A_SECOND_MAX = 8_000;

const key = await newAgentKey();
const principal = {
  iss: 'https://customer.example',
  key: { ...key.publicJwk, kid: key.keyid },
  subjects: ['contact:C-1001'],
  accounts: ['A-1001'],
};
/** What follows the answer (CRM calls, receipts) is held to one operation at a time, as a CRM's rate limit would hold it. */
const stage = await setStage({ principal, concurrency: 1 });
const children: ChildProcess[] = [];

try {
  const echo = await start('echo');
  const a2a = await start('a2a');
  await registerAgent(stage.origin, key);
  const results = new Map<string, Measured[]>();
  const add = (name: string, measured: Measured) => results.set(name, [...(results.get(name) ?? []), measured]);
  for (let round = 0; round < rounds; round += 1) {
    const signed = signedRequests(stage.origin, key, REQUESTS_A_SECOND_MAX * seconds);
    add('node:http echo', await load({ url: echo, connections, seconds, next: () => echoRequest }));
    add('A2A SDK echo', await load({ url: a2a, connections, seconds, next: () => a2aRequest }));
    add('Parley action', await load({ url: stage.origin, connections, seconds, next: signed }));
  }
  print(results);
} finally {
  for (const child of children) child.kill();
  await stage.strike();
}

async function start(name: string): Promise<string> {
  const child = spawn(process.execPath, [new URL(`./servers/${name}.ts`, import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  once(child, 'error').catch(() => undefined);
  return listening(child);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(results: ReadonlyMap<string, readonly Measured[]>): void {
  const parley = results.get('Parley action') ?? [];
  const line = (cells: readonly string[]) =>
    process.stdout.write(
      `${cells.map((cell, index) => (index === 0 ? cell.padEnd(16) : cell.padStart(11))).join('')}\n`,
    );
  line(['', 'requests/s', 'p50 ms', 'p99 ms', 'failed', 'Parley is']);
  for (const [name, measured] of results) {
    const ratio = median(measured.map(({ perSecond }, round) => (parley[round]?.perSecond ?? Number.NaN) / perSecond));
    const of = (pick: (each: Measured) => number, digits = 1) => median(measured.map(pick)).toFixed(digits);
    const failed = measured.reduce((sum, each) => sum + each.failed, 0);
    line([
      name,
      of((each) => each.perSecond, 0),
      of((each) => each.p50),
      of((each) => each.p99),
      String(failed),
      `${ratio.toFixed(2)}x`,
    ]);
  }
  process.stdout.write(
    `\n${rounds} interleaved rounds of ${seconds} s, ${connections} connections, median of paired ratios.\n`,
  );
}
