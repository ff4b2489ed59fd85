import { expect, it } from 'vitest';
import { networksOf } from './networks.ts';

it.each([
  ['203.0.113.7', '203.0.113.7', '203.0.113.0/24', '203.0.0.0/16'],
  ['2001:db8:1:2::/64', '2001:db8:1:2::/64', '2001:db8:1::/48', '2001:db8::/32'],
  ['2001:db8:0:0::/64', '2001:db8:0:0::/64', '2001:db8:0::/48', '2001:db8::/32'],
  // Where there is no address, whoever it is shares one place with all such.
  ['', '', '', ''],
  ['unknown', 'unknown', 'unknown', 'unknown'],
])('D3: %j is of one customer, one site and one provider', (given, address, site, provider) => {
  expect(networksOf(given)).toEqual({ address, site, provider });
});
