import manifest from '../../package.json' with { type: 'json' };
import { meant } from '../engine/nearest.ts';
import { COMMANDS, type CommandIo, READERS } from './commands.ts';
import { EXIT, endOf } from './exit.ts';

const WIDTH = Math.max(...COMMANDS.map(({ name }) => name.length));

const LIST = Object.entries(READERS).map(([reader, title]) => {
  const commands = COMMANDS.filter((each) => each.reader === reader);
  return `${title}\n${commands.map(({ name, summary }) => `  ${name.padEnd(WIDTH)}  ${summary}`).join('\n')}`;
});

const USAGE = `parley COMMAND …

${LIST.join('\n\n')}

parley COMMAND --help says what it takes; parley --version

Exit: 0 done, 1 something is wrong, 2 it could not be judged, 64 the command was not written as it must be, 70 a fault of Parley itself or
of the disk, 78 a mistake in the configuration, or a Node.js that is too old.`;

export interface Ran {
  readonly code: number;
  /** The process is to end, whatever is open. */
  readonly isEnded: boolean;
}

/** `parley`: one word, one command. Never throws. */
export async function runParley(words: readonly string[], io: CommandIo): Promise<Ran> {
  const [name, ...args] = words;
  if (name === undefined || name === 'help' || isHelp(name)) return said(io.out, USAGE, EXIT.ok);
  if (name === '--version' || name === '-v') return said(io.out, manifest.version, EXIT.ok);
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) {
    const names = COMMANDS.map((each) => each.name);
    return said(io.err, `parley: there is no command ${name}${meant(name, names)}\n\n${USAGE}`, EXIT.usage);
  }
  try {
    const { usage, run } = await command.load();
    const end = args.indexOf('--');
    if ((end < 0 ? args : args.slice(0, end)).some(isHelp)) return said(io.out, usage, EXIT.ok);
    return { code: await run(args, io), isEnded: command.isEnded ?? false };
  } catch (error) {
    const { code, words: why } = endOf(error, name);
    return { ...said(io.err, why, code), isEnded: true };
  }
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

function said(to: (line: string) => void, words: string, code: number): Ran {
  to(words);
  return { code, isEnded: false };
}
