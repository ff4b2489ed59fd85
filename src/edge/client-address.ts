/** Which address a request comes from, as far as the company's own proxies are believed. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { firstBits } from './networks.ts';
import type { RawRequest } from './raw-request.ts';

export type Proxies = Pick<BlockList, 'check'>;

/** Addresses and CIDR blocks; `undefined` when one is neither. */
export function readProxies(blocks: readonly string[]): Proxies | undefined {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits, ...more] = block.split('/');
    const family = isIP(address);
    const prefix = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits);
    if (family === 0 || more.length > 0 || !/^\d*$/.test(bits ?? '') || prefix > (family === 6 ? 128 : 32))
      return undefined;
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Where requests come from, behind these proxies. */
export function addressesBehind(proxies: Proxies) {
  return ({ peer = '', headers }: Pick<RawRequest, 'peer' | 'headers'>): string =>
    clientAddress(peer, headers.get('x-forwarded-for') ?? [], proxies);
}

/** The nearest address that is no proxy of ours: further ones are whatever the sender wrote. Of IPv6 the network, which is one customer's. */
export function clientAddress(peer: string, forwardedFor: readonly string[], proxies: Proxies): string {
  const hops = [...forwardedFor.join(',').split(',').map(bare), bare(peer)].filter((each) => each !== '');
  for (const hop of hops.toReversed()) {
    if (isIP(hop) === 0) break;
    if (!proxies.check(hop, isIPv6(hop) ? 'ipv6' : 'ipv4')) return isIPv6(hop) ? firstBits(hop, 64) : hop;
  }
  return bare(peer);
}

/** Without brackets, port and the IPv6 form of an IPv4 address. */
function bare(text: string): string {
  const address = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1');
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
