import { parseArgs } from 'node:util';
import { parseThumbprint } from '../../protocol/base/ids.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { ReceiptPayload } from '../../protocol/receipt/receipt.ts';
import { type Verdict, type Verified, verifyReceipt } from '../../protocol/receipt/verify.ts';

/** What the command needs of the world. */
export interface VerifyIo {
  /** The file's text, read as UTF-8; rejects when it cannot be read. */
  readFile(path: string): Promise<string>;
  /** One line to standard output. */
  out(line: string): void;
  /** One line to standard error. */
  err(line: string): void;
}

export const VERIFY_USAGE = `Usage: parley verify <receipt.json> [--keys <jwks.json>] [--key <thumbprint>]… [--allow-unlogged]

Checks a receipt offline.
  --keys FILE        the company's JWK Set, obtained from the company and not from the receipt
  --key THUMBPRINT   RFC 7638 thumbprint of the company's evidence key; may be given several times
  --allow-unlogged   accept a receipt whose log proof is not there yet

Exit: 0 valid, 1 invalid, 2 not decided (unknown key), 64 the command was not written as it must be.`;

const EXIT: { readonly [V in Verdict]: 0 | 1 | 2 } = { valid: 0, invalid: 1, 'unknown-key': 2 };
const SAYS: { readonly [V in Verdict]: string } = {
  valid: 'VALID',
  invalid: 'INVALID',
  'unknown-key': 'UNKNOWN KEY: all that could be checked is right, but nothing you gave says who signed it',
};

interface Options {
  readonly receipt: string;
  readonly keys: string | undefined;
  readonly pinned: readonly string[];
  readonly allowUnlogged: boolean;
}

/** `parley verify`: verifies a receipt with no network and nothing of the server. */
export async function verifyCommand(args: readonly string[], io: VerifyIo): Promise<0 | 1 | 2 | 64> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    io.err(`${options}\n\n${VERIFY_USAGE}`);
    return 64;
  }
  const { receipt, keys, pinned, allowUnlogged } = options;
  const keySet = keys === undefined ? undefined : await readJson(keys, io);
  if (keys !== undefined && keySet === undefined) return 2;
  const file = await readJson(receipt, io);
  if (file === undefined) return 1;
  const verified = await verifyReceipt(file, { keys: keySet, pinned, allowUnlogged });
  report(verified, io);
  return EXIT[verified.verdict];
}

/** Or what is wrong with them. */
function readOptions(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        keys: { type: 'string' },
        key: { type: 'string', multiple: true },
        'allow-unlogged': { type: 'boolean' },
      },
    });
    const [receipt, ...more] = positionals;
    const pinned = values.key ?? [];
    if (receipt === undefined) return 'which receipt? Its file must be given';
    if (more.length > 0) return `one receipt, not ${positionals.length}`;
    const odd = pinned.find((each) => parseThumbprint(each) === undefined);
    if (odd !== undefined) return `--key is a thumbprint, of 43 characters, not ${odd}`;
    return { receipt, keys: values.keys, pinned, allowUnlogged: values['allow-unlogged'] ?? false };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function readJson(path: string, io: VerifyIo): Promise<unknown> {
  try {
    const text = await io.readFile(path);
    if (text.length > 2 * LIMITS.receiptBytesMax) throw new RangeError('too large');
    return JSON.parse(text);
  } catch {
    io.err(`${path}: cannot be read as JSON`);
    return undefined;
  }
}

function report({ verdict, checks, payload }: Verified, io: VerifyIo): void {
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, ok, detail } of checks)
    io.out(`  ${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(width)}  ${printable(detail)}`);
  if (payload !== undefined) io.out(`  ${printable(summary(payload))}`);
  io.out(SAYS[verdict]);
}

function summary({ company, action, operation, state, effects, issued_at }: ReceiptPayload): string {
  const written = effects.map(({ ref }) => `${ref.type} ${ref.value}`).join(', ');
  return `${company}: ${action} ${operation} ${state} at ${issued_at}${written === '' ? '' : `, wrote ${written}`}`;
}

/** A receipt is a stranger's text: nothing in it may drive the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD').slice(0, 300);
}
