/** The action mandate: a principal's signed, narrow, expiring, revocable permission for one agent's key.
 * An SD-JWT with key binding (RFC 9901). Shapes in mandate-claims.ts, rules in mandate-facts.ts. */
export {
  checkMandate,
  type MandateAsk,
  type MandateConstraints,
  type MandateFacts,
  type Risk,
  type Tier,
  tierAllows,
} from './mandate-facts.ts';
