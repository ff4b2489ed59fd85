import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../platform/world-sources.ts';
import { deadLetters, outgoingStatements, sendAgain } from '../store/outgoing-sqlite.ts';
import { type Io, UsageError } from './exit.ts';

const LISTED_MAX = 1_000;
const BUSY_MS = 5_000;

export const OUTBOX_USAGE = `parley outbox list DATA_DIR                    what was tried to the end and not taken
parley outbox replay ID|ENDPOINT DATA_DIR      send one again, or all of an endpoint; an endpoint that was off (410) is on again`;

/** Dead letters, read and sent again beside a running gateway or a stopped one. Exit code. */
export function outboxCommand(args: readonly string[], io: Io): number {
  const [verb, ...rest] = args;
  const directory = rest.at(-1);
  const wanted = verb === 'list' ? 1 : 2;
  if ((verb !== 'list' && verb !== 'replay') || rest.length !== wanted || directory === undefined)
    throw new UsageError('it is parley outbox list DATA_DIR, or parley outbox replay ID|ENDPOINT DATA_DIR');
  const path = join(directory, 'parley.db');
  if (!existsSync(path)) {
    io.err(`${path} is not there: name the gateway's data_dir`);
    return 1;
  }
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    const sql = outgoingStatements(db);
    if (verb === 'list') for (const each of deadLetters(sql, LISTED_MAX)) io.out(JSON.stringify(each));
    else return replay(sendAgain(sql, rest[0] ?? '', systemClock.now().getTime()), rest[0] ?? '', io);
    return 0;
  } catch (error) {
    io.err(
      `${path}: ${error instanceof Error ? error.message : 'cannot be read'}. Has this gateway been started with this version?`,
    );
    return 1;
  } finally {
    db.close();
  }
}

function replay(count: number, wanted: string, io: Io): 0 | 1 {
  if (count > 0) io.out(`${count} will be sent again`);
  else io.err(`nothing of ${wanted} is waiting to be sent again: parley outbox list shows what is`);
  return count > 0 ? 0 : 1;
}
