/** Who waits for a person of the company, and until when: a page at a time, the nearest clock first. */
import type { PersonPage } from '../engine/case.ts';
import type { Handle } from './handle.ts';

/** What was a case, a sign-off or a talk for a person before stays one. A ticket that was written then is not: who saw to it, nobody noted. */
export const PERSON_SCHEMA = `
  ALTER TABLE operations ADD COLUMN person_by TEXT;
  UPDATE operations SET person_by = coalesce(doc ->> '$.signoffs[#-1].expiresAt', updated_at) WHERE state = 'awaiting_signoff';
  UPDATE operations SET person_by = coalesce(doc ->> '$.handoff.respondBy', updated_at) WHERE state IN ('handed_off', 'needs_human');
  UPDATE operations SET person_by = doc ->> '$.handoff.respondBy' WHERE state = 'negotiating'
    AND doc ->> '$.negotiation.turn' = 'company' AND doc -> '$.negotiation.person' IS NOT NULL
    AND doc -> '$.negotiation.person.answeredAt' IS NULL;
  CREATE INDEX operations_person ON operations (person_by, id) WHERE person_by IS NOT NULL;
`;

export function personStatements(db: Pick<Handle, 'prepare'>) {
  return {
    personPage: db.prepare(
      'SELECT id FROM operations WHERE person_by IS NOT NULL AND (person_by, id) > (:by, :id) ORDER BY person_by, id LIMIT :limit',
    ),
    personCount: db.prepare('SELECT count(*) AS n FROM operations WHERE person_by IS NOT NULL'),
  };
}

export function idsForPerson(
  sql: ReturnType<typeof personStatements>,
  { after: { by, id } = { by: '', id: '' }, limit }: PersonPage,
): { readonly ids: readonly string[]; readonly total: number } {
  const ids = sql.personPage.all({ by, id, limit }).map((row) => String(row['id']));
  return { ids, total: Number(sql.personCount.get()?.['n'] ?? 0) };
}
