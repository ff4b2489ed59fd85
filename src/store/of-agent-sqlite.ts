/** One agent's operations, a page at a time: every filter has an index, and no page reads more rows than it shows. */
import { STATES } from '../../protocol/operation.ts';
import type { AgentPage } from '../ports.ts';
import type { Handle } from './handle.ts';

/** Beside (agent, updated_at, id), which is older. */
export const OF_AGENT_SCHEMA = `
  ALTER TABLE operations ADD COLUMN conversation TEXT NOT NULL DEFAULT '';
  UPDATE operations SET conversation = coalesce(doc ->> '$.conversation', id);
  CREATE INDEX operations_agent_state ON operations (agent, state, updated_at, id);
  CREATE INDEX operations_conversation ON operations (agent, conversation, state, updated_at, id);
`;

/** A list says how many there are, up to this many: counting takes time, too. */
const COUNT_MAX = 10_000;

const PLACE = 'updated_at >= :since AND (updated_at, id) < (:at, :id) ORDER BY updated_at DESC, id DESC LIMIT :limit';
const COUNT = 'updated_at >= :since LIMIT :limit';

function pair(db: Pick<Handle, 'prepare'>, filter: string) {
  return {
    page: db.prepare(`SELECT id, updated_at FROM operations WHERE ${filter} AND ${PLACE}`),
    count: db.prepare(`SELECT count(*) AS n FROM (SELECT 1 FROM operations WHERE ${filter} AND ${COUNT})`),
  };
}

export function ofAgentStatements(db: Pick<Handle, 'prepare'>) {
  return {
    ofAgent: pair(db, 'agent = :agent'),
    ofAgentIn: pair(db, 'agent = :agent AND state = :state'),
    ofConversationIn: pair(db, 'agent = :agent AND conversation = :conversation AND state = :state'),
  };
}

type Statements = ReturnType<typeof ofAgentStatements>;
type Filter = Readonly<Record<string, string>>;

/** After every time there is, and after every id. */
const END = { at: '~', id: '~' };

export interface Listed {
  /** Last changed first. */
  readonly ids: readonly string[];
  readonly total: number;
}

export function idsOfAgent(sql: Statements, agent: string, page: AgentPage): Listed {
  const { after = END, limit, since = '' } = page;
  const asked = filtersOf(sql, agent, page);
  const found = asked.flatMap(({ of, filter }) => of.page.all({ ...filter, since, at: after.at, id: after.id, limit }));
  const places = found.map((row) => ({ at: String(row['updated_at']), id: String(row['id']) }));
  const newest = asked.length === 1 ? places : places.sort((a, b) => compare(b.at, a.at) || compare(b.id, a.id));
  const total = asked.reduce(
    (sum, { of, filter }) => sum + Number(of.count.get({ ...filter, since, limit: COUNT_MAX - sum })?.['n'] ?? 0),
    0,
  );
  return { ids: newest.slice(0, limit).map(({ id }) => id), total };
}

/** A look for each state: then every look reads its index in the order of the page. */
function filtersOf(sql: Statements, agent: string, { states, conversation }: AgentPage) {
  const each = (of: Statements['ofAgent'], filter: Filter) => ({ of, filter: { agent, ...filter } });
  if (conversation !== undefined)
    return (states ?? STATES).map((state) => each(sql.ofConversationIn, { conversation, state }));
  return states === undefined ? [each(sql.ofAgent, {})] : states.map((state) => each(sql.ofAgentIn, { state }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
