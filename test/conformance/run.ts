/** `npm run conformance`: the official MCP suite against a gateway as it is, as far as it goes without a key, and against one in the
 * conformance profile. What a revision requires is judged by the suite's exit code and by every scenario's own checks: a suite that met a
 * dead server can still count passes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StageOptions, setStage } from '../../demo/setting.ts';
import { newAgentKey } from '../../src/client/index.ts';

const REVISIONS = ['2025-11-25', '2026-07-28'];
/** Scenarios that no revision requires, and that must pass all the same: the Tasks extension. */
const WANTED = /^tasks-/;
/** What the suite asks without a key and finds without fixtures: the gateway as everybody has it. */
const PLAIN = [
  ['2025-11-25', 'server-initialize'],
  ['2025-11-25', 'ping'],
  ['2025-11-25', 'tools-list'],
  ['2025-11-25', 'resources-list'],
  ['2025-11-25', 'dns-rebinding-protection'],
  ['2026-07-28', 'tools-list'],
  ['2026-07-28', 'resources-list'],
  ['2026-07-28', 'dns-rebinding-protection'],
  ['2026-07-28', 'sep-2164-resource-not-found'],
] as const;
const SUITE_MS_MAX = 300_000;
const suite = dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'));

/** A gateway with what the suites look for by name. */
const PROFILED = fileURLToPath(new URL('./start.ts', import.meta.url));

interface Verdict {
  readonly revision: string;
  readonly exit: number | null;
  readonly scenarios: readonly { readonly name: string; readonly passed: boolean; readonly scored: boolean }[];
}

const key = await newAgentKey();
const principal = {
  iss: 'https://nordwind.example',
  key: { ...key.publicJwk, kid: key.keyid },
  subjects: ['contact:C-1001'],
  accounts: ['A-1001'],
};
const directory = mkdtempSync(join(tmpdir(), 'parley-conformance-'));
try {
  const failures = [
    ...(await on({ principal }, plainly)),
    ...(await on({ principal, script: PROFILED }, async (url) => {
      const verdicts: Verdict[] = [];
      for (const revision of REVISIONS) verdicts.push(await judge(url, revision));
      return verdicts.flatMap(tell);
    })),
  ];
  process.stdout.write(failures.length === 0 ? '\nEverything required holds.\n' : `\n${failures.join('\n')}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function on(options: StageOptions, judged: (url: string) => Promise<string[]>): Promise<string[]> {
  const stage = await setStage(options);
  try {
    return await judged(`${stage.origin}/mcp`);
  } finally {
    await stage.strike();
  }
}

/** Without the profile. Returns what failed. */
async function plainly(url: string): Promise<string[]> {
  const failures: string[] = [];
  for (const [revision, name] of PLAIN) {
    const { exit, out } = await runSuite(['server', '--url', url, '--scenario', name, '--spec-version', revision]);
    const passed = /^Passed: (\d+)\/\1, 0 failed/m.test(out);
    if (exit !== 0 || !passed)
      failures.push(`MCP ${revision}, without the profile: ${name} ended with ${exit}\n${out}`);
  }
  process.stdout.write(`MCP without the profile: ${PLAIN.length - failures.length} of ${PLAIN.length} scenarios\n`);
  return failures;
}

async function judge(url: string, revision: string): Promise<Verdict> {
  const required = requiredBy(revision);
  const { exit, out } = await runSuite([
    'server',
    '--url',
    url,
    '--requirements',
    revision,
    '-o',
    join(directory, revision),
  ]);
  const summary = out.slice(out.indexOf('=== SUMMARY ==='));
  const scenarios = [...summary.matchAll(/^([✓✗]) ([\w-]+): \d+ passed, (\d+) failed/gm)].map(
    ([, tick, name = '', failed]) => ({ name, passed: tick === '✓' && failed === '0', scored: required.has(name) }),
  );
  const missing = [...required].filter((name) => !scenarios.some((each) => each.name === name));
  return {
    revision,
    exit,
    scenarios: [...scenarios, ...missing.map((name) => ({ name, passed: false, scored: true }))],
  };
}

function runSuite(args: readonly string[]): Promise<{ exit: number | null; out: string }> {
  const child = spawn(process.execPath, [join(suite, 'dist/index.js'), ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: SUITE_MS_MAX,
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.once('close', (exit) => resolve({ exit, out: Buffer.concat(chunks).toString() }));
  });
}

/** The server scenarios that the suite's own frozen list names. */
function requiredBy(revision: string): ReadonlySet<string> {
  const text = readFileSync(join(suite, 'requirements', `${revision}.yaml`), 'utf8');
  const [, section = ''] = /^server:\n((?: {2}- [\w-]+\n)+)/m.exec(text) ?? [];
  const names = [...section.matchAll(/- ([\w-]+)/g)].map(([, name = '']) => name);
  if (names.length === 0) throw new Error(`the suite names no requirements for ${revision}`);
  return new Set(names);
}

/** Prints a verdict; returns what failed. */
function tell({ revision, exit, scenarios }: Verdict): string[] {
  const counts = (of: typeof scenarios) => `${of.filter(({ passed }) => passed).length} of ${of.length}`;
  const scored = scenarios.filter((each) => each.scored);
  const others = scenarios.filter((each) => !each.scored);
  process.stdout.write(
    `MCP ${revision}: exit ${exit}, ${counts(scored)} required scenarios, ${counts(others)} that are run beside them\n`,
  );
  for (const { name, passed } of others) if (!passed) process.stdout.write(`  not required, not passed: ${name}\n`);
  const failed = scenarios.filter(({ name, passed, scored: isScored }) => !passed && (isScored || WANTED.test(name)));
  return [
    ...(exit === 0 ? [] : [`MCP ${revision}: the suite ended with ${exit}`]),
    ...failed.map(({ name }) => `MCP ${revision}: ${name} failed\n${reasons(revision, name)}`),
  ];
}

/** What the suite wrote down of a scenario's failed checks. */
function reasons(revision: string, scenario: string): string {
  const results = join(directory, revision);
  const folders = readdirSync(results).filter((name) => name.startsWith(`server-${scenario}-2`));
  const checks = folders.flatMap((name): unknown =>
    JSON.parse(readFileSync(join(results, name, 'checks.json'), 'utf8')),
  );
  return checks
    .filter((each) => typeof each === 'object' && each !== null && 'status' in each && each.status === 'FAILURE')
    .map((each) => `  ${JSON.stringify(each)}`)
    .join('\n');
}
