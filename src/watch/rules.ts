import type { Snapshot, VerifyState } from '../../adapters/sdk/index.ts';
import type { Observation, Operation, Signoff } from '../engine/operation.ts';

/** What a record was found to be: its version, or that it is gone. */
export type Seen =
  | Pick<Snapshot, 'ref' | 'version' | 'versionKind'>
  | { readonly ref: Snapshot['ref']; readonly gone: true };

/** The open sign-off whose plan was made from another version of this record, if there is one. */
export function overtaken(operation: Operation, seen: Seen): Signoff | undefined {
  const signoff = operation.signoffs.at(-1);
  if (operation.state !== 'awaiting_signoff' || signoff === undefined || signoff.decision !== undefined)
    return undefined;
  const { type, by, value } = seen.ref;
  const read = operation.plan?.plan.steps
    .flatMap(({ preconditions }) => preconditions)
    .find(({ ref }) => ref.type === type && ref.by === by && ref.value === value);
  if (read === undefined) return undefined;
  return 'gone' in seen || isNews(seen, read.version) ? signoff : undefined;
}

/** Another version, and not one from before the plan: an eventually consistent read may be older than what was planned on. */
function isNews({ version, versionKind }: Pick<Snapshot, 'version' | 'versionKind'>, planned: string): boolean {
  if (version === planned) return false;
  const order = { counter: Number, timestamp: Date.parse };
  if (versionKind !== 'counter' && versionKind !== 'timestamp') return true;
  const [now, then] = [order[versionKind](version), order[versionKind](planned)];
  return !(now < then);
}

/** A reading that fails this long after the end of the observation is given up. */
const GRACE_MS = 86_400_000;

/** What the read-backs of everything that was written say about the outcome; `undefined` when it is too early to say. */
export function outcomeOf(
  found: readonly (VerifyState | 'gone')[],
  { until }: Observation,
  nowMs: number,
  superseded: boolean,
): Observation['outcome'] | undefined {
  if (found.some((each) => each === 'diverged' || each === 'not_applied' || each === 'gone'))
    return superseded ? 'superseded' : 'overturned';
  if (found.every((each) => each === 'applied')) return nowMs >= until ? 'kept' : undefined;
  return nowMs >= until + GRACE_MS ? 'unknown' : undefined;
}
