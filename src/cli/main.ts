#!/usr/bin/env node
/** `parley`. What an old Node.js cannot read is read only once the version is known. */
import { tooOld } from './node-version.ts';

const old = tooOld(process.versions.node);
if (old === undefined) {
  const { readFile } = await import('node:fs/promises');
  const { runParley } = await import('./run.ts');
  const { endWithReader } = await import('./exit.ts');
  endWithReader(process.stdout);
  const { code, isEnded } = await runParley(process.argv.slice(2), {
    readFile: (path) => readFile(path, 'utf8'),
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  });
  process.exitCode = code;
  // What was said is written first.
  if (isEnded) process.stdout.write('', () => process.exit(code));
} else {
  process.stderr.write(`${old}\n`);
  // EX_CONFIG, as in exit.ts, which an old Node.js is not asked to read.
  process.exitCode = 78;
}
