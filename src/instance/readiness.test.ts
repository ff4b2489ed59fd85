import { beforeEach, describe, expect, it } from 'vitest';
import type { AskedHealth } from '../crm/health.ts';
import { makeClockWatch } from '../engine/clock-watch.ts';
import { makeReadiness } from './readiness.ts';

let hasRoom: boolean;
let logTrouble: string | undefined;
let crm: AskedHealth | undefined;
let unreadable: string | undefined;
let wall: number;
let mono: number;
let told: string[];
let readiness: ReturnType<typeof makeReadiness>;
beforeEach(() => {
  hasRoom = true;
  [logTrouble, crm, unreadable] = [undefined, undefined, undefined];
  [wall, mono, told] = [Date.UTC(2026, 10, 28), 0, []];
  readiness = makeReadiness({
    hasRoom: () => hasRoom,
    logTrouble: () => logTrouble,
    crm: () => crm,
    unreadable: () => unreadable,
    clock: makeClockWatch({ now: () => new Date(wall) }, () => mono),
    monotonic: () => mono,
    log: (event, fields = {}) => void told.push(`${event} ${JSON.stringify(fields)}`),
  });
});

const WELL: AskedHealth = { ok: true, latencyMs: 1, at: '', title: 'CRM' };
const missing = () =>
  Object.entries(readiness.parts())
    .filter(([, isReady]) => !isReady)
    .map(([part]) => part);
const pass = (ms: number, wallMs = ms) => {
  wall += wallMs;
  mono += ms;
  readiness.look();
};

describe('whether a gateway is ready', () => {
  it('O9: is not known before the CRM was asked; then each part says so for itself, and the log says why', () => {
    expect(missing()).toEqual(['adapter']);
    readiness.look();
    expect(told).toEqual([]);
    crm = WELL;
    readiness.look();
    expect([missing(), told.splice(0)]).toEqual([[], ['ready {}']]);
    hasRoom = false;
    logTrouble = 'entry 7 is not what was signed';
    crm = { ...WELL, ok: false, detail: 'no connection' };
    unreadable = 'line 3 of revoked.jsonl';
    readiness.look();
    expect(missing()).toEqual(['store', 'log', 'adapter', 'revocations']);
    expect(told.splice(0)).toEqual([expect.stringMatching(/^not_ready .*no room.*entry 7.*no connection.*line 3/)]);
    // Told once.
    readiness.look();
    expect(told).toEqual([]);
  });

  it('O9: a clock that was set back is doubted for as long as signatures may be judged by the wrong hour, one set ahead until it is believed', () => {
    crm = WELL;
    pass(1_000);
    expect(missing()).toEqual([]);
    pass(1_000, -3_600_000);
    expect(missing()).toEqual(['clock']);
    pass(299_000);
    expect(missing()).toEqual(['clock']);
    pass(1_000);
    expect(missing()).toEqual([]);
    pass(1_000, 7_200_000);
    expect(missing()).toEqual(['clock']);
    for (let minutes = 0; minutes < 10; minutes += 1) pass(60_000);
    expect(missing()).toEqual([]);
  });
});
