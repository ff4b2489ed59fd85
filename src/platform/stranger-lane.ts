/** Calls out that strangers cause before anything is proven: how many at a time, how many to one host, and who goes when there is no room. */
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Clock } from '../ports.ts';

interface Run {
  readonly host: string;
  readonly startedMs: number;
  readonly cut: AbortController;
}

export interface Lane {
  /** `undefined` when there is no room: nothing was called. The task ends when its signal does, and never rejects. */
  run<T>(host: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> | undefined;
  /** Counts a call to a further host; false when it has had its share. */
  mayCall(host: string): boolean;
  /** Keys of this host have proven a request: from now on it has a lane that strangers do not fill. */
  proved(host: string): void;
}

const MINUTE_MS = 60_000;
/** Hosts remembered at a time, a name each. */
const HOSTS_MAX = 10_000;

/** A full lane turns nobody away because of hosts that hang: what has run for longest, and longer than an honest directory takes, is cut off
 * for whoever comes. */
export function makeStrangerLane(clock: Clock): Lane {
  const strangers = new Set<Run>();
  const known = new Set<Run>();
  const proved = new Set<string>();
  let calls = new Map<string, number>();
  let minuteEndsMs = 0;
  const nowMs = () => clock.now().getTime();

  function mayCall(host: string): boolean {
    if (nowMs() >= minuteEndsMs) {
      calls = new Map();
      minuteEndsMs = nowMs() + MINUTE_MS;
    }
    const count = calls.get(host) ?? 0;
    if (count >= (proved.has(host) ? LIMITS.lookupsOfKnownHostAMinuteMax : LIMITS.lookupsOfHostAMinuteMax))
      return false;
    if (count === 0 && calls.size >= HOSTS_MAX) return false;
    calls.set(host, count + 1);
    return true;
  }

  function hasRoom(lane: Set<Run>, max: number): boolean {
    if (lane.size < max) return true;
    const [longest] = lane;
    if (longest === undefined || nowMs() - longest.startedMs < LIMITS.lookupGraceMs) return false;
    lane.delete(longest);
    longest.cut.abort();
    return true;
  }

  function laneFor(host: string): Set<Run> | undefined {
    const ofHost = [...strangers, ...known].filter((run) => run.host === host).length;
    if (ofHost >= LIMITS.lookupsOfHostMax) return undefined;
    if (proved.has(host) && hasRoom(known, LIMITS.lookupsOfKnownMax)) return known;
    return hasRoom(strangers, LIMITS.lookupsMax) ? strangers : undefined;
  }

  return {
    mayCall,

    run(host, task) {
      const lane = laneFor(host);
      if (lane === undefined || !mayCall(host)) return undefined;
      const run: Run = { host, startedMs: nowMs(), cut: new AbortController() };
      lane.add(run);
      return task(run.cut.signal).finally(() => {
        lane.delete(run);
        // A host that let us wait is a stranger again.
        if (run.cut.signal.aborted || nowMs() - run.startedMs > LIMITS.lookupGraceMs) proved.delete(host);
      });
    },

    proved(host) {
      proved.delete(host);
      proved.add(host);
      const [first] = proved;
      if (proved.size > HOSTS_MAX && first !== undefined) proved.delete(first);
    },
  };
}
