import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { type Report, RULES, runKit, table } from './run.ts';
import type { KitSubject } from './subject.ts';

export interface CheckIo {
  out(line: string): void;
  err(line: string): void;
}

/** A report has some kilobytes. */
const OUTPUT_BYTES_MAX = 16_777_216;
const NAMES = ['kit.ts', 'kit.js', 'kit.mjs'];

/** The kit over adapters, each a directory with a kit file or the file itself. Answers the exit code: 0 when all are conformant,
 * 1 when one is not, 2 when one could not be judged at all. `--rule N`: that rule alone, with what every call came to. */
export async function check(args: readonly string[], io: CheckIo, everyone: () => readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' }, rule: { type: 'string' } },
  });
  const only = values.rule === undefined ? undefined : Number(values.rule);
  if (only !== undefined && !RULES.some(({ number }) => number === only)) {
    io.err(`There is no rule ${values.rule}: they are 1 to ${RULES.length}.`);
    return 2;
  }
  const paths = positionals.length > 0 ? positionals : everyone();
  if (paths.length === 0) {
    io.err('Name the directory of an adapter.');
    return 2;
  }
  const print = ({ reports, failure }: Judged) => {
    if (values.json !== true) for (const report of reports) io.out(`${table(report, only !== undefined).join('\n')}\n`);
    if (failure !== undefined) io.err(failure);
  };
  const all =
    paths.length > 1
      ? await sideBySide(paths, only, print)
      : await Promise.all(paths.map((path) => judged(path, only)));
  if (paths.length === 1) all.forEach(print);
  const reports = all.flatMap((each) => each.reports);
  if (values.json === true) io.out(JSON.stringify(reports, null, 2));
  if (all.some(({ failure }) => failure !== undefined)) return 2;
  return reports.every(({ ok }) => ok) ? 0 : 1;
}

/** What became of one path; `failure`: why it could not be judged. */
interface Judged {
  readonly reports: readonly Report[];
  readonly failure?: string;
}

async function judged(path: string, only: number | undefined): Promise<Judged> {
  const reports: Report[] = [];
  try {
    for (const subject of await subjectsIn(path)) reports.push(await runKit(subject, only));
    return { reports };
  } catch (error) {
    return {
      reports,
      failure: `${path} could not be judged: ${error instanceof Error ? error.message : inspect(error)}`,
    };
  }
}

/** Each in a process of its own, as the kit sets the time zone of its process; more at once than there are processors, as it mostly waits. */
async function sideBySide(
  paths: readonly string[],
  only: number | undefined,
  told: (judged: Judged) => void,
): Promise<readonly Judged[]> {
  const queue = [...paths.entries()];
  const done: Judged[] = [];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, path] = next;
      const here = await apart(path, only);
      done[index] = here;
      told(here);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, lane));
  return done;
}

function apart(path: string, only: number | undefined): Promise<Judged> {
  const source = fileURLToPath(new URL('./main.ts', import.meta.url));
  const entry = existsSync(source) ? source : fileURLToPath(new URL('./main.js', import.meta.url));
  return new Promise((resolveWith) => {
    const rule = only === undefined ? [] : ['--rule', String(only)];
    execFile(process.execPath, [entry, '--json', ...rule, path], { maxBuffer: OUTPUT_BYTES_MAX }, (error, out, err) => {
      try {
        const reports: Report[] = JSON.parse(out);
        resolveWith(error?.code === 2 ? { reports, failure: err.trim() } : { reports });
      } catch {
        resolveWith({ reports: [], failure: `${path} could not be judged: ${err.trim() || String(error)}` });
      }
    });
  });
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
