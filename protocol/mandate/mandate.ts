/** The action mandate: a principal's signed, narrow, expiring, revocable permission for one agent's key.
 * An SD-JWT with key binding (RFC 9901). Shapes in mandate-claims.ts, rules in mandate-facts.ts. */

export { type Delegating, delegateMandate } from './chain.ts';
export type { IdentityClaim } from './claims.ts';
export {
  type Commitment,
  checkCommitment,
  checkLimits,
  checkMandate,
  HIGHEST_RISK_OF_PROOF,
  isFreshConsent,
  limitsOn,
  type MandateAsk,
  type MandateConstraints,
  type MandateFacts,
  type Period,
  type Proof,
  proofAllows,
  type Risk,
  type SharedLimits,
  sharedLimits,
  type Tier,
  tierAllows,
} from './facts.ts';
export { issueMandate, type MandateOrder, type Presenting, presentMandate } from './issue.ts';
export { type JwtSigner, jwkSigner } from './jwt.ts';
export {
  type MandateCheck,
  type MandateIssuer,
  type MandateIssuers,
  speaksFor,
  verifyMandate,
} from './verify.ts';
