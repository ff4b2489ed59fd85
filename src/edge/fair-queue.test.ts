import { describe, expect, it } from 'vitest';
import { makeFairQueue } from './fair-queue.ts';
import { networksOf } from './networks.ts';

describe('who goes next', () => {
  const queueOf = (places: number, ...addresses: readonly string[]) => {
    const queue = makeFairQueue<string>(places);
    for (const [at, address] of addresses.entries()) queue.add(`${at} ${address}`, networksOf(address));
    return queue;
  };
  const order = (queue: ReturnType<typeof queueOf>) => {
    const all: string[] = [];
    for (let next = queue.take(); next !== undefined; next = queue.take()) all.push(next.split(' ')[0] ?? '');
    return all.join(' ');
  };

  it('D3: one of each provider, of each site of one, of each address of a site, in the order they came', () => {
    expect(order(queueOf(9, '10.1.1.1', '10.1.1.1', '10.1.1.2', '10.1.2.1', '10.2.1.1', '10.1.1.2'))).toBe(
      '0 4 3 2 1 5',
    );
  });

  it('D3: nobody is owed for having been quiet, nor pays for longer than a round', () => {
    const queue = queueOf(9);
    const add = (name: string, address: string) => queue.add(name, networksOf(address));
    for (let round = 0; round < 100; round += 1) {
      add('x', '10.1.1.1');
      queue.take();
    }
    for (let at = 0; at < 3; at += 1) add(`a${at}`, '10.1.1.1');
    for (let at = 0; at < 3; at += 1) add(`b${at}`, '10.2.1.1');
    expect(order(queue)).toBe('b0 a0 b1 a1 b2 a2');
  });

  it('D3: who comes when it is full takes a place of whoever has most, and none of anybody who has as little', () => {
    const queue = queueOf(3, '10.1.1.1', '10.1.2.1', '10.1.3.1');
    expect(queue.add('new', networksOf('10.2.1.1'))).toEqual({ out: '2 10.1.3.1' });
    expect(queue.add('one more', networksOf('10.1.4.1'))).toBeUndefined();
    expect(queue.add('another', networksOf('10.3.1.1'))).toEqual({ out: '1 10.1.2.1' });
    expect(queue.add('a fourth', networksOf('10.4.1.1'))).toBeUndefined();
    expect([queue.leave('new'), queue.leave('new'), queue.size]).toEqual([true, false, 2]);
    // It had its place: those who were here before go first.
    queue.add('new', networksOf('10.2.1.1'));
    expect(order(queue)).toBe('0 another new');
  });
});
