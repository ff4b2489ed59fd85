import { describe, expect, it } from 'vitest';
import type { Operation, Signoff } from '../engine/operation.ts';
import { type Approver, checkDecision, type Decision } from './decide.ts';

const NOW = new Date('2026-11-28T12:00:00Z');
const maria: Approver = { id: 'maria', roles: ['approver'] };
const otto: Approver = { id: 'otto', roles: ['approver', 'legal'] };

const signoff: Signoff = {
  id: 'so_1' as Signoff['id'],
  askedAt: '2026-11-28T11:00:00Z',
  expiresAt: '2026-11-28T13:00:00Z',
  planDigest: 'sha-256:shown',
  reasons: [],
  role: 'approver',
};
const yes: Decision = { signoff: 'so_1', planDigest: 'sha-256:shown', kind: 'approved' };

function waiting(more: Partial<Signoff> = {}, later: readonly Signoff[] = []): Operation {
  return { state: 'awaiting_signoff', signoffs: [{ ...signoff, ...more }, ...later] } as unknown as Operation;
}
function outcome(
  operation: Operation,
  { decision = yes, by = maria, now = NOW }: { decision?: Decision; by?: Approver; now?: Date } = {},
): string {
  const checked = checkDecision(operation, decision, by, now);
  if (!checked.ok) return checked.error.code;
  return checked.value.repeated ? 'repeated' : 'taken';
}
const madeBy = (by: string, kind: 'approved' | 'rejected' = 'approved') => ({
  decision: { kind, at: '2026-11-28T11:30:00Z', by },
});

describe('a decision', () => {
  it('is taken of whoever has the role, in time, about the plan that was shown', () => {
    expect(outcome(waiting())).toBe('taken');
    expect(outcome(waiting(), { decision: { ...yes, kind: 'rejected' } })).toBe('taken');
  });

  it('is not taken about another sign-off than one of the operation’s', () => {
    expect(outcome(waiting(), { decision: { ...yes, signoff: 'so_2' } })).toBe('not-found');
  });

  it('is not taken of somebody without the role', () => {
    expect(outcome(waiting({ role: 'legal' }))).toBe('forbidden');
    expect(outcome(waiting({ role: 'legal' }), { by: otto })).toBe('taken');
    expect(outcome(waiting(), { by: { id: 'maria', roles: [] } })).toBe('forbidden');
  });

  it('is not taken about a plan that was not shown', () => {
    for (const kind of ['approved', 'rejected', 'countered'] as const)
      expect(outcome(waiting(), { decision: { ...yes, kind, planDigest: 'sha-256:other' } })).toBe('conflict');
  });

  it('is not taken once the time is over, to the second', () => {
    expect(outcome(waiting(), { now: new Date('2026-11-28T12:59:59Z') })).toBe('taken');
    expect(outcome(waiting(), { now: new Date('2026-11-28T13:00:00Z') })).toBe('signoff-void');
  });

  it('is made once: the same again changes nothing, and another or another’s is a conflict', () => {
    expect(outcome(waiting(madeBy('maria')))).toBe('repeated');
    expect(outcome(waiting(madeBy('maria')), { decision: { ...yes, kind: 'rejected' } })).toBe('conflict');
    expect(outcome(waiting(madeBy('otto')))).toBe('conflict');
    expect(outcome(waiting(madeBy('otto', 'rejected')))).toBe('conflict');
  });

  it('is void where nobody waits for it any more', () => {
    for (const kind of ['void', 'expired'] as const)
      expect(outcome(waiting({ decision: { kind, at: signoff.askedAt } }))).toBe('signoff-void');
    expect(outcome({ ...waiting(), state: 'authorized' })).toBe('signoff-void');
    expect(outcome(waiting({}, [{ ...signoff, id: 'so_2' as Signoff['id'] }]))).toBe('signoff-void');
  });
});
