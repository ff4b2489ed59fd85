import { beforeAll, describe, expect, it } from 'vitest';
import { companyKeys, type Parties, testParties, testReceipt } from './fixture.ts';
import { type ReceiptTrust, verifyReceipt } from './verify.ts';

let parties: Parties;

beforeAll(async () => {
  parties = await testParties();
});

const given = (): ReceiptTrust => ({ keys: companyKeys(parties) });
const failed = async (file: unknown, trust: ReceiptTrust) => {
  const { verdict, checks } = await verifyReceipt(file, trust);
  return [verdict, ...checks.filter(({ ok }) => !ok).map(({ name }) => name)];
};

describe('a tampered receipt file', () => {
  it('is never valid, whichever member of the signed payload is changed', async () => {
    const file = await testReceipt(parties);
    const [head, body = '', signature] = file.receipt.split('.');
    const payload: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    const paths = leavesOf(payload);
    expect(paths.length).toBeGreaterThan(50);
    for (const path of paths) {
      const changed = Buffer.from(JSON.stringify(withChange(payload, path))).toString('base64url');
      const [verdict] = await failed({ ...file, receipt: `${head}.${changed}.${signature}` }, given());
      expect(verdict, path.join('.')).toBe('invalid');
    }
  });

  it('is never valid with a character of the receipt or of the proof changed', async () => {
    const file = await testReceipt(parties);
    for (const member of ['receipt', 'proof'] as const) {
      const text = file[member] ?? '';
      for (let at = 0; at < text.length; at += member === 'proof' ? 1 : 11) {
        const character = String.fromCharCode(text.charCodeAt(at) ^ 1);
        const changed = { ...file, [member]: text.slice(0, at) + character + text.slice(at + 1) };
        if ((await failed(changed, given()))[0] === 'valid') expect.fail(`${member}[${at}]`);
      }
    }
  });

  it('has one spelling of its signature', async () => {
    const file = await testReceipt(parties);
    // The last character of 64 base64url bytes has four bits that lenient decoders ignore.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(file.receipt.at(-1) ?? '');
    const respelled = file.receipt.slice(0, -1) + alphabet[last ^ 1];
    expect(await failed({ ...file, receipt: respelled }, given())).toEqual(['invalid', 'signature']);
  });

  it.each([
    ['null', null],
    ['text', 'receipt'],
    ['a list', []],
    ['no members', {}],
    ['an unexpected member', { receipt: '', proof: null, keys: { keys: [] }, more: 1 }],
    ['a receipt that is not a JWS', { receipt: 'a.b', proof: null, keys: { keys: [] } }],
    ['a receipt of four parts', { receipt: 'a.b.c.d', proof: null, keys: { keys: [] } }],
    ['keys that are not a set', { receipt: 'a.b.c', proof: null, keys: [] }],
    ['too large a receipt', { receipt: 'a'.repeat(1_048_577), proof: null, keys: { keys: [] } }],
    [
      'a payload nested beyond reason',
      { receipt: `e30.${Buffer.from('['.repeat(200_000)).toString('base64url')}.`, proof: null, keys: { keys: [] } },
    ],
  ])('that is %s is invalid, and nothing is thrown', async (_what, file) => {
    expect(await failed(file, given())).toEqual(['invalid', 'format']);
  });
});

type Path = readonly (string | number)[];

function leavesOf(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, at) => leavesOf(item, [...path, at]));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

function withChange(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return typeof value === 'string' ? `${value}x` : value === null ? 'x' : null;
  if (Array.isArray(value)) return value.map((item, at) => (at === step ? withChange(item, rest) : item));
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, item]) => [key, key === step ? withChange(item, rest) : item]),
  );
}
