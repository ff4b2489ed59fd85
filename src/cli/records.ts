/** `parley agents`, `parley mandates`, `parley revocations`: what the data directory knows, one JSON object a line. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { JsonObject } from '../../protocol/base/json.ts';
import { isRecord } from '../../protocol/base/shape.ts';
import type { Handle } from '../store/handle.ts';
import type { Io } from './exit.ts';
import { ISSUED_FILE } from './mandate.ts';
import { PLACE_OPTIONS, PLACE_USAGE, placeGiven, readDatabase } from './place.ts';

export const RECORDS_USAGE = {
  agents: `parley agents [--data DIR | --config FILE]

The agents that registered here, the latest first, one JSON object a line: key, name, contact, registered, revoked.
${PLACE_USAGE}`,
  mandates: `parley mandates [--data DIR | --config FILE]

The mandates that parley mandate issued here or that an operation was asked for with, one JSON object a line: jti, issuer, subject,
key, expires, constraints, operations (how many are kept), revoked.
${PLACE_USAGE}`,
  revocations: `parley revocations [--data DIR | --config FILE]

What was taken back, the latest first, one JSON object a line: kind, id, reason, and since when (at), which the running gateway sets
when it has taken a line over.
${PLACE_USAGE}`,
} as const;

export type RecordsKind = keyof typeof RECORDS_USAGE;

export function recordsCommand(kind: RecordsKind, args: readonly string[], io: Io): number {
  const { values } = parseArgs({ args: [...args], options: PLACE_OPTIONS });
  const { folder } = placeGiven(values);
  for (const each of readDatabase(folder, (db) => LISTS[kind](db, folder))) io.out(JSON.stringify(each));
  return 0;
}

const LISTS: { readonly [K in RecordsKind]: (db: Handle, folder: string) => readonly JsonObject[] } = {
  agents(db) {
    return db
      .prepare(
        `SELECT keyid, doc ->> '$.name' AS name, doc ->> '$.contact' AS contact, doc ->> '$.registeredAt' AS at,
           EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'key' AND r.id = keyid) AS revoked
         FROM agents ORDER BY at DESC, keyid`,
      )
      .all()
      .map(({ keyid, name, contact, at, revoked }) => ({
        key: String(keyid),
        name: String(name),
        ...(contact === null ? {} : { contact: String(contact) }),
        registered: String(at),
        revoked: revoked === 1,
      }));
  },
  mandates(db, folder) {
    const isRevoked = db.prepare("SELECT 1 FROM revocations WHERE kind = 'mandate' AND id = ?");
    const used = db
      .prepare(
        `SELECT doc -> '$.mandate' AS mandate, count(*) AS n FROM operations
         WHERE doc ->> '$.mandate.jti' IS NOT NULL GROUP BY doc ->> '$.mandate.issuer', doc ->> '$.mandate.jti' ORDER BY min(created_at) DESC`,
      )
      .all()
      .map((row) => usedMandate(JSON.parse(String(row['mandate'])), Number(row['n'])));
    const issued = issuedIn(folder)
      .filter(({ jti, issuer }) => !used.some((each) => each['jti'] === jti && each['issuer'] === issuer))
      .map((each) => ({ ...each, operations: 0 }));
    return [...issued.toReversed(), ...used].map((each: JsonObject) => ({
      ...each,
      revoked: isRevoked.get(String(each['jti'])) !== undefined,
    }));
  },
  revocations(db, folder) {
    const taken = db
      .prepare('SELECT kind, id, at, reason FROM revocations ORDER BY at DESC, kind, id')
      .all()
      .map(({ kind, id, at, reason }) => ({
        kind: String(kind),
        id: String(id),
        at: String(at),
        reason: String(reason),
      }));
    const waiting = linesOf(join(folder, 'revoked.jsonl')).filter(
      (line) => !taken.some(({ kind, id }) => kind === line['kind'] && id === line['id']),
    );
    return [...waiting.toReversed().map((line) => ({ ...line, at: null })), ...taken];
  },
};

function usedMandate(facts: unknown, operations: number): JsonObject {
  if (!isRecord(facts)) return { operations };
  const { jti, issuer, subject, holder, expiresAt, constraints } = facts;
  return {
    jti: String(jti),
    issuer: String(issuer),
    subject: String(subject),
    key: typeof holder === 'string' ? holder : null,
    expires: new Date(Number(expiresAt) * 1_000).toISOString(),
    constraints: isRecord(constraints) ? (constraints as JsonObject) : null,
    operations,
  };
}

/** What `parley mandate` issued, the earliest first. */
export const issuedIn = (folder: string): readonly JsonObject[] => linesOf(join(folder, ISSUED_FILE));

/** A line that is none is told by who must act on it, not here. */
function linesOf(path: string): readonly JsonObject[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line): readonly JsonObject[] => {
      try {
        const value: unknown = JSON.parse(line);
        return isRecord(value) ? [value as JsonObject] : [];
      } catch {
        return [];
      }
    });
}
