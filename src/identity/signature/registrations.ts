/** Keys that strangers register. What was never used is kept in a room counted in bytes, in all and for each site; who comes when it is full
 * takes the place of the earliest of whoever has most, so that nobody is turned away and no stranger pushes out one registration alone. */
import { LIMITS } from '../../../protocol/base/limits.ts';
import type { Clock, RegisteredAgent, Store, UnusedAgent } from '../../ports.ts';

/** Beside its document: its row, and what is remembered of it here. */
const ROW_BYTES = 250;

interface Unused {
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface Registrations {
  /** Known from now on; `site` is where it comes from. */
  save(agent: RegisteredAgent, site: string): Promise<void>;
  /** Forgets what was not used in time. How many. */
  expire(): Promise<number>;
  /** Told of every key that is known no longer. */
  onForgotten(listener: (keyid: string) => void): void;
}

export interface RegistrationDeps {
  readonly store: Pick<Store, 'agent' | 'saveAgent' | 'unusedAgents' | 'forgetUnused'>;
  readonly clock: Clock;
}

export function makeRegistrations({ store, clock }: RegistrationDeps): Registrations {
  /** By site, and in it the earliest first. */
  const sites = new Map<string, Map<string, Unused>>();
  const bytesOf = new Map<string, number>();
  const listeners = new Set<(keyid: string) => void>();
  let bytes = 0;

  function add({ keyid, site, registeredAt, bytes: size }: UnusedAgent): void {
    const all = sites.get(site) ?? new Map<string, Unused>();
    sites.set(site, all);
    count(site, size + ROW_BYTES);
    all.set(keyid, { bytes: size + ROW_BYTES, at: Date.parse(registeredAt) });
  }

  function count(site: string, change: number): void {
    bytes += change;
    bytesOf.set(site, (bytesOf.get(site) ?? 0) + change);
  }

  function drop(site: string, keyid: string): void {
    const all = sites.get(site);
    const found = all?.get(keyid);
    if (all === undefined || found === undefined) return;
    all.delete(keyid);
    count(site, -found.bytes);
    if (all.size > 0) return;
    sites.delete(site);
    bytesOf.delete(site);
  }

  /** Of this site, and then in all, the earliest until there is room. */
  function makeRoom(site: string): readonly string[] {
    const gone: string[] = [];
    const first = (of: string): void => {
      const [keyid = ''] = sites.get(of)?.keys() ?? [];
      drop(of, keyid);
      gone.push(keyid);
    };
    while ((bytesOf.get(site) ?? 0) > LIMITS.unusedKeysBytesOfSiteMax) first(site);
    while (bytes > LIMITS.unusedKeysBytesMax) first(largest());
    return gone;
  }

  function largest(): string {
    let most = '';
    for (const [site, size] of bytesOf) if (size > (bytesOf.get(most) ?? 0)) most = site;
    return most;
  }

  /** But what was used meanwhile. */
  async function forget(keyids: readonly string[]): Promise<number> {
    const gone = keyids.length === 0 ? [] : await store.forgetUnused(keyids);
    for (const keyid of gone) for (const tell of listeners) tell(keyid);
    return gone.length;
  }

  for (const each of store.unusedAgents()) add(each);

  return {
    async save(agent, site) {
      const at = clock.now().toISOString();
      const before = store.agent(agent.keyid);
      if (before !== undefined && before.unused === undefined) return store.saveAgent(agent, at);
      if (before?.unused !== undefined) drop(before.unused, agent.keyid);
      const unused = { ...agent, unused: site };
      add({ keyid: agent.keyid, site, registeredAt: agent.registeredAt, bytes: JSON.stringify(unused).length });
      const gone = makeRoom(site);
      await store.saveAgent(unused, at);
      await forget(gone);
    },

    async expire() {
      const until = clock.now().getTime() - LIMITS.unusedKeySeconds * 1_000;
      const late: string[] = [];
      for (const [site, all] of sites)
        for (const [keyid, { at }] of all)
          if (at < until) {
            late.push(keyid);
            drop(site, keyid);
          }
      return forget(late);
    },

    onForgotten: (listener) => void listeners.add(listener),
  };
}
