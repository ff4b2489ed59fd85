/** A real process that is told to stop, by every signal and more than once, while something is under way; and what it says meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listening, type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { freePort } from '../../demo/process.ts';
import { makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';
import { testConfig } from '../support/config.ts';

const CLI = join(import.meta.dirname, '../../src/cli/main.ts');

let directory: string;
let crm: Sandbox;
let origin: string;
let gateway: ChildProcess;
let said: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-signals-'));
  crm = await spawnSandbox({ token: 'signals-token', faults: true });
  origin = `http://127.0.0.1:${await freePort()}`;
}, 60_000);
afterEach(() => crm.clearFaults());
afterAll(async () => {
  gateway?.kill('SIGKILL');
  await crm?.stop();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

async function start(more: object = {}) {
  const path = join(directory, 'parley.json');
  const own = { origin, principal: await newAgentKey(), subjects: ['contact:C-1001'], accounts: ['A-1001'] };
  const config = testConfig({ ...own, crm: { adapter: 'sandbox', origin: crm.origin } });
  writeFileSync(path, JSON.stringify({ ...config, ...more }));
  said = '';
  gateway = spawn(process.execPath, [CLI, 'start', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PARLEY_CRM_TOKEN: crm.token },
  });
  gateway.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  await listening(gateway);
  const client = makeClient({ gateway: origin, key: await newAgentKey(), journal: memoryJournal() });
  await client.register({ name: 'Agent' });
  return client;
}

const lines = () =>
  said
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly level: string; readonly event: string });

/** A person is called, and the CRM takes its time over the ticket. */
async function underWay(): Promise<string> {
  const client = await start();
  await crm.fault({ op: 'write', kind: 'delay', ms: 2_500, count: 1 });
  const { id } = await client.submit('human.handoff', { topic: 'Help', message: 'Call', urgency: 'normal' });
  await expect.poll(async () => (await client.read(id)).state, { timeout: 10_000 }).toBe('executing');
  return id;
}

/** It takes nobody in any more. */
async function stopping(): Promise<void> {
  const serves = () =>
    fetch(`${origin}/health/live`).then(
      () => true,
      () => false,
    );
  await expect.poll(serves, { timeout: 10_000 }).toBe(false);
}

async function ended(): Promise<unknown> {
  if (gateway.exitCode !== null || gateway.signalCode !== null) return gateway.exitCode ?? gateway.signalCode;
  const [code, signal] = (await once(gateway, 'exit')) as [number | null, string | null];
  return code ?? signal;
}

describe('a gateway that is told to stop', () => {
  it.each([
    ['SIGHUP, as by a terminal that closes', ['SIGHUP', 'SIGHUP', 'SIGHUP']],
    ['SIGTERM, then SIGHUP, as by systemd', ['SIGTERM', 'SIGHUP']],
  ] as const)(
    'O9: %s, ends what is under way first',
    async (_, signals) => {
      await underWay();
      const begun = performance.now();
      for (const signal of signals) {
        gateway.kill(signal);
        await stopping();
      }
      expect(await ended()).toBe(0);
      // It has waited for what the CRM was asked to do.
      expect(performance.now() - begun).toBeGreaterThan(500);
      expect(lines().filter(({ level }) => level === 'error')).toEqual([]);
    },
    60_000,
  );

  it('O9: twice by who means it, ends at once', async () => {
    await underWay();
    gateway.kill('SIGTERM');
    await stopping();
    gateway.kill('SIGTERM');
    expect(await ended()).toBe(1);
  }, 60_000);
});

describe('a gateway in the hands of who runs it', () => {
  it('O9: says whether it serves and whether it is ready, to strangers without reasons, in its log with them', async () => {
    await start();
    const ready = async () => {
      const answer = await fetch(`${origin}/health/ready`);
      return { status: answer.status, text: await answer.text() };
    };
    for (const path of ['/health', '/health/live']) {
      const live = await fetch(`${origin}${path}`);
      expect([live.status, await live.json(), live.headers.get('cache-control')]).toEqual([
        200,
        { ok: true },
        'no-store',
      ]);
    }
    await expect.poll(async () => (await ready()).status, { timeout: 10_000 }).toBe(200);
    await crm.fault({ op: 'any', kind: '500-before', count: 10_000 });
    // It was well when it was last asked: a start asks anew.
    gateway.kill('SIGTERM');
    await ended();
    await start({ log_level: 'warn' });
    await expect.poll(() => lines().some(({ event }) => event === 'crm.health'), { timeout: 20_000 }).toBe(true);
    const parts = { store: true, log: true, adapter: false, clock: true, revocations: true };
    expect(await ready()).toEqual({ status: 503, text: JSON.stringify({ ok: false, parts }) });
    expect((await fetch(`${origin}/health/live`)).status).toBe(200);
    // What is less than was asked for is not said.
    expect(lines().map(({ level }) => level)).not.toContain('info');
    await crm.clearFaults();
    await expect.poll(async () => (await ready()).status, { timeout: 15_000 }).toBe(200);
    gateway.kill('SIGTERM');
    expect(await ended()).toBe(0);
  }, 90_000);
});
