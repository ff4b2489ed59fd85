import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PARLEY = join(ROOT, 'src/cli/main.ts');
const LONG_MS = 120_000;

let directory: string;
let acme: string;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], cwd = directory): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, timeout: LONG_MS }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}
const parley = (...args: string[]) => run([PARLEY, 'adapter', ...args]);

/** The package as an integrator has it, without building it: the same names, pointing at the sources. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-adapter-'));
  acme = join(directory, 'acme-crm');
  const own = join(directory, 'node_modules/parley-gateway');
  mkdirSync(own, { recursive: true });
  symlinkSync(ROOT, join(own, 'sources'));
  symlinkSync(join(ROOT, 'node_modules/@types'), join(directory, 'node_modules/@types'));
  const { exports }: { exports: Record<string, { default: string }> } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  const sources = Object.entries(exports).map(([name, { default: built }]) => [
    name,
    built.replace('./dist/', './sources/').replace(/\.js$/, '.ts'),
  ]);
  writeFileSync(
    join(own, 'package.json'),
    JSON.stringify({ name: 'parley-gateway', type: 'module', exports: Object.fromEntries(sources) }),
  );
  expect(await parley('new', 'acme-crm')).toMatchObject({ code: 0, err: '' });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('parley adapter new', () => {
  it(
    'makes an adapter whose tests, the kit among them, pass at once',
    async () => {
      const { code, out } = await run(['--test'], acme);
      expect(out).toContain('keeps the promises of its manifest');
      expect(code).toBe(0);
    },
    LONG_MS,
  );

  it(
    'in strict TypeScript, with nothing left of the template’s name',
    async () => {
      const { code, out } = await run([join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', acme]);
      expect([out, code]).toEqual(['', 0]);
      const files = readdirSync(acme, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'));
      expect(files.toSorted()).toEqual([
        ...['README.md', 'adapter.test.ts', 'index.ts', 'kit.ts', 'mapping.json', 'package.json'],
        ...['simulator/crm.ts', 'store.ts', 'tsconfig.json'],
      ]);
      for (const file of files)
        expect(readFileSync(join(acme, file), 'utf8')).not.toMatch(/\btemplate\b|\/public\.ts/i);
    },
    LONG_MS,
  );

  it.each(['', '.', '..', '../x', 'Acme', 'a/b', '-x', 'a--b', 'x'.repeat(41)])(
    'makes nothing called %j',
    async (name) => {
      const before = readdirSync(directory);
      expect((await parley('new', name)).code).toBe(64);
      expect(readdirSync(directory)).toEqual(before);
    },
  );

  it('leaves alone what is there', async () => {
    const own = join(directory, 'mine');
    mkdirSync(own);
    writeFileSync(join(own, 'index.ts'), '// mine');
    expect((await parley('new', 'mine')).code).toBe(1);
    expect(readdirSync(own)).toEqual(['index.ts']);
  });
});

describe('parley adapter check', () => {
  it(
    'tells a broken promise: the rule, what was seen, what to do; and ends with 1',
    async () => {
      const file = join(acme, 'store.ts');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace("[412, 'conflict']", "[412, 'invalid']"));
      const { code, out } = await parley('check', 'acme-crm', '--json');
      writeFileSync(file, text);
      expect(code).toBe(1);
      const [report] = JSON.parse(out);
      expect(report).toMatchObject({ adapter: 'acme-crm', version: '0.1.0', ok: false });
      const failed = report.results.filter((each: { outcome: { kind: string } }) => each.outcome.kind === 'fail');
      expect(failed.map(({ rule }: { rule: number }) => rule)).toEqual([8, 9, 18]);
      expect(failed[0].outcome).toMatchObject({ seen: expect.stringContaining('invalid'), todo: expect.any(String) });
    },
    LONG_MS,
  );

  it(
    'ends with 2 where nothing can be judged',
    async () => {
      writeFileSync(join(directory, 'odd.ts'), 'export const subject = 1;');
      writeFileSync(join(directory, 'throws.ts'), 'throw new Error("no simulator here");');
      for (const args of [['check'], ['check', 'nowhere'], ['check', 'odd.ts']])
        expect([args, (await parley(...args)).code]).toEqual([args, 2]);
      for (const args of [['check', '--what'], [], ['new'], ['other']])
        expect([args, (await parley(...args)).code]).toEqual([args, 64]);
      const { code, err } = await parley('check', 'throws.ts');
      expect([code, err.includes('no simulator here')]).toEqual([2, true]);
    },
    LONG_MS,
  );
});
