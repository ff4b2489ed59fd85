import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { PURPOSES, publicKeys, readKeyFile, saveKeyFile, withNewKey } from '../platform/company-keys.ts';
import type { KeyPurpose } from '../ports.ts';
import { instanceTables } from '../store/instance-sqlite.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { type Io, UsageError } from './exit.ts';
import { PLACE_OPTIONS, PLACE_USAGE, placeGiven } from './place.ts';

export const KEYS_USAGE = `parley keys rotate PURPOSE [--data DIR | --config FILE]

Makes a new key for one purpose (${PURPOSES.join(', ')}) while the gateway is stopped. From the next start it signs; the old one stays
in the JWK Set with the time of its end, so that what it signed still verifies.
${PLACE_USAGE}`;

/** `parley keys rotate PURPOSE` */
export async function keysCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: PLACE_OPTIONS,
  });
  const [verb, named, ...more] = positionals;
  const purpose = PURPOSES.find((each) => each === named);
  if (verb !== 'rotate' || purpose === undefined || more.length > 0)
    throw new UsageError(`it is parley keys rotate PURPOSE, and PURPOSE one of ${PURPOSES.join(', ')}`);
  const made = await rotateKey(placeGiven(values).folder, purpose);
  if (made.ok) io.out(`${purpose}: ${made.value} signs from the next start`);
  else io.err(made.error);
  return made.ok ? 0 : 1;
}

/** Thumbprint of the new key. */
export async function rotateKey(folder: string, purpose: KeyPurpose): Promise<Result<string, string>> {
  const path = join(folder, 'keys.json');
  const file = readKeyFile(path);
  if (file?.instance === undefined) return err(`${path} has no keys in use: they are made at the first start`);
  const store = openSqliteStore(join(folder, 'parley.db'), (error) => {
    throw error;
  });
  try {
    const tables = instanceTables(store.db);
    if (tables.id() !== file.instance)
      return err('keys.json and parley.db are not of one state: start the gateway to see what does not belong');
    const next = withNewKey(file, purpose);
    const made = (await publicKeys(next)).find((each) => each.purpose === purpose);
    if (made === undefined) return err('no key was made');
    // The database first: a key it has never seen refuses the next start.
    tables.write({ id: file.instance, keys: [made] });
    saveKeyFile(path, next);
    return ok(made.kid);
  } finally {
    store.close();
  }
}
