import { readFileSync } from 'node:fs';
import { hashPassword } from '../serve/console/session.ts';
import { CannotDo, type Io, UsageError } from './exit.ts';

/** NIST SP 800-63B-4 §3.1.1.2 asks for 15 where a password stands alone; no rules of composition. */
const PASSWORD_CHARS_MIN = 15;

export const PASSWORD_USAGE = `parley password < FILE

Prints what stands as approvers[].password_scrypt for the password it reads from standard input: ${PASSWORD_CHARS_MIN} characters at the least.`;

export async function passwordCommand(args: readonly string[], io: Io): Promise<number> {
  if (args.length > 0)
    throw new UsageError('the password is read from standard input: an argument would be seen by others');
  if (process.stdin.isTTY) io.err('password, then Ctrl-D (it is shown while you type):');
  const password = readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  if (password === '') throw new UsageError('it reads the password from standard input, and there was none');
  if (password.length < PASSWORD_CHARS_MIN)
    throw new CannotDo(`a password has ${PASSWORD_CHARS_MIN} characters at the least: three or four words do`);
  io.out(await hashPassword(password));
  return 0;
}
