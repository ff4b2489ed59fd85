/** `node adapters/conformance/main.ts [--json FILE] [KIT.ts ...]`: the kit over the given subjects, or over every `adapters/<name>/kit.ts`. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Report, runKit, table } from './run.ts';
import type { KitSubject } from './subject.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const kits = positionals.length > 0 ? positionals.map((each) => resolve(each)) : found();
const reports: Report[] = [];
for (const kit of kits) {
  const report = await runKit(await subjectOf(kit));
  process.stdout.write(`${table(report).join('\n')}\n\n`);
  reports.push(report);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, null, 2)}\n`);
process.exitCode = reports.length > 0 && reports.every(({ ok }) => ok) ? 0 : 1;

function found(): string[] {
  const root = join(import.meta.dirname, '..');
  return readdirSync(root)
    .flatMap((name) => [join(root, name, 'kit.ts'), join(root, name, 'kit.js')])
    .filter((path) => existsSync(path));
}

async function subjectOf(kit: string): Promise<KitSubject> {
  const module: { readonly subject?: KitSubject } = await import(pathToFileURL(kit).href);
  if (typeof module.subject?.open !== 'function') throw new Error(`${kit} exports no subject`);
  return module.subject;
}
