import type { Invitation } from '../ports.ts';
import type { Handle } from './handle.ts';

/** One invitation an agent, one row an account it is for. */
export const INVITATIONS_SCHEMA = `
  CREATE TABLE invitations (
    account TEXT NOT NULL,
    agent TEXT NOT NULL,
    at TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (account, agent)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX invitations_agent ON invitations (agent);
`;

export function invitationStatements(db: Pick<Handle, 'prepare'>) {
  return {
    invitationsOf: db.prepare('SELECT doc FROM invitations WHERE account = ? ORDER BY at DESC, agent'),
    invitationAdd: db.prepare('INSERT INTO invitations (account, agent, at, doc) VALUES (?, ?, ?, ?)'),
    invitationsForget: db.prepare('DELETE FROM invitations WHERE agent = ?'),
  };
}

type InvitationSql = ReturnType<typeof invitationStatements>;

export function putInvitation(sql: InvitationSql, invitation: Invitation): void {
  sql.invitationsForget.run(invitation.agent.keyid);
  for (const account of new Set(invitation.accounts))
    sql.invitationAdd.run(account, invitation.agent.keyid, invitation.at, JSON.stringify(invitation));
}
