import { isDay, isMoney } from '../../adapters/sdk/values.ts';
import type { Json } from '../../protocol/base/json.ts';
import { type Dealing, type DealingsOf, dealingsOf } from '../engine/dealings.ts';
import type { Operation } from '../engine/operation.ts';
import type { Handle } from './handle.ts';

/** An index over operations: written with the operation, in its transaction. */
export const DEALINGS_SCHEMA = `
  CREATE TABLE dealings (
    operation TEXT NOT NULL,
    record TEXT NOT NULL,
    account TEXT,
    agent TEXT NOT NULL,
    issuer TEXT,
    at INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (operation, record)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX dealings_record ON dealings (record, at);
  CREATE INDEX dealings_account ON dealings (account, at);
  CREATE INDEX dealings_agent ON dealings (agent, at);
  CREATE INDEX dealings_issuer ON dealings (issuer, at);
`;

/** More than this of one record, account, agent or issuer in one window is beyond any limit that is asked about. */
const DEALINGS_MAX = 10_000;

export function dealingStatements(db: Pick<Handle, 'prepare'>) {
  const by = (column: string) =>
    db.prepare(
      `SELECT doc FROM dealings WHERE ${column} = ? AND at >= ? ORDER BY at DESC, operation DESC LIMIT ${DEALINGS_MAX}`,
    );
  return {
    dealingsForget: db.prepare('DELETE FROM dealings WHERE operation = ?'),
    dealingAdd: db.prepare(
      'INSERT INTO dealings (operation, record, account, agent, issuer, at, doc) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    dealingsByRecord: by('record'),
    dealingsByAccount: by('account'),
    dealingsByAgent: by('agent'),
    dealingsByIssuer: by('issuer'),
  };
}

type DealingSql = ReturnType<typeof dealingStatements>;

export function writeDealings(sql: DealingSql, operation: Operation): void {
  sql.dealingsForget.run(operation.id);
  for (const each of dealingsOf(operation)) {
    const { operation: id, record, account, agent, issuer, at } = each;
    sql.dealingAdd.run(id, record, account, agent, issuer, at, JSON.stringify(each));
  }
}

export function readDealings(sql: DealingSql, { by, value, since }: DealingsOf): readonly Dealing[] {
  const statements = {
    record: sql.dealingsByRecord,
    account: sql.dealingsByAccount,
    agent: sql.dealingsByAgent,
    issuer: sql.dealingsByIssuer,
  };
  // Our own, written above.
  const newest = statements[by].all(value, since).map(({ doc }) => JSON.parse(String(doc)) as Dealing);
  return newest.toReversed();
}

export function measureStatements(db: Pick<Handle, 'prepare'>) {
  return {
    dealingsOfOperation: db.prepare('SELECT record, doc FROM dealings WHERE operation = ?'),
    dealingRewrite: db.prepare('UPDATE dealings SET doc = ? WHERE operation = ? AND record = ?'),
  };
}

/** Once its operation is forgotten a dealing keeps what a limit may measure: numbers, money, days. What was written in words goes. */
export function leaveMeasures(sql: ReturnType<typeof measureStatements>, operation: string): void {
  for (const { record, doc } of sql.dealingsOfOperation.all(operation)) {
    // Our own, written above.
    const dealing = JSON.parse(String(doc)) as Dealing;
    const changes = dealing.changes.filter(({ from, to }) => isMeasure(from) && isMeasure(to));
    sql.dealingRewrite.run(JSON.stringify({ ...dealing, changes }), operation, String(record));
  }
}

const isMeasure = (value: Json): boolean =>
  value === null || typeof value === 'number' || typeof value === 'boolean' || isMoney(value) || isDay(value);
