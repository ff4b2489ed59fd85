/** `npm run bench:floods`: what strangers' requests cost their sender and what they cost us, and what an innocent agent feels of it.
 * Real processes, CPU time by Linux' own accounts. `--write` keeps the table in bench/RESULTS-floods.md. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { scriptOptions } from '../../src/cli/script.ts';
import { makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';
import { type Flood, floodsOf, signedBy } from './kinds.ts';
import type { Order } from './pour.ts';
import { ask, type Poured } from './send.ts';
import { setFloodStage } from './stage.ts';

const values = scriptOptions({
  usage: `npm run bench:floods [-- --seconds 5] [--only NAME] [--write]

What strangers' requests cost their sender and us, and what an innocent agent feels of it (Linux).
  --seconds N   of each flood
  --only NAME   one of them
  --write       keeps the table in bench/RESULTS-floods.md`,
  options: {
    seconds: { type: 'string', default: '5' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(values.seconds);
/** The innocent agent's own pace, whatever happens. */
const PACE_MS = 40;
const NEWCOMERS = 5;
const NEWCOMER_PATIENCE_MS = 20_000;

const READING = `
- Nothing before proof is answered with more than six times its bytes but what everybody is shown alike: documents, and MCP's lists and resources, which are made once and only
  copied. They are larger than what asks for them, cost next to nothing to send, and a batch has one of them.
- A request that points somewhere causes one look-up at most; what a look-up costs is the 503s' and 401s' rows. A sign-in that is looked at costs half a second of a core;
  ten are looked at, and then one in two seconds, whatever the number of addresses; the others wait up to twenty seconds for a turn. An opaque token is asked about
  twenty times a second at most. A registration is a durable write, of which a bounded room is kept.
- On a machine as busy as this one, latencies and the difference of CPU times are upper bounds and noise beside each other; bytes, answers and memory are exact.
`;

const stage = await setFloodStage();
const { origin, newcomer, directoriesPort } = stage;
const innocent = await newAgentKey();
await makeClient({ gateway: origin, key: innocent, journal: memoryJournal() }).register({ name: 'Innocent' });

interface Felt {
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** Of agents nobody knew: how long the slowest took to be heard, told to wait included. */
  readonly newcomerMs: number;
}

/** One request after another at a steady pace: what waits for an answer holds up none of the next. */
async function live(until: () => boolean): Promise<Felt> {
  const asked: Promise<{ status: number; ms: number }>[] = [];
  const heard: Promise<number>[] = [];
  for (let at = 0; !until(); at += 1) {
    const body = JSON.stringify({ input: { topic: 'Renewal', message: 'Please call back.', urgency: 'normal' } });
    const headers = { 'content-type': 'application/json', 'idempotency-key': `"${crypto.randomUUID()}"` };
    const sent = signedBy(innocent, origin, { method: 'POST', path: '/actions/human.handoff', headers, body });
    asked.push(ask(origin, sent));
    const isTime = at % Math.max(1, Math.floor((SECONDS * 1_000) / PACE_MS / NEWCOMERS)) === 0;
    if (isTime) heard.push(hearNewcomer());
    await sleep(PACE_MS);
  }
  const answers = await Promise.all(
    asked.map((each) => each.catch(() => ({ status: 0, ms: Number.POSITIVE_INFINITY }))),
  );
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
  return {
    p50: quantile(0.5),
    p99: quantile(0.99),
    failed: answers.filter(({ status }) => status !== 202 && status !== 200).length,
    newcomerMs: Math.max(...(await Promise.all(heard))),
  };
}

/** An agent with a directory of its own, whom nobody has seen before. It waits as it is told and asks again. */
async function hearNewcomer(): Promise<number> {
  const started = performance.now();
  const host = `n${crypto.randomUUID()}.new.test`;
  const headers = { 'signature-agent': `"http://${host}:${directoriesPort}"` };
  const path = '/operations/op_00000000-0000-7000-8000-000000000000';
  while (performance.now() - started < NEWCOMER_PATIENCE_MS) {
    const { status, retryAfterMs } = await ask(origin, signedBy(newcomer, origin, { method: 'GET', path, headers }));
    // Proven, and told that there is no such operation of its own.
    if (status === 404) return performance.now() - started;
    if (status !== 503) return Number.POSITIVE_INFINITY;
    await sleep(retryAfterMs);
  }
  return Number.POSITIVE_INFINITY;
}

const lasting = (seconds: number) => {
  const end = performance.now() + seconds * 1_000;
  return () => performance.now() > end;
};

async function pourAside({ name }: Flood): Promise<Poured> {
  const order: Order = { origin, directoriesPort, name, seconds: SECONDS };
  const worker = new Worker(new URL('./pour.ts', import.meta.url), { workerData: order });
  const [result] = await once(worker, 'message');
  return result as Poured;
}

async function measure(flood: Flood | undefined) {
  const before = stage.used();
  const until = lasting(SECONDS);
  const [felt, poured] = await Promise.all([live(until), flood === undefined ? undefined : pourAside(flood)]);
  const after = stage.used();
  await sleep(500);
  return { felt, poured, cpuMs: after.cpuMs - before.cpuMs, rssMb: after.rssBytes / 1e6 };
}

const shown = (ms: number) => (Number.isFinite(ms) ? `${ms.toFixed(ms < 10 ? 1 : 0)}` : 'never');

const shownCpu = (ms: number) => (ms < 0.05 ? '< 0.05' : ms.toFixed(2));

function row(
  name: string,
  { felt, poured, cpuMs, rssMb }: Awaited<ReturnType<typeof measure>>,
  idleMs: number,
): string {
  const statuses = [...(poured?.statuses ?? [])]
    .sort((a, b) => b[1] - a[1])
    .map(([status, count]) => `${status}: ${count}`);
  const per = (total: number) => (poured === undefined ? '' : (total / poured.requests).toFixed(0));
  const cells = [
    name,
    poured === undefined ? '' : String(Math.round(poured.requests / SECONDS)),
    statuses.join(', '),
    poured === undefined ? '' : `${per(poured.bytesOut)} : ${per(poured.bytesIn)}`,
    poured === undefined ? '' : (poured.bytesIn / poured.bytesOut).toFixed(1),
    poured === undefined ? '' : shownCpu((cpuMs - idleMs) / poured.requests),
    shown(felt.p50),
    shown(felt.p99),
    felt.failed === 0 ? '' : String(felt.failed),
    shown(felt.newcomerMs),
    rssMb.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

try {
  await measure(undefined);
  const calm = await measure(undefined);
  const head = [
    'flood',
    'requests/s',
    'answers',
    'bytes asked : caused',
    'ratio',
    'CPU ms a request',
    'innocent p50',
    'p99 (ms)',
    'failed',
    'newcomer heard (ms)',
    'RSS (MB)',
  ];
  const lines = [`| ${head.join(' | ')} |`, `|${head.map(() => ' --- ').join('|')}|`, row('none', calm, 0)];
  process.stdout.write(`${lines.join('\n')}\n`);
  const floods = floodsOf({ origin, directoriesPort, stranger: await newAgentKey() });
  for (const flood of floods.filter(({ name }) => values.only === undefined || name.includes(values.only))) {
    const line = row(flood.name, await measure(flood), calm.cpuMs);
    process.stdout.write(`${line}\n`);
    lines.push(line);
  }
  if (values.write) writeFileSync(new URL('../RESULTS-floods.md', import.meta.url), report(lines));
} finally {
  await stage.strike();
}

function report(lines: readonly string[]): string {
  return `# Floods

\`npm run bench:floods -- --write\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, two cores shared with the flood itself, the agents and others' work.
Each row: ${SECONDS} s of one flood by 16 connections (200 where an answer takes seconds) as fast as they are answered, whatever Retry-After says, beside one innocent agent's
${Math.round(1_000 / PACE_MS)} signed, durable requests a second and ${NEWCOMERS} agents whom nobody has seen before, each with a directory of its own. Bytes are of one request and its answer, head included; CPU is the
gateway process's, less what it uses without a flood.

${lines.join('\n')}
${READING}`;
}
