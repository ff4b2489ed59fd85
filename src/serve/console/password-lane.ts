/** Where passwords are hashed: one at a time, because each takes 128 MB and one of the four threads that all of Node shares. */
import { type Later, makeTurns } from '../../edge/turns.ts';

/** What strangers may have hashed: ten at once, and then one in two seconds, whatever the number of addresses: a name guessed from
 * everywhere is tried 43,200 times a day at most. A person waits for a turn no longer than they would for a page. */
const LIMITS_OF_LANE = {
  atOnce: 1,
  atOnceOfKnown: 0,
  burst: 10,
  pauseMs: 2_000,
  waitingMax: 64,
  waitingOfAddressMax: 2,
  waitMsMax: 20_000,
} as const;

/** A device that has signed in before is known: it goes first, and has a queue of its own. */
export function makePasswordLane(deps: { readonly nowMs: () => number; readonly later: Later }) {
  return makeTurns({ ...deps, limits: LIMITS_OF_LANE });
}
