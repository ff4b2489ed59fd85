/** What the CRM can do of what the adapter claims: asked at the start and again and again, as an org's fields and permissions change. */
import { type Adapter, AdapterError } from '../../adapters/sdk/index.ts';
import type { Clock, Log } from '../ports.ts';

/** A describe of every object of an org takes its time. */
const LOOK_TIMEOUT_MS = 30_000;
/** So long a start waits for it; a CRM that is down keeps no gateway from starting. */
const START_WAIT_MS = 5_000;
/** Until it is known, and then. */
const UNKNOWN_INTERVAL_MS = 5_000;
const KNOWN_INTERVAL_MS = 300_000;

export interface Abilities {
  /** The actions that the CRM can do as it is; undefined until it could be asked. */
  known(): ReadonlySet<string> | undefined;
  /** Asks for the first time; waits for a bounded time only. */
  start(): Promise<void>;
  /** Asks again when it is time to. */
  look(): Promise<void>;
}

export function makeAbilities({
  crm,
  clock,
  log,
}: {
  readonly crm: Adapter;
  readonly clock: Clock;
  readonly log: Log;
}): Abilities {
  let able: ReadonlySet<string> | undefined;
  let next = 0;
  let told = '';

  async function ask(): Promise<void> {
    const ctx = { clock: () => clock.now(), signal: AbortSignal.timeout(LOOK_TIMEOUT_MS), log };
    const claimed = crm.manifest.capabilities.map(({ action }) => action);
    try {
      const found = new Set((await crm.discover(ctx)).map(({ action }) => action));
      const cannot = claimed.filter((action) => !found.has(action));
      if (told !== cannot.join() || able === undefined) log('crm.ready', { adapter: crm.manifest.name, cannot });
      told = cannot.join();
      // The same set stays the same object: what is built of it is built once.
      if (able === undefined || able.size !== found.size || [...found].some((each) => able?.has(each) === false))
        able = found;
    } catch (error) {
      // What was known goes on to be: an outage takes nothing away.
      const detail = error instanceof AdapterError ? error.message : 'unknown';
      if (able === undefined || told !== detail) log('crm.unclear', { adapter: crm.manifest.name, detail });
    }
    next = clock.now().getTime() + (able === undefined ? UNKNOWN_INTERVAL_MS : KNOWN_INTERVAL_MS);
  }

  return {
    known: () => able,
    async start() {
      let late: NodeJS.Timeout | undefined;
      const waited = new Promise<void>((resolve) => {
        late = setTimeout(resolve, START_WAIT_MS);
      });
      await Promise.race([ask(), waited]);
      clearTimeout(late);
    },
    look: async () => (clock.now().getTime() < next ? undefined : ask()),
  };
}
