import { describe, expect, it } from 'vitest';
import type { MandateFacts } from '../../protocol/mandate/mandate.ts';
import { type Basis, groundsOf, revokedOf } from './grounds.ts';
import type { Operation } from './operation.ts';

const key = (letter: string) => letter.repeat(43);
const mandate: MandateFacts = {
  jti: 'm',
  issuer: 'https://issuer.example',
  tier: 'principal',
  subject: 'contact:C-1',
  digest: 'd',
  expiresAt: 0,
  constraints: { actions: ['contract.renew'], accounts: ['A-1'] },
  holder: key('H'),
  issuerKey: key('I'),
  delegations: [
    { jti: 'hop-1', to: key('M') },
    { jti: 'hop-2', to: key('A') },
  ],
};
const token = {
  jti: 't',
  issuer: 'https://as.example',
  client: 'acme',
  subject: 'contact:C-1',
  issuerKey: key('S'),
  boundTo: key('A'),
};
const agent = { keyid: key('A'), via: 'token', token } as unknown as Operation['agent'];
const basis: Basis = { agent, mandate };

describe('what an operation rests on', () => {
  it('E18: is every key and every permission from the issuer to the caller, each once', () => {
    expect(groundsOf(basis).map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      `key ${key('A')}`,
      `key ${key('S')}`,
      'mandate t',
      'client https://as.example acme',
      `key ${key('I')}`,
      'mandate m',
      `key ${key('H')}`,
      'mandate hop-1',
      `key ${key('M')}`,
      'mandate hop-2',
      'issuer https://as.example',
      'issuer https://issuer.example',
      'subject contact:C-1',
    ]);
  });

  it('E18: ends with any one of them, which is told', () => {
    for (const { kind, id, what } of groundsOf(basis)) {
      const isRevoked = (asked: string, named: string) => asked === kind && named === id;
      expect(revokedOf(groundsOf(basis), { isRevoked })).toMatchObject([
        { words: `${what} has been revoked.`, bounds: 'everything' },
      ]);
    }
    const isRevoked = (kind: string, id: string) => kind === 'mandate' && id === key('A');
    expect(revokedOf(groundsOf(basis), { isRevoked })).toEqual([]);
  });

  it('E18: is what is known of it, in operations kept by earlier versions', () => {
    const { holder: _holder, issuerKey: _key, ...before } = mandate;
    const { token: _token, ...known } = agent;
    expect(groundsOf({ agent: known, mandate: before }).map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      `key ${key('A')}`,
      'mandate m',
      'mandate hop-1',
      `key ${key('M')}`,
      'mandate hop-2',
      'issuer https://issuer.example',
      'subject contact:C-1',
    ]);
    expect(groundsOf({ agent: known, mandate: null })).toHaveLength(1);
  });
});
