import { AdapterError, type Ref } from '../../adapters/sdk/index.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { StoreUnavailable } from '../ports.ts';
import type { Seen } from './rules.ts';
import { observe, watchContext } from './step.ts';
import { type EndedPlace, refKey, type Watches } from './watch-store.ts';

/** Changes taken from one type's feed in one round: a CRM that was busy for a week is caught up with in several. */
const CHANGES_MAX = 2_000;
/** Records read in one round, and at once. */
const LOOKS_MAX = 200;
const LOOKS_AT_ONCE = 4;
/** Notices beyond this are not kept one by one: everything that waits is looked at instead. */
const NOTICED_MAX = 10_000;
/** Another try helps with these; with any other, the last gate before the write decides. */
const PASSING: ReadonlySet<string> = new Set(['retryable', 'rate_limited', 'unauthorised', 'unknown_outcome']);

export interface FollowerDeps {
  readonly world: World;
  readonly watches: Watches;
  /** Voids the operation's open sign-off if its plan was made from another version of this record. */
  readonly recordSeen: (operation: string, seen: Seen) => Promise<void>;
}

export interface Follower {
  /** Somebody says that these records changed: a reason to look at them, believed in nothing else. */
  notice(refs: readonly Ref[]): void;
  /** Looks at what was noticed. */
  look(): Promise<void>;
  /** One round: what the CRM's feed tells, what newly waits, what could not be read before, and observations that are over. */
  follow(): Promise<void>;
  /** Takes nothing new and waits for what is under way. */
  stop(): Promise<void>;
}

/** Follows the CRM for records that operations depend on. At least once and idempotent: what it acts on is always a fresh reading,
 * so that a change told twice, late or by a liar changes nothing. What it had only in memory, a restart finds by looking at all that waits. */
export function makeFollower({ world, watches, recordSeen }: FollowerDeps): Follower {
  const noticed = new Map<string, Ref>();
  /** Could not be read; tried again in the next round. */
  const unread = new Map<string, Ref>();
  const running = new Set<Promise<void>>();
  let stopped = false;
  /** Sign-offs that began to wait before this were looked at once since: a change between their plan and their wait is not missed. */
  let position = 0;
  /** How far observations that are over were looked at in this turn through them. */
  let endedPlace: EndedPlace | undefined;

  function notice(refs: readonly Ref[]): void {
    if (noticed.size + refs.length > NOTICED_MAX) {
      position = 0;
      return;
    }
    for (const ref of refs) noticed.set(refKey(ref), ref);
  }

  async function readFeed(type: string): Promise<void> {
    const { crm } = world;
    if (crm.changes === undefined) return;
    const from = watches.cursor(type);
    let cursor = from;
    let count = 0;
    try {
      for await (const change of crm.changes(watchContext(world), type, from)) {
        if (watches.on(change.ref).length > 0) notice([change.ref]);
        cursor = change.cursor;
        count += 1;
        if (stopped || count >= CHANGES_MAX) break;
      }
    } catch (thrown) {
      const code = thrown instanceof AdapterError ? thrown.code : 'bug';
      world.log('watch.feed_failed', { type, code });
      // A feed that no longer knows the place begins again; whatever was missed is found by looking.
      if (code === 'invalid') {
        watches.saveCursor(type, null);
        position = 0;
        return;
      }
    }
    if (cursor !== undefined && cursor !== from) watches.saveCursor(type, cursor);
  }

  async function lookAt(ref: Ref): Promise<void> {
    const waiting = watches.on(ref);
    if (waiting.some(({ state }) => state === 'awaiting_signoff')) {
      const seen = await see(ref);
      for (const { id, state } of waiting) if (state === 'awaiting_signoff') await recordSeen(id, seen);
    }
    let isBusy = false;
    for (const operation of waiting) isBusy = (await observed(operation)) || isBusy;
    // A write of ours is under way: what was read may be it.
    if (isBusy) unread.set(refKey(ref), ref);
  }

  async function see(ref: Ref): Promise<Seen> {
    try {
      return await world.crm.read(watchContext(world), ref);
    } catch (thrown) {
      if (thrown instanceof AdapterError && thrown.code === 'not_found') return { ref, gone: true };
      throw thrown;
    }
  }

  /** Whether it is to be looked at again soon. Whatever becomes of one, the others get their turn. */
  async function observed(operation: Operation): Promise<boolean> {
    try {
      const change = await observe(world, watches, operation);
      if (change === 'busy' || change === undefined) return change === 'busy';
      // Lost to another writer: the operation is still watched and comes again.
      const { next, expected, records } = change;
      await world.store.commit({ operations: [{ next, expected }], records });
      return false;
    } catch (thrown) {
      world.log('watch.observe_failed', { operation: operation.id, code: codeOf(thrown) });
      return isPassing(thrown);
    }
  }

  /** Those that say nothing yet do not hide the ones behind them: each round goes on where the last one was, and then from the first. */
  async function observeEnded(): Promise<void> {
    const found = watches.ended(world.clock.now().getTime(), LOOKS_MAX, endedPlace);
    endedPlace = found.length < LOOKS_MAX ? undefined : found.at(-1)?.place;
    const operations = new Map(found.map(({ operation }) => [operation.id, operation]));
    for (const operation of operations.values()) if (!stopped) await observed(operation);
  }

  async function lookAtNoticed(): Promise<void> {
    const all = [...noticed].slice(0, LOOKS_MAX);
    for (let first = 0; first < all.length && !stopped; first += LOOKS_AT_ONCE) {
      await Promise.all(all.slice(first, first + LOOKS_AT_ONCE).map(([key, ref]) => tryLook(key, ref)));
    }
  }

  async function tryLook(key: string, ref: Ref): Promise<void> {
    noticed.delete(key);
    try {
      await lookAt(ref);
    } catch (thrown) {
      world.log('watch.look_failed', { type: ref.type, code: codeOf(thrown) });
      if (isPassing(thrown)) unread.set(key, ref);
    }
  }

  async function round(): Promise<void> {
    notice([...unread.values()]);
    unread.clear();
    for (const type of watches.types()) await readFeed(type);
    // Without a feed everything that waits is looked at again, a part in each round.
    const begun = watches.since(position, LOOKS_MAX);
    position = begun.at(-1)?.position ?? (world.crm.changes === undefined ? 0 : position);
    notice(begun.map(({ ref }) => ref));
    await lookAtNoticed();
    await observeEnded();
  }

  async function run(task: () => Promise<void>): Promise<void> {
    if (stopped) return;
    const done = task();
    running.add(done);
    await done.finally(() => running.delete(done));
  }

  return {
    notice,
    look: () => run(lookAtNoticed),
    follow: () => run(round),
    async stop() {
      stopped = true;
      await Promise.allSettled(running);
    },
  };
}

const codeOf = (thrown: unknown): string => (thrown instanceof AdapterError ? thrown.code : 'bug');

const isPassing = (thrown: unknown): boolean => thrown instanceof StoreUnavailable || PASSING.has(codeOf(thrown));
