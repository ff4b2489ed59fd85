/** Which addresses may be dialled: an allow-list, so that a kind of address nobody thought of is refused. */
import ipaddr from 'ipaddr.js';

/** Globally routed, or so it looks, and not a host of the internet at large. */
const SPECIAL_V6 = [
  // IETF protocol assignments: Teredo, benchmarking, ORCHID (RFC 2928).
  '2001::/23',
  // Documentation (RFC 3849, RFC 9637).
  '2001:db8::/32',
  '3fff::/20',
  // 6to4: an IPv4 address inside, which may be any (RFC 3056).
  '2002::/16',
  // AS112 (RFC 7535).
  '2620:4f:8000::/48',
].map(cidr);

const SPECIAL_V4 = [
  // AS112, AMT, 6to4 relays, direct delegation (RFC 7535, 7450, 7526, 7534).
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.175.48.0/24',
  // The host agent of Azure’s machines, which answers like a metadata service: the one that has a public address.
  '168.63.129.16/32',
].map(cidr);

const GLOBAL_V6 = cidr('2000::/3');

/** Public unicast: what is not is loopback, private, link-local (the metadata services of clouds), shared, mapped, translated or reserved.
 * `process` unwraps IPv4 inside IPv6. */
export function isPublic(address: string): boolean {
  // The parser takes a compatible address (`::8.8.8.8`), which is not the same, for a mapped one.
  if (/^::\d/.test(address) && address.includes('.')) return false;
  const read = ipaddr.process(address);
  if (read instanceof ipaddr.IPv4) return read.range() === 'unicast' && !SPECIAL_V4.some((range) => read.match(range));
  return read.range() === 'unicast' && read.match(GLOBAL_V6) && !SPECIAL_V6.some((range) => read.match(range));
}

function cidr(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  return ipaddr.parseCIDR(text);
}
