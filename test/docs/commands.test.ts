/** Every command that a document names: there is such a command, it takes such options, and somebody runs it as it is printed. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { freePort, gatewayProcess } from '../../demo/process.ts';
import example from '../../examples/parley.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };
import { COMMANDS } from '../../src/cli/commands.ts';
import { runParley } from '../../src/cli/run.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'protocol/SPEC.md',
  'protocol/A2A.md',
].concat(readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`));
const OURS = /^(?:[A-Z_]+=\S+ )*(?:parley|npx|npm|node) /;

interface Named {
  readonly page: string;
  readonly line: string;
}

/** In blocks to be typed, whole lines; in sentences, what stands in code. */
const [typed, told]: readonly [Named[], Named[]] = [[], []];
for (const page of PAGES) {
  const text = readFileSync(join(ROOT, page), 'utf8');
  for (const [, language = '', block = ''] of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm))
    for (const each of ['', 'sh'].includes(language) ? block.split('\n') : []) {
      const line = each.replace(/ +# .*$/, '');
      if (OURS.test(line)) typed.push(...line.split(' && ').map((part) => ({ page, line: part })));
    }
  for (const [, line = ''] of text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g))
    if (OURS.test(line)) told.push({ page, line });
}

/** What is wrong with a command as it is written. */
async function faultOf(line: string): Promise<string | undefined> {
  const words = line
    .split(' ')
    .filter((word, at, all) => !all.slice(0, at + 1).every((each) => /^[A-Z_]+=/.test(each)) && word !== '');
  const [first = '', second = '', third = '', ...rest] = words;
  if (first === 'parley') return faultOfParley(words.slice(1));
  if (first === 'npm') {
    if (['ci', 'install', 'pack'].includes(second)) return undefined;
    const [script, args] = second === 'run' ? [third, rest] : [second, words.slice(2)];
    const is = Object.entries(manifest.scripts).find(([name]) => name === script)?.[1];
    if (is === undefined) return `there is no script ${script}`;
    return script === 'parley' ? faultOfParley(args.slice(1)) : faultOfScript(is, args);
  }
  const at = words.indexOf('parley');
  if (first === 'npx' && at > 0) return faultOfParley(words.slice(at + 1));
  const file = words.find((word) => /\.(?:ts|js)$/.test(word) || word.startsWith('test/'));
  if (file === undefined) return line === 'npx node' || line.endsWith(' …') ? undefined : 'what does it run?';
  if (!existsSync(join(ROOT, file))) return `there is no ${file}`;
  const args = words.slice(words.indexOf(file) + 1);
  return file === 'src/cli/main.ts' ? faultOfParley(args) : faultOfScript(`node ${file}`, args);
}

async function faultOfParley([name = '', ...args]: readonly string[]): Promise<string | undefined> {
  if (['--help', '--version', 'COMMAND'].includes(name)) return undefined;
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) return `there is no command ${name}`;
  const { usage } = await command.load();
  const unknown = args.find((each) => each.startsWith('--') && each !== '--help' && !usage.includes(each));
  return unknown === undefined ? undefined : `parley ${name} takes no ${unknown}`;
}

/** A script that takes options says which in its own file. */
function faultOfScript(script: string, args: readonly string[]): string | undefined {
  const [, file] = /^node ((?:[\w-]+\/)+[\w-]+\.ts)/.exec(script) ?? [];
  if (file === undefined) return undefined;
  const text = readFileSync(join(ROOT, file), 'utf8');
  const unknown = args.find((each) => each.startsWith('--') && each.length > 2 && !text.includes(each.slice(2)));
  return unknown === undefined ? undefined : `${file} takes no ${unknown}`;
}

const directory = mkdtempSync(join(tmpdir(), 'parley-commands-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs `parley` as typed, with files of ours in the place of the reader's. */
async function parley(line: string, files: Readonly<Record<string, string>> = {}, ends = { code: 0, words: /./ }) {
  const words = line.replace(/^.*?\bparley (?:-- )?/, '').split(' ');
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const io = { readFile: async (path: string) => readFileSync(path, 'utf8'), out: say, err: say };
  const { code } = await runParley(
    words.map((word) => files[word] ?? word),
    io,
  );
  expect([code, said.join('\n')]).toEqual([ends.code, expect.stringMatching(ends.words)]);
}
async function simulated(line: string): Promise<void> {
  const policy = join(directory, 'new-policy.json');
  writeFileSync(policy, JSON.stringify(example.negotiation['contract.renew']));
  await parley(`${line} --runs 2`, {
    'parley.json': 'examples/parley.json',
    'contracts.json': 'examples/contracts.json',
    'new-policy.json': policy,
    'simulation.html': join(directory, 'simulation.html'),
    'report.html': join(directory, 'report.html'),
  });
}

/** With the example's configuration, and the sandbox that it wants, at ports that are free here. */
async function withSandbox(
  use: (given: { path: string; token: string; port: number }) => Promise<unknown>,
): Promise<void> {
  const [crm, port] = [await spawnSandbox({ token: 'as-it-is-printed' }), await freePort()];
  // As README says: the sandbox's port, and that of the example.
  expect([example.crm.origin, example.listen.port]).toEqual(['http://127.0.0.1:4010', 8080]);
  const here = { origin: `http://127.0.0.1:${port}`, listen: { host: '127.0.0.1', port }, data_dir: 'data' };
  const path = join(directory, 'parley.json');
  writeFileSync(path, JSON.stringify({ ...example, ...here, crm: { ...example.crm, origin: crm.origin } }));
  try {
    await use({ path, token: crm.token, port });
  } finally {
    await crm.stop();
  }
}

const starts = () =>
  withSandbox(async ({ path, token, port }) => {
    const gateway = gatewayProcess(path, { PARLEY_CRM_TOKEN: token });
    await gateway.start();
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    expect(await gateway.stop()).toBe(0);
  });

const checksActions = () =>
  withSandbox(async ({ path, token }) => {
    const args = ['src/cli/main.ts', 'action', 'check', 'examples/actions', '--config', path];
    const env = { PARLEY_CRM_TOKEN: token };
    expect((await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })).stdout).toMatch(/./);
  });

/** On the data directory of a gateway that has sent nothing yet. */
async function ofOutbox(line: string): Promise<void> {
  openSqliteStore(join(directory, 'parley.db'), () => undefined).close();
  const ends = line.includes('replay') ? { code: 1, words: /^nothing of .* is waiting/ } : { code: 0, words: /^$/ };
  await parley(line, { DATA_DIR: directory }, ends);
}

/** Who runs it: this file, a test that says so, or nobody here, and why. */
const RUN: Readonly<
  Record<string, ((line: string) => Promise<void>) | { readonly by: string } | { readonly not: string }>
> = {
  'npm ci': { not: 'it installs from a registry: .ci/check.sh begins with it' },
  'npm test': { not: 'it runs this' },
  'npm run build': { by: 'test/interop/package.test.ts' },
  'npm run demo -- --auto-approve': { by: 'test/interop/examples.test.ts' },
  'npm run playground -- --auto-approve': { by: 'test/interop/examples.test.ts' },
  'npx node --env-file=.parley/playground.env examples/http-agent.ts': { by: 'test/interop/examples.test.ts' },
  'npx node --env-file=.parley/playground.env examples/a2a-agent.ts': { by: 'test/interop/examples.test.ts' },
  'MODEL_URL=http://127.0.0.1:11434/v1 MODEL=qwen3 npx node --env-file=.parley/playground.env examples/mcp-agent.ts': {
    by: 'test/interop/examples.test.ts',
  },
  'npm run parley -- mandate --playground --action contract.cancel --account A-1002': {
    by: 'test/interop/examples.test.ts',
  },
  'npx parley verify receipt.json --keys company-keys.json': { by: 'test/interop/examples.test.ts' },
  'PARLEY_CRM_TOKEN=… npm start -- examples/parley.json': starts,
  'npm run parley -- simulate examples/parley.json --records examples/contracts.json --html simulation.html': simulated,
  'parley simulate parley.json --records contracts.json --html report.html': simulated,
  'parley simulate parley.json --records contracts.json --against new-policy.json': simulated,
  'parley simulate --domain examples/domains/joint-launch.json': simulated,
  'npm run parley -- simulate parley.json --replay --since 2026-10-01 --policy new-policy.json': {
    by: 'test/flows/simulate.test.ts',
  },
  'parley simulate parley.json --replay --since 2026-10-01 --policy new-policy.json': {
    by: 'test/flows/simulate.test.ts',
  },
  'parley action check examples/actions': (line) => parley(line),
  'parley action check examples/actions --config parley.json': checksActions,
  'npx --package parley-gateway parley adapter new acme-crm': { by: 'src/cli/adapter.test.ts' },
  'npm install': { not: 'it installs from a registry' },
  'npm run check': { by: 'src/cli/adapter.test.ts' },
  'parley start --accept-restore': { by: 'test/flows/restore.test.ts' },
  'parley outbox list DATA_DIR': ofOutbox,
  'parley outbox replay ID DATA_DIR': ofOutbox,
  'parley outbox replay ENDPOINT DATA_DIR': ofOutbox,
};

describe('the commands that documents name', () => {
  it('O10: are there, with their options', async () => {
    expect([typed.length > 20, told.length > 30]).toEqual([true, true]);
    const faults = await Promise.all(
      [...typed, ...told].map(async ({ page, line }) => ({ page, line, fault: await faultOf(line) })),
    );
    expect(faults.filter(({ fault }) => fault !== undefined)).toEqual([]);
  });

  it('O10: would be found if they were not', async () => {
    const wrong = [
      'parley frob',
      'parley mandate --nonsense',
      'npm run frob',
      'npx node src/none.ts',
      'npm run demo -- --frob',
    ];
    expect((await Promise.all(wrong.map(faultOf))).filter((fault) => fault === undefined)).toEqual([]);
  });

  it('O10: are each run by somebody, or it is said why not', () => {
    const lines = [...new Set(typed.map(({ line }) => line))];
    expect(lines.filter((line) => RUN[line] === undefined)).toEqual([]);
    expect(Object.keys(RUN).filter((line) => !lines.includes(line))).toEqual([]);
    for (const each of Object.values(RUN)) if ('by' in each) expect(existsSync(join(ROOT, each.by))).toBe(true);
  });

  const here = Object.entries(RUN).flatMap(([line, how]) => (typeof how === 'function' ? [{ line, how }] : []));
  it.each(here)('O10: $line', { timeout: 60_000 }, ({ line, how }) => how(line));
});

/** Those that take options. */
const SCRIPTS = [
  'demo',
  'playground',
  'bench',
  'bench:floods',
  'bench:negotiation',
  'soak:negotiation',
  'soak:crash',
] as const;

const scripted = (script: (typeof SCRIPTS)[number], option: string) => {
  const file = /^node (\S+\.ts)/.exec(manifest.scripts[script])?.[1] ?? expect.fail(script);
  return promisify(execFile)(process.execPath, [join(ROOT, file), option]);
};

describe('a script that takes options', () => {
  it.each(SCRIPTS)('O10: npm run %s says what it takes', async (script) => {
    const stdout = expect.stringMatching(`^npm run ${script} `);
    expect(await scripted(script, '--help')).toMatchObject({ stdout, stderr: '' });
  });

  it('O10: tells a misspelt one, and ends with 64 before anything is begun', async () => {
    const stderr = expect.stringMatching(/--auto-aprove.*\n\nnpm run demo /);
    await expect(scripted('demo', '--auto-aprove')).rejects.toMatchObject({ code: 64, stdout: '', stderr });
  });
});
