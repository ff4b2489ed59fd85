/** Agents that registered. One that nothing of is kept is remembered for a while only, with where it came from; its first operation or
 * invitation makes it an agent for good, tells the log, and forgets where that was. */
import type { LedgerRecord, UnusedAgent } from '../ports.ts';
import type { Handle } from './handle.ts';

export function agentStatements(db: Pick<Handle, 'prepare'>) {
  return {
    agentGet: db.prepare('SELECT doc FROM agents WHERE keyid = ?'),
    agentPut: db.prepare(
      'INSERT INTO agents (keyid, doc) VALUES (?, ?) ON CONFLICT (keyid) DO UPDATE SET doc = excluded.doc',
    ),
    agentUsed: db.prepare(
      "UPDATE agents SET doc = json_remove(doc, '$.unused') WHERE keyid = ? AND doc ->> '$.unused' IS NOT NULL",
    ),
    agentForget: db.prepare("DELETE FROM agents WHERE keyid = ? AND doc ->> '$.unused' IS NOT NULL"),
    agentsUnused: db.prepare(
      `SELECT keyid, doc ->> '$.unused' AS site, doc ->> '$.registeredAt' AS at, length(doc) AS bytes FROM agents
       WHERE doc ->> '$.unused' IS NOT NULL ORDER BY at`,
    ),
  };
}

type AgentSql = ReturnType<typeof agentStatements>;

/** Something of its own is kept from now on: the log's record of its registration, where it is the first. */
export function useAgent(sql: AgentSql, { keyid, at }: { keyid: string; at: string }): LedgerRecord | undefined {
  const isFirst = Number(sql.agentUsed.run(keyid).changes) > 0;
  return isFirst ? { type: 'registration', at, agent: keyid } : undefined;
}

/** The earliest first. */
export function unusedAgents(sql: AgentSql): readonly UnusedAgent[] {
  return sql.agentsUnused.all().map(({ keyid, site, at, bytes }) => ({
    keyid: String(keyid),
    site: String(site),
    registeredAt: String(at),
    bytes: Number(bytes),
  }));
}
