import { AdapterError, type AdapterErrorCode } from '../sdk/index.ts';

/** SQLSTATE (PostgreSQL’s Appendix A) by its longest known beginning. */
const SQLSTATES: readonly (readonly [starts: string, code: AdapterErrorCode])[] = [
  ['25006', 'bug'],
  ['28', 'unauthorised'],
  ['3D', 'unsupported'],
  ['42501', 'forbidden'],
  ['42', 'unsupported'],
  ['22', 'invalid'],
  ['23', 'invalid'],
  ['40', 'retryable'],
  ['53', 'retryable'],
  ['55', 'retryable'],
  ['57', 'retryable'],
  ['08', 'retryable'],
  // A view's own check, what a trigger or a function raises, and limits of a statement: the same the next time.
  ['44', 'invalid'],
  ['P0', 'invalid'],
  ['38', 'invalid'],
  ['39', 'invalid'],
  ['54', 'invalid'],
  ['0A', 'unsupported'],
];

/** https://www.sqlite.org/rescode.html: primary codes. */
const SQLITE_CODES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [1, 'unsupported'],
  [5, 'retryable'],
  [6, 'retryable'],
  [8, 'bug'],
  [10, 'retryable'],
  [13, 'retryable'],
  [14, 'retryable'],
  [18, 'invalid'],
  [19, 'invalid'],
  [20, 'invalid'],
  [23, 'forbidden'],
]);
const SQLITE_BUSY = [5, 6];

/** What the database’s error means. Of its own words nothing is passed on: they quote values. */
export function failure(error: unknown, isCommitting: boolean): AdapterError {
  if (error instanceof AdapterError && !isCommitting) return error;
  const { code, errcode } = codesOf(error);
  const sqlite = errcode === undefined ? undefined : errcode & 0xff;
  const cause = code ?? String(sqlite ?? 'Error');
  // At COMMIT only the database’s own refusal is one; after everything else it may be done.
  const isRefused = /^(?:23|40)/.test(code ?? '') || isBusyCode(sqlite);
  if (isCommitting && !isRefused)
    return new AdapterError('unknown_outcome', 'The database gave no answer to a commit.', { cause });
  const state = SQLSTATES.find(([starts]) => /^[0-9A-Z]{5}$/.test(code ?? '') && code?.startsWith(starts))?.[1];
  const kind = state ?? SQLITE_CODES.get(sqlite ?? 0) ?? (sqlite === undefined ? 'retryable' : 'bug');
  return new AdapterError(kind, MESSAGES[kind] ?? 'The database cannot be used.', { cause });
}

const MESSAGES: Readonly<Partial<Record<AdapterErrorCode, string>>> = {
  invalid: 'The database refuses these values.',
  retryable: 'The database cannot be reached now.',
  unauthorised: 'The database refuses the sign-in.',
  forbidden: 'The database refuses the access.',
  unsupported: 'The database does not fit the mapping.',
};

/** A lock that somebody else holds for a moment; nothing was written. */
export function isBusy(error: unknown): boolean {
  return error instanceof AdapterError && SQLITE_BUSY.some((code) => error.cause === String(code));
}

const isBusyCode = (code: number | undefined): boolean => code !== undefined && SQLITE_BUSY.includes(code);

function codesOf(error: unknown): { readonly code: string | undefined; readonly errcode: number | undefined } {
  if (typeof error !== 'object' || error === null) return { code: undefined, errcode: undefined };
  const errcode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
  // node:sqlite has the same word for all of its errors.
  const code = errcode === undefined && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { code, errcode };
}
