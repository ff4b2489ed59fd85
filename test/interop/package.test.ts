/** The package as it is published: what a developer of an agent imports, compiled in a project of their own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { tooOld } from '../../src/cli/node-version.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** What those import who are not this company: a customer's agent, and whoever checks a receipt. */
const ENTRIES = ['./client', './verify'] as const;
const sourceOf = (entry: (typeof ENTRIES)[number]) =>
  manifest.exports[entry].types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts');
let project: string;
let installed: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'parley-package-'));
  installed = join(project, 'node_modules', manifest.name);
  mkdirSync(installed, { recursive: true });
  const tsconfig = join(project, 'tsconfig.build.json');
  const files = ENTRIES.map((entry) => join(ROOT, sourceOf(entry)));
  const to = { rootDir: ROOT, outDir: join(installed, 'dist'), typeRoots: [join(ROOT, 'node_modules/@types')] };
  const compilerOptions = { ...to, emitDeclarationOnly: true };
  const own = { extends: join(ROOT, 'tsconfig.build.json'), compilerOptions, include: [], files };
  writeFileSync(tsconfig, JSON.stringify(own));
  execFileSync(process.execPath, [TSC, '-p', tsconfig]);
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  // What comes with it is there, and nothing of this repository's own tools but the types of Node.js.
  for (const name of [...Object.keys(manifest.dependencies), '@types/node', 'undici-types']) {
    mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What `tsc` says of a file of the project, in its strictest mode. */
function compiled(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  const strict = ['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
  const as = ['--module', 'nodenext', '--target', 'es2024', '--types', 'node', '--skipLibCheck', 'false'];
  try {
    return execFileSync(process.execPath, [TSC, ...strict, ...as, name], { cwd: project, encoding: 'utf8' });
  } catch (error) {
    return String(Object(error).stdout);
  }
}

interface Declared {
  /** Exported name → where it is declared. */
  readonly exports: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
  /** Name in this file → its declaration's text. */
  readonly texts: ReadonlyMap<string, string>;
  /** Name in this file → where it comes from. */
  readonly imports: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
}

/** A declaration file as `tsc` writes it: regular enough to be read line by line. */
function read(file: string): Declared {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
  const names = (list: string) =>
    list.split(',').flatMap((each) => {
      const [, name, as = name] = /^\s*(?:type )?(\w+)(?: as (\w+))?\s*$/.exec(each) ?? [];
      return name === undefined || as === undefined ? [] : [{ name, as }];
    });
  const listed = (verb: 'import' | 'export') =>
    [...text.matchAll(new RegExp(`^${verb} (?:type )?\\{([^}]*)\\} from '(\\.[^']+)';`, 'gm'))].flatMap(
      ([, list = '', from = '']) =>
        names(list).map(
          ({ name, as }) => [as, { file: join(dirname(file), from.replace(/\.[jt]s$/, '.d.ts')), name }] as const,
        ),
    );
  const parts = text.split(/^(?=(?:export )?(?:declare )?(?:type|interface|class|function|const|import|export) )/m);
  const declared = parts.flatMap((part) => {
    const [, exported, name] = /^(export )?(?:declare )?(?:type|interface|class|function|const) (\w+)/.exec(part) ?? [];
    return name === undefined ? [] : [{ name, part, isExported: exported !== undefined }];
  });
  return {
    imports: new Map(listed('import')),
    texts: new Map(declared.map(({ name, part }) => [name, part])),
    exports: new Map([
      ...listed('export'),
      ...declared.filter(({ isExported }) => isExported).map(({ name }) => [name, { file, name }] as const),
    ]),
  };
}

/** Every type that is named in what an entry point hands out, and is not exported there. */
function hidden(entry: string): readonly string[] {
  const files = new Map<string, Declared>();
  const at = (file: string): Declared => {
    const known = files.get(file) ?? read(file);
    files.set(file, known);
    return known;
  };
  const settled = ({ file, name }: { readonly file: string; readonly name: string }): string => {
    const { texts, exports, imports } = at(file);
    if (texts.has(name)) return `${file} ${name}`;
    const from = exports.get(name) ?? imports.get(name);
    return from === undefined || from.file === file ? `${file} ${name}` : settled(from);
  };
  const exported = new Set([...at(entry).exports.values()].map(settled));
  const [seen, missing] = [new Set<string>(), new Set<string>()];
  /** `typeof` a constant names a type that has a name of its own. */
  const isValue = (id: string) => {
    const [file = '', name = ''] = id.split(' ');
    return at(file).texts.get(name)?.includes(` const ${name}`) === true;
  };
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const [file = '', name = ''] = id.split(' ');
    const { texts, imports } = at(file);
    for (const word of new Set(texts.get(name)?.match(/\b[A-Z]\w*\b/g))) {
      const used = settled({ file, name: word });
      if (word === name || !(texts.has(word) || imports.has(word)) || isValue(used)) continue;
      if (!exported.has(used)) missing.add(`${word} (${relative(join(installed, 'dist'), used.split(' ')[0] ?? '')})`);
      visit(used);
    }
  };
  for (const id of exported) visit(id);
  return [...missing].toSorted();
}

describe.each(ENTRIES)('O10: %s, as it is published', (path) => {
  const entry = () => join(installed, manifest.exports[path].types);
  const name = `${manifest.name}${path.slice(1)}`;

  it('O10: exports every type that it hands out', () => expect(hidden(entry())).toEqual([]));

  it('O10: each of them can be named, in the strictest mode', () => {
    const names = [...read(entry()).exports.keys()];
    expect(names.length).toBeGreaterThan(15);
    const sample = `import type { ${names.join(', ')} } from '${name}';\nexport type { ${names.join(', ')} };\n`;
    expect(compiled('names.ts', sample)).toBe('');
    expect(compiled('none.ts', `import type { None } from '${name}';\nexport type { None };\n`)).toMatch('None');
  });
});

/** A Node.js of the machine's own that is too old for Parley, where there is one. */
const OLD = (process.env['PATH'] ?? '')
  .split(':')
  .map((folder) => join(folder, 'node'))
  .find((path) => existsSync(path) && tooOld(execFileSync(path, ['--version'], { encoding: 'utf8' }).slice(1).trim()));

it.skipIf(OLD === undefined)('O8: a real old Node.js is told in one sentence, and ends with 78', () => {
  const built = (name: string) => {
    const text = stripTypeScriptTypes(readFileSync(join(ROOT, 'src/cli', `${name}.ts`), 'utf8'));
    writeFileSync(join(project, `${name}.mjs`), text.replaceAll(/'(\.\/[\w-]+)\.ts'/g, "'$1.mjs'"));
  };
  for (const name of ['main', 'node-version']) built(name);
  for (const words of [[], ['--version'], ['start', 'parley.json'], ['frob']]) {
    const { status, stdout, stderr } = spawnSync(String(OLD), [join(project, 'main.mjs'), ...words], {
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([
      78,
      '',
      expect.stringMatching(/^parley needs Node\.js 22\.19 or later.*\n$/),
    ]);
  }
});

it('O10: an install asks nobody about scripts: each package that has one is allowed it or not, by name', () => {
  const { packages }: { packages: Record<string, { hasInstallScript?: boolean }> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  );
  const withScripts = Object.entries(packages).filter(([, each]) => each.hasInstallScript === true);
  const names = withScripts.map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(Object.keys(manifest.allowScripts).toSorted()).toEqual(names.toSorted());
  // Nothing that comes with the package has one: in another's project there is nothing to allow.
  const ours = new Set(Object.keys(manifest.dependencies));
  expect(names.filter((name) => ours.has(name))).toEqual([]);
});
