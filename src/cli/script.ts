/** What a script of this repository (`npm run demo`) takes: told by `--help`, and when it is told otherwise. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { EXIT } from './exit.ts';

interface Script<T extends ParseArgsOptionsConfig> {
  readonly usage: string;
  readonly options: T;
}

type Values<T extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/** Ends the process where there is nothing to do: it is the first thing that a script asks. */
export function scriptOptions<const T extends ParseArgsOptionsConfig>({ usage, options }: Script<T>): Values<T> {
  // What is begun is ended as usual, though nobody reads of it any more (`npm run demo | head`).
  process.stdout.on('error', () => undefined);
  const args = process.argv.slice(2);
  if (args.some((each) => each === '--help' || each === '-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(EXIT.ok);
  }
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
    process.exit(EXIT.usage);
  }
}
