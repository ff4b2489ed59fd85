/** Who goes next where strangers wait: one of each provider in turn, of each site of one, and of each address of a site (start-time fair
 * queueing, a level each). Nobody is owed for having been quiet, and nobody pays for longer than a round. */
import type { Networks } from './networks.ts';

interface Entry<T> {
  readonly item: T;
  readonly path: readonly string[];
}

const ROOT = '';
/** Rounds remembered, some 100 bytes each: without any everybody begins alike, which is as fair. */
const REMEMBERED_MAX = 10_000;

export function makeFairQueue<T>(placesMax: number) {
  /** In the order of their arrival. */
  let entries: readonly Entry<T>[] = [];
  /** The round in which a network has its next turn, and the one that is under way in it. */
  const next = new Map<string, number>();
  const under = new Map<string, number>();

  const pathOf = ({ provider, site, address }: Networks) => [`p ${provider}`, `s ${site}`, `a ${address}`];

  function roundOf(path: readonly string[], level: number): number {
    return Math.max(next.get(path[level] ?? ROOT) ?? 0, under.get(path[level - 1] ?? ROOT) ?? 0);
  }

  /** What it had, it does not have again in this round. */
  function pay({ path }: Entry<T>, how: 'served' | 'left'): void {
    if (next.size > REMEMBERED_MAX) {
      next.clear();
      under.clear();
    }
    const rounds = path.map((_, level) => roundOf(path, level));
    for (const [level, name] of path.entries()) {
      const round = rounds[level] ?? 0;
      next.set(name, round + 1);
      if (how === 'served') under.set(path[level - 1] ?? ROOT, round);
    }
  }

  interface Group {
    readonly round: number;
    readonly all: readonly Entry<T>[];
  }

  function groupsAt(level: number, among: readonly Entry<T>[]): readonly Group[] {
    const groups = Map.groupBy(among, ({ path }) => path[level]);
    return [...groups.values()].map((all) => ({ round: roundOf(all[0]?.path ?? [], level), all }));
  }

  // Groups are in the order of their first, as entries are: of those that are alike the first goes first.
  const isSooner = (a: Group, b: Group) => a.round < b.round;
  const isLater = (a: Group, b: Group) => a.round > b.round || (a.round === b.round && a.all.length >= b.all.length);

  function pick(is: typeof isSooner, level = 0, among = entries): Entry<T> | undefined {
    if (level === 3) return is === isSooner ? among[0] : among.at(-1);
    const chosen = groupsAt(level, among).reduce<Group | undefined>(
      (best, each) => (best === undefined || is(each, best) ? each : best),
      undefined,
    );
    return chosen && pick(is, level + 1, chosen.all);
  }

  /** Whether it takes the other's place: its network, where theirs part, has its turn sooner, or has fewer waiting. */
  function goesBefore(path: readonly string[], other: Entry<T>): boolean {
    const level = path.findIndex((name, at) => name !== other.path[at]);
    if (level === -1) return false;
    const waiting = (name: string | undefined) => entries.filter(({ path: each }) => each[level] === name).length;
    const [mine, theirs] = [roundOf(path, level), roundOf(other.path, level)];
    return mine < theirs || (mine === theirs && waiting(path[level]) + 1 < waiting(other.path[level]));
  }

  function leave(gone: Entry<T>): void {
    entries = entries.filter((each) => each !== gone);
  }

  return {
    /** A place; undefined where there is none. Whoever it was taken from is `out`. */
    add(item: T, from: Networks): { readonly out?: T } | undefined {
      const path = pathOf(from);
      const last = entries.length < placesMax ? undefined : pick(isLater);
      if (last !== undefined && !goesBefore(path, last)) return undefined;
      if (last !== undefined) leave(last);
      entries = [...entries, { item, path }];
      return last === undefined ? {} : { out: last.item };
    },

    take(): T | undefined {
      const first = pick(isSooner);
      if (first === undefined) return undefined;
      leave(first);
      pay(first, 'served');
      return first.item;
    },

    /** It waited, and goes: it had its place. False where it has gone. */
    leave(item: T): boolean {
      const found = entries.find((each) => each.item === item);
      if (found === undefined) return false;
      leave(found);
      pay(found, 'left');
      return true;
    },

    waitingAt: ({ address }: Networks): number => entries.filter(({ path }) => path[2] === `a ${address}`).length,

    get size(): number {
      return entries.length;
    },
  };
}
