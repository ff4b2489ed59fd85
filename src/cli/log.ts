import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import type { JsonObject } from '../../protocol/base/json.ts';
import { audit } from '../instance/audit.ts';
import { publicKeys, readKeyFile } from '../platform/company-keys.ts';
import { makeHandle } from '../store/handle.ts';
import { instanceTables } from '../store/instance-sqlite.ts';
import { CannotDo, type Io, UsageError } from './exit.ts';
import { placeGiven, readDatabase } from './place.ts';

export const LOG_USAGE = `parley log verify [CONFIG | --data DIR] [--origin ORIGIN] [--keys JWKS]

Reads the whole database, also beside a running gateway, and holds it to what was signed: every entry to its hash, every hash to the
tree, every checkpoint to its signature and the tree, every receipt to its operation and its entry.
  CONFIG             the configuration, for its data directory alone (default: PARLEY_CONFIG, or parley.json)
  --data DIR         instead: the data directory
  --origin ORIGIN    the gateway's public origin, where it is not the one of its last start
  --keys FILE        the company's JWK Set, kept elsewhere: instead of the keys that the data directory itself has

Exit: 0 nothing is wrong, 1 something is, 2 it could not be looked at, 64 the command was not written as it must be.`;

const WRONG_SHOWN_MAX = 100;

/** `parley log verify` */
export async function logCommand(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { data: { type: 'string' }, origin: { type: 'string' }, keys: { type: 'string' } },
  });
  const [verb, config, ...more] = positionals;
  if (verb !== 'verify' || more.length > 0) throw new UsageError('it is parley log verify, and one place to look at');
  try {
    const { folder } = placeGiven({ data: values.data, config });
    return await verifyLog({ folder, origin: values.origin ?? originOf(folder), keys: values.keys }, io);
  } catch (error) {
    io.err(`parley log: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
}

function originOf(folder: string): string {
  const origin = readDatabase(folder, (db) => instanceTables(db).origin());
  if (origin === undefined)
    throw new CannotDo(`${folder} does not say yet which gateway's it is: name it with --origin`);
  return origin;
}

interface Where {
  readonly folder: string;
  readonly origin: string;
  /** A JWK Set's file. */
  readonly keys?: string | undefined;
}

export async function verifyLog({ folder, origin, keys }: Where, io: Io): Promise<0 | 1 | 2> {
  const path = join(folder, 'parley.db');
  if (!existsSync(path)) {
    io.err(`${path} is not there`);
    return 2;
  }
  const db = makeHandle(new DatabaseSync(path, { readOnly: true }), {
    fatal: (error) => io.err(`${path}: ${error instanceof Error ? error.message : 'unreadable'}`),
  });
  try {
    const known = instanceTables(db).keys();
    const own = keys === undefined ? await ownKeys(folder) : keysIn(keys);
    const steps = audit({ db, origin, keys: keys === undefined ? [...own, ...known.map(({ jwk }) => jwk)] : own });
    let wrong = 0;
    for (;;) {
      const { done, value } = await steps.next();
      if (done === true) {
        io.out(
          `${value.entries} entries and ${value.receipts} receipts: ${wrong === 0 ? 'nothing is wrong' : `${wrong} wrong`}`,
        );
        return wrong === 0 ? 0 : 1;
      }
      if (value === undefined) continue;
      wrong += 1;
      if (wrong <= WRONG_SHOWN_MAX) io.out(`WRONG  ${value.part} ${value.why}`);
    }
  } finally {
    db.close();
  }
}

async function ownKeys(folder: string): Promise<readonly JsonObject[]> {
  const file = readKeyFile(join(folder, 'keys.json'));
  return file === undefined ? [] : (await publicKeys(file)).map(({ jwk }) => jwk);
}

function keysIn(path: string): readonly JsonObject[] {
  const set: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys))
    throw new Error(`${path} is no JWK Set`);
  return set.keys.filter((each): each is JsonObject => typeof each === 'object' && each !== null);
}
