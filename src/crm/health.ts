/** How the CRM is: asked again and again, told where it changes, and shown to the company's people. */
import { AdapterError, type Health } from '../../adapters/sdk/index.ts';
import type { World } from '../engine/world.ts';

const CALL_TIMEOUT_MS = 10_000;
const WELL_INTERVAL_MS = 60_000;

/** As it was when it was last asked. */
export interface AskedHealth extends Health {
  /** RFC 3339. */
  readonly at: string;
  readonly title: string;
}

export interface CrmHealth {
  ask(): Promise<void>;
  /** Asks when it is time to: sooner while it is not well. */
  look(): Promise<void>;
  /** Undefined before the first answer. */
  now(): AskedHealth | undefined;
}

export function makeCrmHealth({ crm, clock, log }: Pick<World, 'crm' | 'clock' | 'log'>): CrmHealth {
  let last: AskedHealth | undefined;
  async function asked(): Promise<Health> {
    const began = clock.now().getTime();
    try {
      return await crm.health({ clock: () => clock.now(), signal: AbortSignal.timeout(CALL_TIMEOUT_MS), log });
    } catch (error) {
      const detail = error instanceof AdapterError ? error.message : 'The adapter failed.';
      return { ok: false, latencyMs: clock.now().getTime() - began, detail };
    }
  }
  async function ask(): Promise<void> {
    const before = last;
    last = { ...(await asked()), at: clock.now().toISOString(), title: crm.manifest.title };
    const { ok, latencyMs, detail } = last;
    if (ok !== before?.ok || detail !== before.detail)
      log('crm.health', { ok, latency_ms: latencyMs, ...(detail === undefined ? {} : { detail }) });
  }
  return {
    ask,
    async look() {
      const isDue = last?.ok !== true || Math.abs(clock.now().getTime() - Date.parse(last.at)) >= WELL_INTERVAL_MS;
      if (isDue) await ask();
    },
    now: () => last,
  };
}
