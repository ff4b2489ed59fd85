import { createPrivateKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import vectors from '../../../protocol/vectors/rfc9421.json' with { type: 'json' };
import { verifyKeyOf } from './keys-node.ts';

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const x = (hex: string) => ({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(hex, 'hex').toString('base64url') });

describe('keys an agent may bring', () => {
  it.each([ed25519, p256])('a public key of an accepted kind', ({ publicKey }) => {
    expect(verifyKeyOf(publicKey.export({ format: 'jwk' })).ok).toBe(true);
  });

  it.each<[string, unknown]>([
    ['the published test-key-ed25519', vectors.keys['test-key-ed25519']],
    ['the published test-key-ecc-p256', vectors.keys['test-key-ecc-p256']],
    ['the published shared secret (B.2.5: hmac-sha256)', vectors.keys['test-shared-secret']],
    ['a private Ed25519 key', ed25519.privateKey.export({ format: 'jwk' })],
    ['a private P-256 key', p256.privateKey.export({ format: 'jwk' })],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })],
    ['X25519', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })],
    ['the neutral point', x(`01${'00'.repeat(31)}`)],
    ['a point of order 8', x('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')],
    ['a point of order 8 with its sign bit', x('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85')],
    ['a P-256 point off its curve', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    ['a key for encryption', { ...ed25519.publicKey.export({ format: 'jwk' }), use: 'enc' }],
    ['31 bytes', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(42) }],
    ['unused bits that are set', { kty: 'OKP', crv: 'Ed25519', x: `${'A'.repeat(42)}B` }],
    ['null', null],
    ['a string', 'key'],
  ])('not %s', (_, jwk) => {
    expect(verifyKeyOf(jwk).ok).toBe(false);
  });
});

describe('signatures that are not of the key', () => {
  const data = Buffer.from('data');
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const fromLittleEndian = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const littleEndian = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
  const verifies = (jwk: JsonWebKey, signature: Uint8Array) => {
    const key = verifyKeyOf(jwk);
    return key.ok && key.value.verify(data, signature);
  };
  const edJwk = ed25519.publicKey.export({ format: 'jwk' });
  const ecJwk = p256.publicKey.export({ format: 'jwk' });
  const edSignature = sign(null, data, ed25519.privateKey);
  const ecSignature = sign('sha256', data, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' });

  it('Ed25519: only the canonical S, never zeros, never another length', () => {
    expect(verifies(edJwk, edSignature)).toBe(true);
    const shifted = littleEndian(fromLittleEndian(edSignature.subarray(32)) + L);
    expect(verifies(edJwk, Buffer.concat([edSignature.subarray(0, 32), shifted]))).toBe(false);
    expect(verifies(edJwk, Buffer.alloc(64))).toBe(false);
    expect(verifies(edJwk, Buffer.concat([edSignature, Buffer.alloc(1)]))).toBe(false);
    expect(verifies(edJwk, edSignature.subarray(1))).toBe(false);
  });

  it('P-256: r and s in 64 bytes, never zeros, never DER', () => {
    expect(verifies(ecJwk, ecSignature)).toBe(true);
    expect(verifies(ecJwk, Buffer.alloc(64))).toBe(false);
    expect(verifies(ecJwk, Buffer.concat([ecSignature.subarray(0, 32), Buffer.alloc(32)]))).toBe(false);
    const key = createPrivateKey(p256.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(verifies(ecJwk, sign('sha256', data, key))).toBe(false);
  });
});
