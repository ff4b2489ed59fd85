import { describe, expect, it } from 'vitest';
import { clientAddress, readProxies } from './client-address.ts';

const proxies = readProxies(['127.0.0.0/8', '::1', '10.0.0.0/8', '2001:db8:9::/48']);
if (proxies === undefined) throw new Error('unreadable');

describe('where a request comes from', () => {
  it.each<[string, string[], string]>([
    ['203.0.113.7', [], '203.0.113.7'],
    ['::ffff:203.0.113.7', [], '203.0.113.7'],
    // Nobody but a proxy of ours is believed.
    ['203.0.113.7', ['198.51.100.1'], '203.0.113.7'],
    ['127.0.0.1', ['198.51.100.1'], '198.51.100.1'],
    ['::1', ['198.51.100.1:4711'], '198.51.100.1'],
    ['10.1.2.3', ['198.51.100.1, 203.0.113.7, 10.9.9.9'], '203.0.113.7'],
    ['127.0.0.1', ['198.51.100.1', '203.0.113.7'], '203.0.113.7'],
    // What is no address ends the chain.
    ['127.0.0.1', ['198.51.100.1, unknown'], '127.0.0.1'],
    ['127.0.0.1', [''], '127.0.0.1'],
    ['127.0.0.1', [], '127.0.0.1'],
    ['2001:db8:9::5', ['[2001:db8:1:2:3:4:5:6]:443'], '2001:db8:1:2::/64'],
    ['127.0.0.1', ['2001:db8::1'], '2001:db8:0:0::/64'],
    ['127.0.0.1', ['2001:DB8:0:0:ffff::1'], '2001:db8:0:0::/64'],
    ['', [], ''],
  ])('%j, forwarded for %j: %s', (peer, forwarded, address) => {
    expect(clientAddress(peer, forwarded, proxies)).toBe(address);
  });

  it.each(['', 'localhost', '127.0.0.1/33', '::1/129', '1.2.3.4/8/8', '1.2.3.4/x', '1.2.3/8'])(
    '%j is no block of proxies',
    (block) => {
      expect(readProxies([block])).toBeUndefined();
    },
  );
});
