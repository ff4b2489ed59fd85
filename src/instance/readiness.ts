/** Whether the gateway can do what it is there for: each part of it, with the reason where it cannot. Who asks is told the parts; the
 * reasons are for who runs it. */
import type { AskedHealth } from '../crm/health.ts';
import type { ClockLook } from '../engine/clock-watch.ts';
import type { Log } from '../ports.ts';

const PARTS = ['store', 'log', 'adapter', 'clock', 'revocations'] as const;
type Part = (typeof PARTS)[number];

export interface Readiness {
  /** Looks again, and tells the log what has changed. */
  look(): void;
  /** As it was at the last look. */
  parts(): Readonly<Record<Part, boolean>>;
}

export interface ReadinessDeps {
  readonly hasRoom: () => boolean;
  /** Why nothing is signed into the log now. */
  readonly logTrouble: () => string | undefined;
  readonly crm: () => AskedHealth | undefined;
  readonly unreadable: () => string | undefined;
  readonly clock: () => ClockLook;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly log: Log;
}

/** Signatures are judged by the hour: after it was set back, those of a whole window are judged wrongly. */
const BACK_MS = 300_000;

export function makeReadiness(deps: ReadinessDeps): Readiness {
  let reasons: Partial<Record<Part, string>> = { adapter: NOT_ASKED };
  let backUntil = 0;

  function clockTrouble(): string | undefined {
    const { wentBack, believedMs, nowMs } = deps.clock();
    if (wentBack) backUntil = deps.monotonic() + BACK_MS;
    if (believedMs !== nowMs) return 'it was set ahead, and is not believed yet';
    return deps.monotonic() < backUntil ? 'it was set back a moment ago' : undefined;
  }

  function found(): Partial<Record<Part, string>> {
    const crm = deps.crm();
    const all: Readonly<Record<Part, string | undefined>> = {
      store: deps.hasRoom() ? undefined : 'there is no room on the disk',
      log: deps.logTrouble(),
      adapter: crm === undefined ? NOT_ASKED : crm.ok ? undefined : (crm.detail ?? 'the CRM does not answer'),
      clock: clockTrouble(),
      revocations: deps.unreadable(),
    };
    return Object.fromEntries(Object.entries(all).filter(([, why]) => why !== undefined));
  }

  return {
    look() {
      const before = Object.keys(reasons).join();
      reasons = found();
      if (Object.keys(reasons).join() === before) return;
      if (Object.keys(reasons).length === 0) deps.log('ready');
      else deps.log('not_ready', { parts: { ...reasons } });
    },
    parts: () => Object.fromEntries(PARTS.map((part) => [part, reasons[part] === undefined])) as Record<Part, boolean>,
  };
}

const NOT_ASKED = 'the CRM was not asked yet';
