/** What is kept for others, bounded in bytes, in all and for each group: the least recently used goes first. */

interface Kept<V> {
  readonly value: V;
  readonly group: string;
  readonly bytes: number;
}

export interface ByteLimits {
  readonly bytesMax: number;
  readonly bytesOfGroupMax: number;
}

/** Beside what the caller counted: the maps' own entries. */
const OVERHEAD_BYTES = 200;

export function makeByteCache<V>({ bytesMax, bytesOfGroupMax }: ByteLimits) {
  // Both in the order of last use.
  const kept = new Map<string, Kept<V>>();
  const groups = new Map<string, { readonly names: Set<string>; bytes: number }>();
  let bytes = 0;

  function forget(name: string): void {
    const old = kept.get(name);
    const group = old === undefined ? undefined : groups.get(old.group);
    if (old === undefined || group === undefined) return;
    kept.delete(name);
    group.names.delete(name);
    group.bytes -= old.bytes;
    bytes -= old.bytes;
    if (group.names.size === 0) groups.delete(old.group);
  }

  function keep(name: string, entry: Kept<V>): void {
    forget(name);
    const group = groups.get(entry.group) ?? { names: new Set(), bytes: 0 };
    groups.set(entry.group, group);
    kept.set(name, entry);
    group.names.add(name);
    group.bytes += entry.bytes;
    bytes += entry.bytes;
  }

  return {
    /** Used just now. */
    get(name: string): V | undefined {
      const found = kept.get(name);
      if (found !== undefined) keep(name, found);
      return found?.value;
    },

    /** What is larger than its group may be is not kept at all. */
    set(name: string, { value, group, bytes: counted }: Kept<V>): void {
      const size = counted + name.length * 2 + group.length * 2 + OVERHEAD_BYTES;
      forget(name);
      if (size > Math.min(bytesOfGroupMax, bytesMax)) return;
      keep(name, { value, group, bytes: size });
      for (const [first] of groups.get(group)?.names.entries() ?? []) {
        if ((groups.get(group)?.bytes ?? 0) <= bytesOfGroupMax) break;
        forget(first);
      }
      for (const first of kept.keys()) {
        if (bytes <= bytesMax) break;
        forget(first);
      }
    },

    delete: forget,
    get bytes(): number {
      return bytes;
    },
  };
}
