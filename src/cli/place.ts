import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Place, placeOf } from '../config/config.ts';
import { type Handle, makeHandle } from '../store/handle.ts';
import { CannotDo } from './exit.ts';

/** What a command on a data directory takes, as `parseArgs` wants it. */
export const PLACE_OPTIONS = { data: { type: 'string' }, config: { type: 'string' } } as const;

export const PLACE_USAGE = `  --data DIR           the gateway's data directory: nothing else is needed, and no secret
  --config FILE        instead: the configuration that names it (default: PARLEY_CONFIG, or parley.json); nothing else of it is read`;

export interface Given {
  readonly data?: string | undefined;
  readonly config?: string | undefined;
}

/** The data directory of a gateway that was started at least once. Throws {@link CannotDo} for another. */
export function placeGiven({ data, config }: Given): Place {
  const place = data === undefined ? placeOf(config) : { folder: data };
  if (!existsSync(join(place.folder, 'parley.db')))
    throw new CannotDo(
      `${join(place.folder, 'parley.db')} is not there: name the data directory of a gateway that has been started once`,
    );
  return place;
}

/** Reads, also beside a running gateway. */
export function readDatabase<T>(folder: string, read: (db: Handle) => T): T {
  const path = join(folder, 'parley.db');
  try {
    const db = makeHandle(new DatabaseSync(path, { readOnly: true }), { fatal: () => undefined });
    try {
      return read(db);
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof CannotDo) throw error;
    throw new CannotDo(
      `${path}: ${error instanceof Error ? error.message : 'unreadable'}. Has this gateway been started with this version?`,
    );
  }
}
