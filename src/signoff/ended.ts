import type { Ended } from '../engine/grounds.ts';
import type { Operation } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import { type Change, notify, type World } from '../engine/world.ts';
import { write } from '../engine/write.ts';

/** Plans that wait for people at a time; of more than these the page alone tells. */
const WAITING_MAX = 1_000;

export interface TellEndedDeps {
  readonly world: World;
  /** What of an operation's authority has ended. */
  readonly endedSince: (operation: Operation) => Promise<readonly Ended[]>;
  readonly changed: (id: string) => void;
}

/** After something was revoked: whoever was asked for a sign-off that can no longer be given is told, once each. The operation stays
 * where it is: to reject it, or to call the customer, is theirs. */
export async function tellEnded({ world, endedSince, changed }: TellEndedDeps): Promise<void> {
  for (const operation of world.store.inState(['awaiting_signoff'], WAITING_MAX)) {
    const signoff = operation.signoffs.at(-1);
    if (signoff === undefined || signoff.ended !== undefined) continue;
    const ended = (await endedSince(operation)).filter(
      ({ bounds, refusal }) => bounds === 'everything' && isLasting(refusal),
    );
    if (ended.length === 0) continue;
    const told = await write(world.store, tell(world, operation, ended));
    // Who loses the race has been moved on meanwhile; nothing is approved without the same being looked at.
    if (told.ok && told.value.committed.ok) changed(operation.id);
  }
}

/** What cannot be read now may be read in a moment. */
const isLasting = ({ code }: Ended['refusal']): boolean => code !== 'unavailable' && code !== 'mandate-unverifiable';

function tell(world: World, operation: Operation, ended: readonly Ended[]): Change {
  const signoff = operation.signoffs.at(-1);
  const words = ended.map((each) => each.words);
  const signoffs = operation.signoffs.map((each) => (each === signoff ? { ...each, ended: words } : each));
  const facts = { problem: ended[0]?.refusal.code ?? null };
  const patch = { signoffs, tries: operation.tries };
  const { next, expected, record } = move(operation, 'noted', 'engine', world.clock.now(), patch, facts);
  const payload = { signoff: signoff?.id ?? '', operation: operation.id, action: operation.action, ended: words };
  return { next, expected, records: [record], outgoing: notify(world, 'signoff.authority_ended', payload) };
}
