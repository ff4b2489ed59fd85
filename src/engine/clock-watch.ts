/** The wall clock held against one that only runs: a wrong hour is noticed, whichever way it is wrong. */
import type { Clock } from '../ports.ts';

/** More than this is no drift but a clock that was set, or a machine that slept. */
const JUMP_MS = 60_000;
/** A jump ahead is believed after this: until then somebody may set it right, and what only it makes due can wait. */
const BELIEF_MS = 600_000;
const BACK_MS = 1_000;

export interface ClockLook {
  /** What the wall clock says. */
  readonly nowMs: number;
  /** What it would say without a jump that is not believed yet: nothing expires, and no day comes, before this. */
  readonly believedMs: number;
  /** It was set back since the last look: what was put off by the hour before waits for an hour that is far away. */
  readonly wentBack: boolean;
  /** It was set ahead since the last look. */
  readonly wentAhead: boolean;
}

export function makeClockWatch(clock: Clock, monotonic: () => number): () => ClockLook {
  let base = { wall: clock.now().getTime(), mono: monotonic() };
  let lastWall = base.wall;
  let lastMono = base.mono;
  /** Monotonic time from which a jump ahead is believed. */
  let doubtedUntil: number | undefined;

  return () => {
    const nowMs = clock.now().getTime();
    const mono = monotonic();
    const expected = base.wall + (mono - base.mono);
    const wentBack = nowMs < lastWall + (mono - lastMono) - BACK_MS;
    lastWall = nowMs;
    lastMono = mono;
    const isAhead = nowMs > expected + JUMP_MS;
    const wentAhead = isAhead && doubtedUntil === undefined;
    if (wentAhead) doubtedUntil = mono + BELIEF_MS;
    if (isAhead && doubtedUntil !== undefined && mono < doubtedUntil)
      return { nowMs, believedMs: expected, wentBack, wentAhead };
    doubtedUntil = undefined;
    base = { wall: nowMs, mono };
    return { nowMs, believedMs: nowMs, wentBack, wentAhead };
  };
}
