/** Keys that strangers register. What was never used is kept in a room counted in bytes, in all and for each site; who comes when it is full
 * takes the place of the earliest of whoever has most: of providers first, and then of that one's sites. So nobody is turned away, and who has
 * many sites of one provider pushes out their own. */
import { LIMITS } from '../../../protocol/base/limits.ts';
import { networksOf } from '../../edge/networks.ts';
import type { Clock, RegisteredAgent, Store, UnusedAgent } from '../../ports.ts';

/** Beside its document: its row, and what is remembered of it here. */
const ROW_BYTES = 250;

interface Unused {
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly at: number;
}

interface Provider {
  bytes: number;
  /** Of each of its sites. */
  readonly ofSite: Map<string, number>;
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
  /** Where each key counts: at one site, the last it came from. */
  const siteOf = new Map<string, string>();
  const providers = new Map<string, Provider>();
  const listeners = new Set<(keyid: string) => void>();
  let bytes = 0;

  function add({ keyid, site, registeredAt, bytes: size }: UnusedAgent): void {
    drop(keyid);
    siteOf.set(keyid, site);
    const all = sites.get(site) ?? new Map<string, Unused>();
    sites.set(site, all);
    count(site, size + ROW_BYTES);
    all.set(keyid, { bytes: size + ROW_BYTES, at: Date.parse(registeredAt) });
  }

  function count(site: string, change: number): void {
    bytes += change;
    const { provider } = networksOf(site);
    const own = providers.get(provider) ?? { bytes: 0, ofSite: new Map<string, number>() };
    const left = (own.ofSite.get(site) ?? 0) + change;
    if (left > 0) own.ofSite.set(site, left);
    else own.ofSite.delete(site);
    own.bytes += change;
    if (own.bytes > 0) providers.set(provider, own);
    else providers.delete(provider);
  }

  function drop(keyid: string): void {
    const site = siteOf.get(keyid) ?? '';
    const all = sites.get(site);
    const found = all?.get(keyid);
    if (all === undefined || found === undefined) return;
    siteOf.delete(keyid);
    all.delete(keyid);
    count(site, -found.bytes);
    if (all.size === 0) sites.delete(site);
  }

  /** For one more of so many bytes: of its site, and then in all, the earliest go. What is not there yet is not among them. */
  function makeRoom(site: string, size: number): readonly string[] {
    const gone: string[] = [];
    const first = (of: string): void => {
      const [keyid = ''] = sites.get(of)?.keys() ?? [];
      drop(keyid);
      gone.push(keyid);
    };
    while (ofSite(site) > 0 && ofSite(site) + size > LIMITS.unusedKeysBytesOfSiteMax) first(site);
    while (bytes > 0 && bytes + size > LIMITS.unusedKeysBytesMax) first(largest());
    return gone;
  }

  const ofSite = (site: string): number => providers.get(networksOf(site).provider)?.ofSite.get(site) ?? 0;

  function largest(): string {
    const provider = most(providers, (each) => each.bytes);
    const own = providers.get(provider)?.ofSite ?? new Map<string, number>();
    return most(own, (each) => each);
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
      drop(agent.keyid);
      const unused = { ...agent, unused: site };
      const size = JSON.stringify(unused).length;
      const gone = makeRoom(site, size + ROW_BYTES);
      add({ keyid: agent.keyid, site, registeredAt: agent.registeredAt, bytes: size });
      await store.saveAgent(unused, at);
      await forget(gone);
    },

    async expire() {
      const until = clock.now().getTime() - LIMITS.unusedKeySeconds * 1_000;
      const late: string[] = [];
      for (const all of sites.values())
        for (const [keyid, { at }] of all)
          if (at < until) {
            late.push(keyid);
            drop(keyid);
          }
      return forget(late);
    },

    onForgotten: (listener) => void listeners.add(listener),
  };
}

/** The earliest of those that weigh most. */
function most<T>(all: ReadonlyMap<string, T>, weigh: (value: T) => number): string {
  let heaviest = { name: '', weight: 0 };
  for (const [name, value] of all) {
    const weight = weigh(value);
    if (weight > heaviest.weight) heaviest = { name, weight };
  }
  return heaviest.name;
}
