/** How `parley` ends (docs/operations.md). */
export const EXIT = {
  ok: 0,
  /** Something is wrong, or could not be done. */
  wrong: 1,
  /** It could not be judged. */
  undecided: 2,
  /** The command was not written as it must be (sysexits EX_USAGE). */
  usage: 64,
  /** A fault of Parley itself, or a disk that fails (EX_SOFTWARE). */
  fault: 70,
  /** A mistake in the configuration (EX_CONFIG). */
  config: 78,
} as const;

export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** The command was not written as it must be: told with a hint to its help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that who runs the command can mend. */
export class CannotDo extends Error {
  override readonly name = 'CannotDo';
}

export interface Ended {
  readonly code: number;
  readonly words: string;
}

/** What becomes of an error: a sentence for a mistake, the trace for a fault of ours. */
export function endOf(error: unknown, command: string): Ended {
  const said = (code: number, more = ''): Ended => ({ code, words: `parley ${command}: ${messageOf(error)}${more}` });
  if (isUsage(error)) return said(EXIT.usage, `\nSee: parley ${command} --help`);
  if (error instanceof Error && error.name === 'ConfigError') return said(EXIT.config);
  if (isUnreached(error)) return said(EXIT.wrong, ` (${codeOf(error.cause) ?? 'no connection'})`);
  const isOurs = !(error instanceof Error) || error instanceof TypeError || error instanceof RangeError;
  if (!isOurs || codeOf(error) !== undefined) return said(EXIT.wrong);
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: EXIT.fault,
    words: `parley ${command}: a fault of Parley itself. Please report it with this:\n${trace}`,
  };
}

/** What `parseArgs` throws counts too. */
const isUsage = (error: unknown): boolean =>
  error instanceof UsageError || String(codeOf(error) ?? '').startsWith('ERR_PARSE_ARGS');

/** As `fetch` tells that nobody answered. */
const isUnreached = (error: unknown): error is TypeError =>
  error instanceof TypeError && error.message === 'fetch failed';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** As other commands do whose output is read no further (`parley action list | head`). */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error;
    process.exit(EXIT.ok);
  });
}
