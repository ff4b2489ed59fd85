/** What an error of the database means for whoever asked, and for the process.
 *
 * - `refused`: the statement's own values or words; the disk is well and nothing of it was written.
 * - `full`: there is no room. Nothing was written; reading goes on, and so does writing once there is room.
 * - `busy`: another process holds the lock. Nothing was written; later it may.
 * - `fatal`: the disk or the file cannot be trusted any more. After a failed fsync the page cache may say what the disk does not have:
 *   the handle is used by nobody any more, and only a restart finds out what is there. */
export type Trouble = 'refused' | 'full' | 'busy' | 'fatal';

/** Primary result codes (https://www.sqlite.org/rescode.html). What is in no list is fatal. */
const PRIMARY: Readonly<Record<Exclude<Trouble, 'fatal'>, ReadonlySet<number>>> = {
  refused: new Set([/* ERROR */ 1, /* TOOBIG */ 18, /* CONSTRAINT */ 19, /* MISMATCH */ 20, /* RANGE */ 25]),
  full: new Set([/* FULL */ 13]),
  busy: new Set([/* BUSY */ 5, /* LOCKED */ 6, /* PROTOCOL */ 15]),
};
/** The index of the write-ahead log is memory that happens to have a file: where it cannot grow, the disk is full and nothing is lost. */
const IOERR_SHMSIZE = 4_874;

export function troubleOf(error: unknown): Trouble {
  const code = codeOf(error);
  // Not the database's: a mistake in what was asked of it, found before it was asked.
  if (code === undefined) return isNoSpace(error) ? 'full' : 'refused';
  if (code === IOERR_SHMSIZE) return 'full';
  // The low byte is the primary result code, the rest its refinement.
  const primary = code & 0xff;
  return (['refused', 'full', 'busy'] as const).find((each) => PRIMARY[each].has(primary)) ?? 'fatal';
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** A file beside the database that found no room. */
function isNoSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
