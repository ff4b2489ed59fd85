import { describe, expect, it } from 'vitest';
import { makeByteCache } from './byte-cache.ts';

const filled = (
  limits: Parameters<typeof makeByteCache>[0],
  entries: readonly [name: string, group: string, bytes: number][],
) => {
  const cache = makeByteCache<number>(limits);
  for (const [name, group, bytes] of entries) cache.set(name, { value: bytes, group, bytes });
  return (name: string) => cache.get(name);
};

describe('a cache bounded in bytes', () => {
  it('D1: forgets what was used least recently when it is full', () => {
    const cache = makeByteCache<number>({ bytesMax: 10_000, bytesOfGroupMax: 10_000 });
    for (let at = 0; at < 100; at += 1) {
      cache.set(`n${at}`, { value: at, group: `g${at}`, bytes: 1_000 });
      cache.get('n0');
      expect(cache.bytes).toBeLessThanOrEqual(10_000);
    }
    expect([cache.get('n0'), cache.get('n1'), cache.get('n99')]).toEqual([0, undefined, 99]);
  });

  it('D1: a group that is full forgets its own, never another’s', () => {
    const many = Array.from({ length: 50 }, (_, at): [string, string, number] => [`b${at}`, 'b', 1_000]);
    const get = filled({ bytesMax: 100_000, bytesOfGroupMax: 5_000 }, [['a', 'a', 1_000], ...many]);
    expect([get('a'), get('b0'), get('b49')]).toEqual([1_000, undefined, 1_000]);
  });

  it('D1: what is larger than its group may be is not kept, and what it replaces is gone', () => {
    const get = filled({ bytesMax: 100_000, bytesOfGroupMax: 5_000 }, [
      ['a', 'a', 10],
      ['a', 'a', 6_000],
    ]);
    expect(get('a')).toBeUndefined();
  });

  it('D1: counts what it was given for an empty thing too', () => {
    const cache = makeByteCache<undefined>({ bytesMax: 50_000, bytesOfGroupMax: 50_000 });
    for (let at = 0; at < 10_000; at += 1) cache.set(`n${at}`, { value: undefined, group: `g${at}`, bytes: 0 });
    expect(cache.bytes).toBeLessThanOrEqual(50_000);
    cache.delete('n9999');
    expect(cache.bytes).toBeLessThan(50_000);
  });
});
