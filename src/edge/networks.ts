/** Whose an address is, as far as an address tells: one customer's, one site's, one provider's. Nobody who has many of one has many of the next. */
import { isIPv4, isIPv6 } from 'node:net';

/** Each a name; all the same where the address is none. */
export interface Networks {
  /** IPv4 itself, or the first 64 bits of IPv6. */
  readonly address: string;
  /** /24 or /48: what one site is given. */
  readonly site: string;
  /** /16 or /32: what one provider is given. */
  readonly provider: string;
}

/** Of an address as {@link clientAddress} gives it; of a site, too, whose it is. */
export function networksOf(address: string): Networks {
  const bare = address.replace(/\/\d+$/, '');
  if (isIPv4(bare)) {
    const [a, b, c] = bare.split('.');
    return { address, site: `${a}.${b}.${c}.0/24`, provider: `${a}.${b}.0.0/16` };
  }
  if (!isIPv6(bare)) return { address, site: address, provider: address };
  return { address: firstBits(bare, 64), site: firstBits(bare, 48), provider: firstBits(bare, 32) };
}

/** An IPv6 network of so many bits, in one spelling. */
export function firstBits(address: string, bits: 32 | 48 | 64): string {
  const [head = '', tail = ''] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array.from({ length: 8 - before.length - after.length }, () => '0') : [];
  const first = [...before, ...zeros, ...after].slice(0, bits / 16);
  return `${first.map((each) => Number.parseInt(each, 16).toString(16)).join(':')}::/${bits}`;
}
