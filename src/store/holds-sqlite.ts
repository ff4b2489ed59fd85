import type { Held, Holder, HoldKind, HoldSet, Release } from '../ports.ts';
import type { Handle } from './handle.ts';

/** `hold_sums` is the sum of `holds` by name, kept beside it so that a check is one look-up; both change in the same transaction. */
export const HOLDS_SCHEMA = `
  CREATE TABLE holds (
    id INTEGER PRIMARY KEY,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    amount INTEGER NOT NULL,
    span_from INTEGER,
    span_to INTEGER,
    lasts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX holds_operation ON holds (operation, kind);
  CREATE INDEX holds_name ON holds (name);
  CREATE INDEX holds_span ON holds (name, span_from) WHERE span_from IS NOT NULL;
  CREATE TABLE hold_sums (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

const BY_EARLIER = (action: string, states: string) => `FROM operations o
  WHERE o.state IN (${states}) AND o.doc ->> '$.action' = '${action}'
    AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.operation = o.id AND h.kind = 'claim')`;
const GRANTED = (action: string) => `${BY_EARLIER(action, "'completed'")} AND o.doc ->> '$.output' IS NOT NULL`;
const UNDER_WAY = (action: string) => BY_EARLIER(action, "'executing', 'unknown', 'reconciling', 'needs_human'");
const INCIDENT = (end: 'from' | 'to') => `unixepoch(o.doc ->> '$.input.incident.${end}') * 1000`;
const AGREED = `(SELECT f.value ->> '$.terms.amount.amount' FROM json_each(o.doc, '$.negotiation.offers') f
  WHERE f.value ->> '$.id' = o.doc ->> '$.agreement.offer')`;
const TO_REFUND = `coalesce(${AGREED}, o.doc ->> '$.input.amount.amount',
  (o.doc ->> '$.records.order.total.amount') - coalesce(o.doc ->> '$.records.order.refunded.amount', 0))`;
/** Of the month's fee, as the first version of the action had it. */
const TO_CREDIT = `coalesce(${AGREED}, (o.doc ->> '$.records.contract.unit_price.amount') * (o.doc ->> '$.records.contract.seats') *
  CASE WHEN o.doc ->> '$.input.incident.minutes_down' >= 720 THEN 50
    WHEN o.doc ->> '$.input.incident.minutes_down' >= 120 THEN 25
    WHEN o.doc ->> '$.input.incident.minutes_down' >= 30 THEN 10 ELSE 0 END / 100)`;
const [ORDER, OUTAGE, FEE] = ['claim:order/', 'claim:outage/', 'claim:service-credit/'];
const MONTH = `'/' || substr(o.doc ->> '$.input.incident.from', 1, 7)`;

/** What was granted before claims were held, or was being written, is not granted again: the shipped actions' claims, as their first
 * versions named them. */
export const CLAIMS_OF_EARLIER = `
  INSERT INTO holds (operation, kind, name, amount, span_from, span_to, lasts)
    SELECT o.id, 'claim', '${ORDER}' || (o.doc ->> '$.output.order'), o.doc ->> '$.output.amount.amount', NULL, NULL, 'effect'
      ${GRANTED('refund.request')}
    UNION ALL
    SELECT o.id, 'claim', '${ORDER}' || (o.doc ->> '$.input.order'), ${TO_REFUND}, NULL, NULL, 'effect'
      ${UNDER_WAY('refund.request')} AND ${TO_REFUND} IS NOT NULL
    UNION ALL
    SELECT o.id, 'claim', '${OUTAGE}' || (o.doc ->> '$.output.contract'), 0, ${INCIDENT('from')}, ${INCIDENT('to')}, 'effect'
      ${GRANTED('sla.credit')} AND ${INCIDENT('from')} < ${INCIDENT('to')}
    UNION ALL
    SELECT o.id, 'claim', '${OUTAGE}' || (o.doc ->> '$.input.contract'), 0, ${INCIDENT('from')}, ${INCIDENT('to')}, 'effect'
      ${UNDER_WAY('sla.credit')} AND ${INCIDENT('from')} < ${INCIDENT('to')}
    UNION ALL
    SELECT o.id, 'claim', '${FEE}' || (o.doc ->> '$.output.contract') || ${MONTH}, o.doc ->> '$.output.amount.amount', NULL, NULL, 'effect'
      ${GRANTED('sla.credit')}
    UNION ALL
    SELECT o.id, 'claim', '${FEE}' || (o.doc ->> '$.input.contract') || ${MONTH}, ${TO_CREDIT}, NULL, NULL, 'effect'
      ${UNDER_WAY('sla.credit')} AND ${TO_CREDIT} IS NOT NULL;
  DELETE FROM hold_sums;
  INSERT INTO hold_sums (name, amount) SELECT name, sum(amount) FROM holds GROUP BY name;
`;

const MONTH_AT = (offset: string) => `strftime('%Y-%m', o.doc ->> '$.input.incident.from', '${offset}')`;

/** Operations from before there was a zone named the month of an outage by UTC: near its ends the company's month may be the one beside
 * it, and what was granted counts in both. */
export const MONTHS_OF_EARLIER = `
  INSERT INTO holds (operation, kind, name, amount, span_from, span_to, lasts)
    SELECT h.operation, h.kind, substr(h.name, 1, length(h.name) - 7) || m.month, h.amount, NULL, NULL, h.lasts
    FROM holds h JOIN operations o ON o.id = h.operation
      JOIN (SELECT id, ${MONTH_AT('-12 hours')} AS month FROM operations o WHERE o.doc ->> '$.action' = 'sla.credit'
        UNION SELECT id, ${MONTH_AT('+14 hours')} FROM operations o WHERE o.doc ->> '$.action' = 'sla.credit') m ON m.id = o.id
    WHERE h.kind = 'claim' AND h.name LIKE '${FEE}%' AND o.doc ->> '$.zone' IS NULL
      AND m.month IS NOT NULL AND m.month <> substr(h.name, -7);
  DELETE FROM hold_sums;
  INSERT INTO hold_sums (name, amount) SELECT name, sum(amount) FROM holds GROUP BY name;
`;

export function holdStatements(db: Pick<Handle, 'prepare'>) {
  return {
    holdSum: db.prepare('SELECT amount FROM hold_sums WHERE name = ?'),
    holdSumAdd: db.prepare(
      'INSERT INTO hold_sums (name, amount) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET amount = amount + excluded.amount',
    ),
    holdSumsForget: db.prepare('DELETE FROM hold_sums WHERE name = ? AND amount = 0'),
    holdsOfKind: db.prepare('SELECT name, amount FROM holds WHERE operation = ? AND kind = ?'),
    holdsReleased: db.prepare(
      "SELECT name, amount FROM holds WHERE operation = ? AND (lasts = 'operation' OR (lasts = 'effect' AND ? = 'all'))",
    ),
    holdAdd: db.prepare(
      'INSERT INTO holds (operation, kind, name, amount, span_from, span_to, lasts) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    holdsForget: db.prepare('DELETE FROM holds WHERE operation = ? AND kind = ?'),
    holdsRelease: db.prepare(
      "DELETE FROM holds WHERE operation = ? AND (lasts = 'operation' OR (lasts = 'effect' AND ? = 'all'))",
    ),
    holdsNamed: db.prepare('SELECT operation, kind, amount, span_from, span_to FROM holds WHERE name = ? ORDER BY id'),
    holdLastOther: db.prepare(
      'SELECT operation FROM holds WHERE name = ? AND operation <> ? AND amount > 0 ORDER BY id DESC LIMIT 1',
    ),
    holdsAcross: db.prepare(
      'SELECT operation, kind FROM holds WHERE name = ? AND span_from < ? AND span_to > ? ORDER BY id DESC',
    ),
  };
}

type HoldSql = ReturnType<typeof holdStatements>;

export function sumOf(sql: HoldSql, name: string): number {
  return Number(sql.holdSum.get(name)?.['amount'] ?? 0);
}

export function holdersOf(sql: HoldSql, name: string): readonly Holder[] {
  return sql.holdsNamed.all(name).map((row) => ({
    operation: String(row['operation']),
    kind: String(row['kind']) as HoldKind,
    amount: Number(row['amount']),
    ...(row['span_from'] === null ? {} : { span: { from: Number(row['span_from']), to: Number(row['span_to']) } }),
  }));
}

/** The first thing that these operations may not hold, if there is one. What they hold already of the same kinds is not in their own
 * way, and to hold less of something always can be done. */
export function conflictOf(sql: HoldSql, sets: readonly HoldSet[]): Held | undefined {
  const before = new Map<string, number>();
  for (const { operation, kind } of sets)
    for (const { name, amount } of sql.holdsOfKind.all(operation, kind)) add(before, String(name), Number(amount));
  const after = new Map<string, number>();
  for (const { holds } of sets) for (const { name, amount } of holds) add(after, name, amount);
  const replaced = new Set(sets.map(({ operation, kind }) => `${kind} ${operation}`));
  const spans: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  for (const { operation, kind, holds } of sets)
    for (const { name, limit, span } of holds) {
      const refused = (by: string | null): Held => ({ ok: false, reason: 'held', kind, name, by });
      const [held, wanted] = [before.get(name) ?? 0, after.get(name) ?? 0];
      const others = sumOf(sql, name) - held;
      if (wanted > held && others + wanted > (limit ?? Number.MAX_SAFE_INTEGER)) {
        const other = sql.holdLastOther.get(name, operation);
        return refused(other === undefined ? null : String(other['operation']));
      }
      if (span === undefined) continue;
      const across = sql.holdsAcross
        .all(name, span.to, span.from)
        .find((row) => !replaced.has(`${row['kind']} ${row['operation']}`));
      if (across !== undefined) return refused(String(across['operation']));
      if (spans.some((each) => each.name === name && each.from < span.to && each.to > span.from)) return refused(null);
      spans.push({ name, ...span });
    }
  return undefined;
}

export function hold(sql: HoldSql, { operation, kind, holds }: HoldSet): void {
  giveBack(sql, sql.holdsOfKind.all(operation, kind));
  sql.holdsForget.run(operation, kind);
  for (const { name, amount, span, lasts } of holds) {
    sql.holdSumAdd.run(name, amount);
    sql.holdAdd.run(operation, kind, name, amount, span?.from ?? null, span?.to ?? null, lasts);
  }
}

export function release(sql: HoldSql, { operation, what }: Release): void {
  giveBack(sql, sql.holdsReleased.all(operation, what));
  sql.holdsRelease.run(operation, what);
}

function giveBack(sql: HoldSql, rows: readonly Record<string, unknown>[]): void {
  for (const { name, amount } of rows) {
    sql.holdSumAdd.run(String(name), -Number(amount));
    sql.holdSumsForget.run(String(name));
  }
}

function add(sums: Map<string, number>, name: string, amount: number): void {
  sums.set(name, (sums.get(name) ?? 0) + amount);
}
