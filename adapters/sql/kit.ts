/** SQL tables under the conformance kit: a SQLite file and a PostgreSQL server. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { everySample, standardExact } from '../conformance/samples.ts';
import type { KitSubject, Rig } from '../conformance/subject.ts';
import type { Adapter, Ref } from '../sdk/index.ts';
import { makeSqlAdapter } from './index.ts';
import { MARKERS, openPostgres, openSqlite, type RigDatabase } from './rig/databases.ts';
import { makeDriverFaults, withFaults } from './rig/faults.ts';
import { MAPPING } from './rig/mapping.ts';
import { seeded } from './rig/schema.ts';

export const subjects: readonly KitSubject[] = [
  { name: 'sql (SQLite)', open: async () => rigOf(await openSqlite()) },
  { name: 'sql (PostgreSQL)', open: async () => rigOf(await openPostgres()) },
];

const CALL_TIMEOUT_MS = 5_000;
const NO_STATUS = 'a database answers rows or an error, and no statuses';

/** The tables in the mapping’s names, written by hand: the kit compares with what is there, not with what the adapter reads. */
const SHOWS: Readonly<Record<string, string>> = {
  account: `SELECT name AS "account.name", vat_id AS "tax.vat_id" FROM accounts WHERE id = $1`,
  contact: `SELECT email AS "contact.email", phone AS "contact.phone", first_name AS "contact.first_name",
    job_title AS "contact.job_title" FROM contacts WHERE id = $1`,
  contract: `SELECT cast(price AS text) AS price, currency, term_months, seats, cast(starts_on AS text) AS start_date,
    cast(ends_on AS text) AS end_date, notice_days, payment_days AS payment_terms_days,
    CASE state WHEN 'A' THEN 'active' WHEN 'X' THEN 'expired' ELSE 'cancelled' END AS status FROM contracts WHERE number = $1`,
  ticket: `SELECT subject, body, operation,
    CASE priority WHEN '1' THEN 'low' WHEN '2' THEN 'normal' ELSE 'high' END AS priority FROM tickets WHERE cast(id AS text) = $1`,
};

const EDITS: Readonly<Record<string, string>> = {
  contract: 'UPDATE contracts SET payment_days = payment_days + 1, version = version + 1 WHERE number = $1',
  contact: "UPDATE contacts SET first_name = first_name || 'x' WHERE id = $1",
  account: "UPDATE accounts SET street = street || 'x', version = version + 1 WHERE id = $1",
};
const RUN = `UPDATE contracts SET state = 'A', price = 1100.01, currency = 'EUR', seats = 25, starts_on = '2026-01-01', ends_on = '2027-12-31',
  version = version + 1 WHERE number = $1`;
/** A person’s edit leaves no trace in the audit of the adapter. */
const FORGET = 'DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)';

async function rigOf(database: RigDatabase): Promise<Rig> {
  const faults = makeDriverFaults();
  return {
    makeAdapter: ({ sent, token, tenant, timeoutMs = CALL_TIMEOUT_MS }) =>
      adapterOf(
        withFaults(
          database.engine({
            tenant: tenant === 'b' ? 'b' : 'a',
            timeoutMs,
            ...(token === undefined ? {} : { password: token }),
          }),
          faults,
          sent,
        ),
      ),
    async effects() {
      const rows = await database.run([['SELECT type, id FROM audit ORDER BY seq']]);
      return rows.map(({ type, id }) => ({ key: '', type: String(type), id: String(id) }));
    },
    record: async ({ type, value }) => shown((await database.run([[SHOWS[type] ?? '', value]]))[0] ?? {}),
    edit: async ({ type, value }) => void (await database.run([[EDITS[type] ?? '', value], [FORGET]])),
    async fault(fault) {
      if (fault.kind === 'hang') await database.lock();
      else faults.add(fault);
    },
    async clearFaults() {
      faults.clear();
      await database.unlock();
    },
    unsupported: {
      '500-before': NO_STATUS,
      '500-after': NO_STATUS,
      '429': NO_STATUS,
      '429-bare': NO_STATUS,
      '401': NO_STATUS,
      slow: 'rows come at once',
      'bad-schema': 'columns are checked before they are used',
      'stale-read': 'a transaction sees everything that was committed before it',
      partial: 'a transaction is done whole or not at all',
    },
    ...(database.process === undefined
      ? {}
      : { process: { ...database.process, kill: () => killed(database, faults) } }),
    samples: everySample(seeded, async (id) => void (await database.run([[RUN, id], [FORGET]]))),
    absent: (type): Ref => ({ type, by: 'id', value: type === 'ticket' ? '999999' : 'X-999999' }),
    secrets: database.secrets,
    writes: (verb) => ['INSERT', 'UPDATE', 'DELETE'].includes(verb),
    async tenants() {
      const ref: Ref = { type: 'account', by: 'id', value: seeded.account };
      return [
        { tenant: 'a', ref, marker: MARKERS.a },
        { tenant: 'b', ref, marker: MARKERS.b },
      ];
    },
    paged: { none: 'it reads single rows by id and never a list' },
    exact: standardExact(seeded.exact),
    stop: () => database.stop(),
  };
}

function adapterOf(engine: Parameters<typeof makeSqlAdapter>[0]['engine']): Adapter {
  const made = makeSqlAdapter({ engine, mapping: MAPPING, recipes: [] });
  if (!made.ok) throw new Error(made.error.join('\n'));
  return made.value;
}

async function killed({ process: server }: RigDatabase, faults: ReturnType<typeof makeDriverFaults>): Promise<void> {
  await server?.kill();
  // Its connections are lost with it.
  faults.clear();
}

/** Money from the two columns, in minor units. */
function shown(row: Readonly<Record<string, unknown>>): JsonObject {
  const { price = null, currency, ...rest } = row;
  const fields: JsonObject = JSON.parse(JSON.stringify(rest));
  if (price === null) return fields;
  const digits = currency === 'JPY' ? 0 : currency === 'KWD' ? 3 : 2;
  const amount = Math.round(Number(price) * 10 ** digits);
  return { ...fields, unit_price: { amount, currency: String(currency) } };
}
