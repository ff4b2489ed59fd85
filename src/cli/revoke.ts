import { join } from 'node:path';
import { PRINCIPAL } from '../../protocol/mandate/claims.ts';
import { meant } from '../engine/nearest.ts';
import { appendRevocation } from '../identity/revocations.ts';
import { REVOCATION_KINDS, type RevocationKind } from '../ports.ts';
import type { Handle } from '../store/handle.ts';
import { type Io, UsageError } from './exit.ts';
import { PLACE_USAGE, placeGiven, readDatabase } from './place.ts';
import { issuedIn } from './records.ts';

export const REVOKE_USAGE = `parley revoke KIND ID [WHY] [--data DIR | --config FILE]

Takes something back, for good: a running gateway takes it over within seconds, a stopped one at its start.
  key ID               an agent's or issuer's key, by its thumbprint (43 characters)
  mandate ID           a mandate, a delegation or an access token, by its jti
  subject ID           all of a customer, as contact:C-1 or account:A-1
  issuer ID            all of an issuer, by its iss
  client "ISS CLIENT"  all of an OAuth client
${PLACE_USAGE}`;

/** A thumbprint may begin like an option, so that only what follows the id is read as one. */
export function revokeCommand(args: readonly string[], io: Io): number {
  const rest = [...args];
  const take = (name: string): string | undefined => {
    const at = rest.indexOf(name, 2);
    return at < 0 ? undefined : rest.splice(at, 2)[1];
  };
  const [config, data] = [take('--config'), take('--data')];
  const [named = '', id, reason = '', ...more] = rest;
  const kind = REVOCATION_KINDS.find((each) => each === named);
  if (kind === undefined)
    throw new UsageError(
      `KIND is one of ${REVOCATION_KINDS.join(', ')}${named === '' ? '' : `, not ${named}`}${meant(named, REVOCATION_KINDS)}`,
    );
  if (id === undefined) throw new UsageError(`which ${kind}? Its ID must be given`);
  const unknown = [reason, ...more].find((each) => each.startsWith('--'));
  if (unknown !== undefined)
    throw new UsageError(`there is no option ${unknown}${meant(unknown, ['--data', '--config'])}`);
  if (more.length > 0) throw new UsageError(`what is ${more[0]}? WHY is one argument, in quotation marks`);
  const form = FORMS[kind];
  if (form !== undefined && !form.is.test(id)) throw new UsageError(`the id of ${form.words}, not ${id}`);
  const { folder } = placeGiven({ config, data });
  const added = appendRevocation(join(folder, 'revoked.jsonl'), { kind, id, reason });
  if (!added.ok) throw new UsageError(`${added.error}. Nothing was revoked`);
  io.out(`${kind} ${id} will be refused within seconds`);
  if (!isSeen(folder, { kind, id }))
    io.err(
      `This gateway has not seen this ${kind} yet: if you did not expect that, compare with parley agents and parley mandates`,
    );
  return 0;
}

const FORMS: { readonly [K in RevocationKind]?: { readonly is: RegExp; readonly words: string } } = {
  key: { is: /^[\w-]{43}$/, words: 'a key is its thumbprint, of 43 characters' },
  subject: { is: PRINCIPAL, words: 'a subject is contact:ID or account:ID' },
  issuer: { is: /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i, words: 'an issuer is its iss, an address' },
  client: {
    is: /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+ [\x20-\x7e]+$/i,
    words: 'a client is "ISS CLIENT", an address and a client_id',
  },
};

const SEEN: { readonly [K in RevocationKind]?: string } = {
  key: 'SELECT 1 FROM agents WHERE keyid = ?1',
  mandate: `SELECT 1 FROM operations WHERE doc ->> '$.mandate.jti' = ?1 LIMIT 1`,
  subject: `SELECT 1 FROM operations WHERE doc ->> '$.mandate.subject' = ?1 LIMIT 1`,
  issuer: `SELECT 1 FROM operations WHERE doc ->> '$.mandate.issuer' = ?1 LIMIT 1`,
};

/** Only told: what was never seen may still be on its way here. */
function isSeen(folder: string, { kind, id }: { readonly kind: RevocationKind; readonly id: string }): boolean {
  const sql = SEEN[kind];
  if (sql === undefined) return true;
  if (kind === 'mandate' && issuedIn(folder).some(({ jti }) => jti === id)) return true;
  return readDatabase(folder, (db: Handle) => db.prepare(sql).get(id) !== undefined);
}
