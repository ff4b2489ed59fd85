import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { type Report, runKit, table } from './run.ts';
import type { KitSubject } from './subject.ts';

export interface CheckIo {
  out(line: string): void;
  err(line: string): void;
}

const NAMES = ['kit.ts', 'kit.js', 'kit.mjs'];

/** The kit over adapters, each a directory with a kit file or the file itself. Answers the exit code: 0 when all are conformant,
 * 1 when one is not, 2 when one could not be judged at all. */
export async function check(args: readonly string[], io: CheckIo, everyone: () => readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  const paths = positionals.length > 0 ? positionals : everyone();
  if (paths.length === 0) {
    io.err('Name the directory of an adapter.');
    return 2;
  }
  const reports: Report[] = [];
  let isJudged = true;
  for (const path of paths) {
    try {
      for (const subject of await subjectsIn(path)) {
        const report = await runKit(subject);
        reports.push(report);
        if (values.json !== true) io.out(`${table(report).join('\n')}\n`);
      }
    } catch (error) {
      isJudged = false;
      io.err(`${path} could not be judged: ${error instanceof Error ? error.message : inspect(error)}`);
    }
  }
  if (values.json === true) io.out(JSON.stringify(reports, null, 2));
  if (!isJudged) return 2;
  return reports.every(({ ok }) => ok) ? 0 : 1;
}

/** The directories below that hold a kit. */
export function adaptersBelow(root: string): readonly string[] {
  return readdirSync(root)
    .map((name) => join(root, name))
    .filter((path) => NAMES.some((name) => existsSync(join(path, name))));
}

/** One adapter may be judged on several CRMs: then it exports `subjects`. */
async function subjectsIn(path: string): Promise<readonly KitSubject[]> {
  const file = kitFile(resolve(path));
  if (file === undefined) throw new Error(`there is no ${NAMES.join(', ')}`);
  const module: { readonly subject?: KitSubject; readonly subjects?: readonly KitSubject[] } = await import(
    pathToFileURL(file).href
  );
  const subjects = module.subjects ?? (module.subject === undefined ? [] : [module.subject]);
  if (
    subjects.length === 0 ||
    subjects.some(({ name, open }) => typeof open !== 'function' || typeof name !== 'string')
  )
    throw new Error(`${file} exports no \`subject\` with a name and an open()`);
  return subjects;
}

function kitFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (statSync(path).isFile()) return path;
  return NAMES.map((name) => join(path, name)).find((each) => existsSync(each));
}
