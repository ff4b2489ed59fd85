/** `parley adapter new NAME` and `parley adapter check PATH`: from nothing to an adapter that has shown what it promises. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { check } from '../../adapters/conformance/check.ts';
import { type Io, UsageError } from './exit.ts';

export const ADAPTER_USAGE = `parley adapter new NAME                 a working adapter with tests, a simulator and its kit, in ./NAME
parley adapter check PATH ... [--json]  hold adapters to their manifests; 0: all conformant, 1: not, 2: could not be judged
parley adapter check PATH --rule N      one rule alone, with what every call came to`;

export async function adapterCommand(args: readonly string[], io: Io): Promise<number> {
  const [command, ...rest] = args;
  try {
    if (command === 'new' && rest.length === 1) return scaffold(rest[0] ?? '', process.cwd(), io);
    if (command === 'check') return await check(rest, io, () => []);
  } catch (error) {
    if (error instanceof UsageError || (error instanceof Error && 'code' in error)) throw error;
    io.err(error instanceof Error ? error.message : String(error));
    return 2;
  }
  throw new UsageError('it is parley adapter new NAME, or parley adapter check PATH');
}

/** Where each file of the template goes. The test has another name here, so that this repository’s own runner leaves it alone. */
const FILES: Readonly<Record<string, string>> = {
  'index.ts': 'index.ts',
  'store.ts': 'store.ts',
  'mapping.json': 'mapping.json',
  'kit.ts': 'kit.ts',
  'adapter.spec.ts': 'adapter.test.ts',
  'simulator/crm.ts': 'simulator/crm.ts',
  'scaffold/README.md': 'README.md',
  'scaffold/package.json': 'package.json',
  'scaffold/tsconfig.json': 'tsconfig.json',
};

function scaffold(name: string, directory: string, io: Io): number {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    throw new UsageError('a name is lower-case letters, digits and single hyphens, at most 40: acme-crm');
  }
  const target = resolve(directory, name);
  if (existsSync(target) && readdirSync(target).length > 0) {
    io.err(`${target} is there already and is left as it is`);
    return 1;
  }
  const { root, version } = ownPackage();
  for (const [from, to] of Object.entries(FILES)) {
    const file = join(target, to);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, adapted(readFileSync(join(root, 'adapters/template', from), 'utf8'), name, version));
  }
  io.out(`${name}/ is a working adapter. Next:\n  cd ${name} && npm install && npm run check && npm test`);
  return 0;
}

function adapted(text: string, name: string, version: string): string {
  return text
    .replaceAll(/'(?:\.\.\/)+sdk\/public\.ts'/g, "'parley-gateway/adapter'")
    .replaceAll(/'(?:\.\.\/)+conformance\/public\.ts'/g, "'parley-gateway/adapter/kit'")
    .replaceAll('Template CRM', name)
    .replaceAll(/\btemplate\b/g, name)
    .replace('"parley-gateway": "^0.1.0"', `"parley-gateway": "^${version}"`);
}

/** This package, whether it runs from its sources or as it was published. */
function ownPackage(): { readonly root: string; readonly version: string } {
  for (let root = import.meta.dirname; root !== dirname(root); root = dirname(root)) {
    if (!existsSync(join(root, 'adapters/template/scaffold'))) continue;
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return { root, version };
  }
  throw new Error('the template is missing from this installation');
}
