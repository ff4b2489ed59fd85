/** `node adapters/conformance/main.ts [--json] [--rule N] [PATH ...]`: the kit over the given adapters, or over all of this repository. */
import { join } from 'node:path';
import { adaptersBelow, check } from './check.ts';

const io = {
  out: (text: string) => void process.stdout.write(`${text}\n`),
  err: (text: string) => void process.stderr.write(`${text}\n`),
};
process.exitCode = await check(process.argv.slice(2), io, () => adaptersBelow(join(import.meta.dirname, '..')));
