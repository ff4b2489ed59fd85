import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { describe, expect, it } from 'vitest';

const CONFIG: string = '../.dependency-cruiser.mjs';
interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string; readonly pathNot?: string };
}
const { default: rules }: { default: { forbidden: readonly Rule[]; options: object } } = await import(CONFIG);

const ROOT = join(import.meta.dirname, '..');
const LINES_MAX = 300;
const TEST_LINES_MAX = 600;

function sources(): { readonly path: string; readonly text: string }[] {
  return ['protocol', 'src', 'adapters', 'demo', 'test', 'bench'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') })),
  );
}

const isTest = (path: string) =>
  path.endsWith('.test.ts') || path.startsWith('test/') || path.startsWith('bench/') || path.startsWith('demo/');

describe('the tree', () => {
  const all = sources();

  it('is seen by these checks', () => {
    expect(all.length).toBeGreaterThan(120);
  });

  it('has files that can be read in a sitting', () => {
    const long = all.filter(({ path, text }) => text.split('\n').length > (isTest(path) ? TEST_LINES_MAX : LINES_MAX));
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('leaves nothing undone and hides no type', () => {
    const banned = /\b(?:TODO|FIXME|XXX|HACK)\b|\bas any\b|@ts-ignore|@ts-nocheck/;
    expect(all.filter(({ path, text }) => !isTest(path) && banned.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('reads the clock and makes randomness only where that is its job', () => {
    const impure = /\bDate\.now\(|new Date\(\)|Math\.random\b/;
    const core =
      /^(?:protocol\/[^/]+\/[^/]+|src\/(?:actions|edge|engine|execution|handoff|ledger|negotiation|signoff|watch|serve)\/.+|adapters\/(?:sdk|sandbox)\/[^/]+)\.ts$/;
    const found = all.filter(({ path, text }) => core.test(path) && !isTest(path) && impure.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});

describe('what is configured by path', () => {
  const all = sources().map(({ path }) => path);
  const json = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
  const isThere = (path: string) => globSync(path, { cwd: ROOT }).length > 0;

  it('is an import rule for files that there are', () => {
    const idle = rules.forbidden.filter(({ from: { path = '', pathNot } }) => {
      const [is, isNot] = [new RegExp(path), new RegExp(pathNot ?? '^$')];
      return !all.some((each) => is.test(each) && !isNot.test(each));
    });
    expect(idle.map(({ name }) => name)).toEqual([]);
  });

  it('is an import rule about rooms that there are', () => {
    const groups = JSON.stringify(rules.forbidden).matchAll(/src\/\((?:\?!)?([^()]+)\)/g);
    const rooms = new Set([...groups].flatMap(([, names = '']) => names.split('|')).map((name) => `src/${name}`));
    expect(rooms.size).toBeGreaterThan(20);
    const gone = [...rooms].filter((room) => !all.some((each) => `${each.replace(/\.ts$/, '')}/`.startsWith(room)));
    expect(gone).toEqual([]);
  });

  it('is checked and counted as used only where something is', () => {
    const { overrides }: { overrides: readonly { includes: readonly string[] }[] } = json('biome.json');
    const { entry, project }: { entry: readonly string[]; project: readonly string[] } = json('knip.json');
    const named = [...overrides.flatMap(({ includes }) => includes), ...entry, ...project];
    expect(named.filter((path) => !isThere(path))).toEqual([]);
  });
});

/** One breach a rule: a file that must be caught, and what it imports. */
const BREACHES: Readonly<Record<string, readonly [file: string, imports: string]>> = {
  'no-circles': ['src/store/a.ts', './b.ts'],
  'protocol-is-pure': ['protocol/x.ts', 'node:fs'],
  'features-serve-nothing': ['src/ledger/x.ts', '../client/index.ts'],
  'features-know-no-adapter': ['src/execution/x.ts', '../../adapters/acme/index.ts'],
  'reading-is-pure': ['src/reading/x.ts', '../voice/model.ts'],
  'features-are-strangers': ['src/negotiation/x.ts', '../signoff/step.ts'],
  'engine-knows-no-feature': ['src/engine/x.ts', '../signoff/step.ts'],
  'adapters-know-the-sdk': ['adapters/acme/x.ts', 'kysely'],
  'sdk-is-small': ['adapters/sdk/x.ts', 'kysely'],
  'mcp-knows-its-client': ['adapters/mcp/x.ts', 'kysely'],
  'sql-knows-its-databases': ['adapters/sql/x.ts', 'undici'],
  'adapters-know-no-gateway': ['adapters/acme/y.ts', '../../src/engine/step.ts'],
  'platform-knows-no-feature': ['src/platform/x.ts', '../engine/step.ts'],
  'serve-knows-no-store': ['src/serve/x.ts', '../store/b.ts'],
  'bindings-decide-nothing': ['src/serve/http/x.ts', '../../signoff/step.ts'],
  'only-serve-knows-hono': ['src/edge/x.ts', 'hono'],
  'client-knows-no-server': ['src/client/x.ts', '../engine/step.ts'],
  'verifier-knows-no-server': ['src/cli/verify.ts', '../engine/step.ts'],
  'product-knows-no-rig': ['src/config/x.ts', '../../test/support/x.ts'],
  'nobody-imports-gateway': ['src/serve/console/x.ts', '../../gateway.ts'],
};
const STAGE: Readonly<Record<string, string>> = {
  'src/store/b.ts': "export * from './a.ts';",
  'src/client/index.ts': 'export const client = 1;',
  'src/signoff/step.ts': 'export const step = 1;',
  'src/engine/step.ts': 'export const step = 1;',
  'test/support/x.ts': 'export const x = 1;',
  'src/gateway.ts': 'export const gateway = 1;',
  'adapters/acme/index.ts': 'export const acme = 1;',
};

describe('the import rules', () => {
  it('catch a planted breach of each', async () => {
    const base = mkdtempSync(join(tmpdir(), 'parley-breach-'));
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), text);
    };
    for (const [path, text] of Object.entries(STAGE)) put(path, text);
    for (const [path, imports] of Object.values(BREACHES))
      put(path, `import * as x from '${imports}';\nexport { x };\n`);
    writeFileSync(join(base, 'package.json'), JSON.stringify({ type: 'module' }));
    symlinkSync(join(ROOT, 'node_modules'), join(base, 'node_modules'));
    const result = await cruise(['protocol', 'src', 'adapters'], {
      ...rules.options,
      exclude: { path: '^dist' },
      baseDir: base,
      ruleSet: { forbidden: rules.forbidden },
      validate: true,
    } as Parameters<typeof cruise>[1]);
    const { summary } = result.output as ICruiseResult;
    const caught = new Set(summary.violations.map(({ rule }) => rule.name));
    expect([...caught].sort()).toEqual(rules.forbidden.map(({ name }) => name).sort());
    expect(Object.keys(BREACHES).sort()).toEqual(rules.forbidden.map(({ name }) => name).sort());
  });
});
