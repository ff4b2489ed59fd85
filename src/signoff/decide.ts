import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Operation, Signoff } from '../engine/operation.ts';

export interface Approver {
  readonly id: string;
  readonly roles: readonly string[];
}

/** What a person decided, and the plan they were shown when they did. */
export interface Decision {
  readonly signoff: string;
  readonly planDigest: string;
  readonly kind: 'approved' | 'rejected' | 'countered';
  /** For the company's people alone. */
  readonly reason?: string;
  /** In words made for the customer's agent: why it is rejected, or what goes with a counter-offer. */
  readonly message?: string;
  readonly terms?: JsonObject;
}

export interface Checked {
  readonly signoff: Signoff;
  /** The same person has decided the same before: nothing more happens. */
  readonly repeated: boolean;
}

/** Whether this person may decide this, now, about what they were shown. */
export function checkDecision(
  operation: Operation,
  decision: Decision,
  approver: Approver,
  now: Date,
): Result<Checked, Refusal> {
  const signoff = operation.signoffs.find(({ id }) => id === decision.signoff);
  if (signoff === undefined) return err(refusal('not-found'));
  if (!approver.roles.includes(signoff.role))
    return err(refusal('forbidden', `This sign-off is for the role ${signoff.role}.`));
  const { decision: made } = signoff;
  if (made?.by === approver.id && made.kind === decision.kind && signoff.planDigest === decision.planDigest)
    return ok({ signoff, repeated: true });
  if (made !== undefined)
    return err(
      made.kind === 'void' || made.kind === 'expired'
        ? refusal('signoff-void')
        : refusal('conflict', 'Somebody has decided already.'),
    );
  if (operation.state !== 'awaiting_signoff' || operation.signoffs.at(-1) !== signoff)
    return err(refusal('signoff-void', 'The operation no longer waits for this sign-off.'));
  if (Date.parse(signoff.expiresAt) <= now.getTime())
    return err(refusal('signoff-void', 'The time to decide is over.'));
  if (signoff.planDigest !== decision.planDigest)
    return err(refusal('conflict', 'The plan is not the one that was shown. Look at it again.'));
  return ok({ signoff, repeated: false });
}
