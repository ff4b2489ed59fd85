import type { DatabaseSync } from 'node:sqlite';
import { DEALINGS_SCHEMA } from './dealings-sqlite.ts';
import { CLAIMS_OF_EARLIER, HOLDS_SCHEMA, MONTHS_OF_EARLIER } from './holds-sqlite.ts';
import { INSTANCE_SCHEMA } from './instance-sqlite.ts';
import { INVITATIONS_SCHEMA } from './invitations-sqlite.ts';
import { LOG_SCHEMA } from './log-sqlite.ts';
import { MEMORIES_SCHEMA } from './memories-sqlite.ts';
import { OF_AGENT_SCHEMA } from './of-agent-sqlite.ts';
import { OUTGOING_SCHEMA } from './outgoing-sqlite.ts';
import { PERSON_SCHEMA } from './person-sqlite.ts';
import { PUSH_SECRETS_SCHEMA } from './push-secrets-sqlite.ts';
import { LIMITS_RETENTION_SCHEMA, RETENTION_SCHEMA } from './retention-sqlite.ts';

/** What was sent and had no answer that is believed was not marked as such by earlier versions: it may have been written. */
const SENT_BY_EARLIER = `
  UPDATE operations SET doc = json_set(doc, '$.attempts[#-1].doubtedAt', doc ->> '$.attempts[#-1].intentAt')
    WHERE state IN ('executing', 'unknown', 'reconciling', 'needs_human') AND doc -> '$.attempts[#-1]' IS NOT NULL
      AND doc -> '$.attempts[#-1].result' IS NULL AND doc -> '$.attempts[#-1].doubtedAt' IS NULL;
`;

/** Reversals of earlier versions had no intent of their own: what they may have sent is looked for before it is sent. */
const REVERSED_BY_EARLIER = `
  UPDATE operations SET doc = json_set(doc, '$.attempts', (
    SELECT json_group_array(json(CASE
      WHEN each.value -> '$.result' IS NULL OR each.value -> '$.reversal' IS NOT NULL THEN each.value
      ELSE json_set(each.value, '$.reversal',
        json_object('intentAt', operations.doc ->> '$.updatedAt', 'doubtedAt', operations.doc ->> '$.updatedAt'))
    END)) FROM json_each(operations.doc, '$.attempts') each))
    WHERE state = 'reversing';
`;

/** Whose an operation is was the key alone, whomever its token was issued for (`engine/owner.ts`); so were its idempotency keys. */
const OWNERS_OF_EARLIER = `
  UPDATE operations
    SET agent = json_array(agent, doc ->> '$.agent.token.issuer', doc ->> '$.agent.token.subject')
    WHERE doc ->> '$.agent.token.boundTo' IS NOT NULL;
  UPDATE claims SET scope = o.agent || substr(scope, instr(scope, ' ')) FROM operations o
    WHERE o.id = CASE WHEN json_valid(claims.body) THEN claims.body ->> '$.id' END AND o.agent LIKE '[%' AND scope NOT LIKE '[%';
`;

/** Each migration runs once, in order, in one transaction; never edited after a release, only added to. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE operations (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    agent TEXT NOT NULL,
    due_at INTEGER,
    created_at TEXT NOT NULL,
    doc TEXT NOT NULL
  ) STRICT;
  CREATE INDEX operations_due ON operations (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX operations_state ON operations (state, created_at);
  CREATE INDEX operations_created ON operations (created_at);
  CREATE TABLE signoffs (id TEXT PRIMARY KEY, operation TEXT NOT NULL) STRICT;
  CREATE TABLE claims (
    key TEXT NOT NULL,
    scope TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (key, scope)
  ) STRICT;
  CREATE TABLE nonces (
    nonce TEXT NOT NULL,
    keyid TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (nonce, keyid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX nonces_expiry ON nonces (expires_at);
  CREATE TABLE agents (keyid TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  CREATE TABLE revocations (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT;
  CREATE TABLE outgoing (
    id TEXT PRIMARY KEY,
    endpoint TEXT NOT NULL,
    type TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting',
    note TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE INDEX outgoing_due ON outgoing (due_at) WHERE state = 'waiting';
  ${LOG_SCHEMA}
  `,
  `
  ALTER TABLE operations ADD COLUMN updated_at TEXT NOT NULL DEFAULT '';
  UPDATE operations SET updated_at = doc ->> '$.updatedAt';
  CREATE INDEX operations_agent ON operations (agent, updated_at, id);
  `,
  `
  CREATE TABLE watches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    operation TEXT NOT NULL,
    type TEXT NOT NULL,
    by TEXT NOT NULL,
    value TEXT NOT NULL,
    until INTEGER
  ) STRICT;
  CREATE INDEX watches_record ON watches (type, value, by);
  CREATE INDEX watches_operation ON watches (operation);
  CREATE INDEX watches_until ON watches (until) WHERE until IS NOT NULL;
  CREATE TABLE crm_cursors (type TEXT PRIMARY KEY, cursor TEXT NOT NULL) STRICT;
  INSERT INTO watches (operation, type, by, value)
    SELECT DISTINCT o.id, p.value ->> '$.ref.type', p.value ->> '$.ref.by', p.value ->> '$.ref.value'
    FROM operations o, json_each(o.doc, '$.plan.plan.steps') s, json_each(s.value, '$.preconditions') p
    WHERE o.state = 'awaiting_signoff';
  `,
  `
  CREATE TABLE budgets (name TEXT PRIMARY KEY, used INTEGER NOT NULL) STRICT;
  CREATE TABLE budget_uses (operation TEXT PRIMARY KEY, budget TEXT NOT NULL, amount INTEGER NOT NULL) STRICT;
  CREATE INDEX budget_uses_budget ON budget_uses (budget);
  `,
  INVITATIONS_SCHEMA,
  `
  ${HOLDS_SCHEMA}
  INSERT INTO holds (operation, kind, name, amount, lasts)
    SELECT operation, 'budget', 'budget:' || budget, amount, 'effect' FROM budget_uses;
  INSERT INTO hold_sums (name, amount) SELECT 'budget:' || name, used FROM budgets WHERE used <> 0;
  DROP TABLE budget_uses;
  DROP TABLE budgets;
  `,
  `CREATE TABLE instance (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;`,
  DEALINGS_SCHEMA,
  INSTANCE_SCHEMA,
  MEMORIES_SCHEMA,
  OUTGOING_SCHEMA,
  `${SENT_BY_EARLIER}${CLAIMS_OF_EARLIER}`,
  RETENTION_SCHEMA,
  `${REVERSED_BY_EARLIER}${MONTHS_OF_EARLIER}`,
  OWNERS_OF_EARLIER,
  `${OF_AGENT_SCHEMA}${PUSH_SECRETS_SCHEMA}`,
  LIMITS_RETENTION_SCHEMA,
  PERSON_SCHEMA,
];

/** Of a database as this program writes it. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings the database to this version of the code; refuses one that is newer. */
export function migrate(db: DatabaseSync, to = MIGRATIONS.length): void {
  const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (found > MIGRATIONS.length)
    throw new Error(`the database is of a newer version (${found}) than this program (${MIGRATIONS.length})`);
  MIGRATIONS.slice(found, to).forEach((sql, offset) => {
    db.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${found + offset + 1}; COMMIT;`);
  });
}
