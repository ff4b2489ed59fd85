import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { base64url } from 'jose';
import { describe, expect, it } from 'vitest';
import { verifyEd25519 } from '../base/strict-jws.ts';
import { formatCheckpoint, logOrigin, parseCheckpoint } from './checkpoint.ts';
import {
  formatNote,
  formatVerifierKey,
  type NoteVerifier,
  noteKey,
  openNote,
  parseNote,
  parseVerifierKey,
  signNote,
} from './note.ts';
import { formatTlogProof, parseTlogProof } from './tlog-proof.ts';

/** Frozen example of Go's golang.org/x/mod/sumdb/note. */
const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

function goVerifier(): NoteVerifier {
  const key = parseVerifierKey(GO_KEY) ?? expect.fail('no key');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url.encode(key.publicKey) } as const;
  return { ...key, verify: (message, signature) => verifyEd25519(jwk, message, signature) };
}

const parsed = (source: string) => parseNote(source) ?? expect.fail('not a note');

describe('verifier keys', () => {
  it('are those of Go', () => {
    const key = parseVerifierKey(GO_KEY);
    expect(key?.name).toBe('PeterNeumann');
    expect(bytesToHex(key?.keyId ?? new Uint8Array())).toBe('c74f20a3');
    expect(key === undefined ? '' : formatVerifierKey(key)).toBe(GO_KEY);
  });

  it.each([
    ['another id', GO_KEY.replace('c74f20a3', 'c74f20a4')],
    ['another name', GO_KEY.replace('Peter', 'Paul')],
    ['another algorithm', GO_KEY.replace('+AR', '+Ah')],
    ['upper-case id', GO_KEY.replace('c74f20a3', 'C74F20A3')],
    ['a missing part', 'PeterNeumann+c74f20a3'],
    ['nothing', ''],
  ])('are refused with %s', (_what, text) => {
    expect(parseVerifierKey(text)).toBeUndefined();
  });

  it('cannot have names that break the format', () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u00a0b', '\ud800'])
      expect(() => noteKey(name, new Uint8Array(32))).toThrow(RangeError);
    expect(() => noteKey('log', new Uint8Array(31))).toThrow(RangeError);
  });
});

describe('notes', () => {
  it('by Go open', async () => {
    const opened = await openNote(parsed(GO_NOTE), [goVerifier()]);
    expect(opened).toMatchObject({ ok: true, value: { text: GO_NOTE.slice(0, GO_NOTE.indexOf('\n\n') + 1) } });
  });

  it('are refused with any bit of text or signature flipped', async () => {
    const bytes = utf8ToBytes(GO_NOTE);
    const verifier = goVerifier();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const note = parseNote(new TextDecoder().decode(flipped));
      const opened = note === undefined ? undefined : await openNote(note, [verifier]);
      if (opened?.ok === true) expect.fail(`bit ${bit}`);
    }
  });

  it('may carry signatures of strangers, but no wrong or second one of a known key', async () => {
    const line = GO_NOTE.slice(GO_NOTE.indexOf('—'));
    const stranger = line.replace('Neumann', 'Pan');
    const wrong = line.replace('ZJku', 'ZJkv');
    expect((await openNote(parsed(GO_NOTE + stranger), [goVerifier()])).ok).toBe(true);
    expect(await openNote(parsed(GO_NOTE.replace(line, stranger)), [goVerifier()])).toEqual({
      ok: false,
      error: 'unknown-signer',
    });
    expect(await openNote(parsed(GO_NOTE), [])).toEqual({ ok: false, error: 'unknown-signer' });
    expect(await openNote(parsed(GO_NOTE + wrong), [goVerifier()])).toEqual({ ok: false, error: 'bad-signature' });
    expect(await openNote(parsed(GO_NOTE + line), [goVerifier()])).toEqual({ ok: false, error: 'bad-signature' });
  });

  it('may have empty lines in their text: the last one separates', () => {
    const source = `a\n\nb\n\n— k AAAAAAA=\n`;
    expect(parsed(source).text).toBe('a\n\nb\n');
    expect(formatNote(parsed(source))).toBe(source);
  });

  it.each([
    ['no signature', 'text\n\n'],
    ['no text', '\n— k AAAAAAA=\n'],
    ['no empty line', 'text\n— k AAAAAAA=\n'],
    ['no last newline', 'text\n\n— k AAAAAAA='],
    ['a hyphen for the dash', 'text\n\n- k AAAAAAA=\n'],
    ['two spaces', 'text\n\n— k  AAAAAAA=\n'],
    ['a short signature', 'text\n\n— k AAAAAA==\n'],
    ['base64 with stray bits', 'text\n\n— k AAAAAAB=\n'],
    ['base64 without padding', 'text\n\n— k AAAAAAA\n'],
    ['a plus sign in the name', 'text\n\n— k+k AAAAAAA=\n'],
    ['a carriage return', 'text\r\n\n— k AAAAAAA=\n'],
    ['a NUL', 'te\0xt\n\n— k AAAAAAA=\n'],
    ['a lone surrogate', 'te\ud800xt\n\n— k AAAAAAA=\n'],
    ['too many signatures', `text\n\n${'— k AAAAAAA=\n'.repeat(33)}`],
  ])('are refused with %s', (_what, source) => {
    expect(parseNote(source)).toBeUndefined();
  });

  it('cannot be signed over a text that would not parse', () => {
    const signer = { ...noteKey('log', new Uint8Array(32)), sign: () => new Uint8Array(64) };
    expect(parseNote(signNote('text\n', signer))?.text).toBe('text\n');
    for (const text of ['', 'text', 'te\txt\n']) expect(() => signNote(text, signer)).toThrow(RangeError);
  });
});

/** The example of the specification. */
const CHECKPOINT = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';

describe('checkpoints', () => {
  it('are parsed and written back byte for byte', () => {
    const checkpoint = parseCheckpoint(CHECKPOINT) ?? expect.fail('not a checkpoint');
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
    expect(formatCheckpoint(checkpoint)).toBe(CHECKPOINT);
  });

  it.each([
    ['leading zeroes', CHECKPOINT.replace('20852163', '020852163')],
    ['a sign', CHECKPOINT.replace('20852163', '+20852163')],
    ['an unsafe size', CHECKPOINT.replace('20852163', '9007199254740993')],
    ['no size', CHECKPOINT.replace('20852163', '')],
    ['a short root', CHECKPOINT.replace('CsUYapGGPo4d', 'CsUYapGG')],
    ['stray bits in the root', CHECKPOINT.replace('q2I=', 'q2J=')],
    ['an extension line', `${CHECKPOINT}ext\n`],
    ['no last newline', CHECKPOINT.slice(0, -1)],
    ['an empty origin', CHECKPOINT.replace('example.com/behind-the-sofa', '')],
  ])('are refused with %s', (_what, text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });

  it('name the log by its URL prefix without scheme', () => {
    expect(logOrigin('https://gw.example')).toBe('gw.example/log');
    expect(logOrigin('http://127.0.0.1:8080')).toBe('127.0.0.1:8080/log');
  });
});

describe('tlog-proofs', () => {
  const hash = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
  const signed = `${CHECKPOINT}\n— k AAAAAAA=\n`;
  const proof = `c2sp.org/tlog-proof@v1\nindex 5\n${hash}\n${hash}\n\n${signed}`;

  it.each([
    ['with a path', proof],
    ['without a path', `c2sp.org/tlog-proof@v1\nindex 0\n\n${signed}`],
    ['with extra data', proof.replace('index', 'extra AAAA\nindex')],
    ['with empty extra data', proof.replace('index', 'extra \nindex')],
  ])('%s are parsed and written back byte for byte', (_what, text) => {
    const read = parseTlogProof(text) ?? expect.fail('not a proof');
    expect(formatTlogProof(read)).toBe(text);
    expect(read.checkpoint).toBe(signed);
  });

  it.each([
    ['another version', proof.replace('@v1', '@v2')],
    ['no index', proof.replace('index 5\n', '')],
    ['leading zeroes', proof.replace('index 5', 'index 05')],
    ['an unsafe index', proof.replace('index 5', 'index 9007199254740993')],
    ['a short hash', proof.replace(hash, 'AAAA')],
    ['unreadable extra data', proof.replace('index', 'extra A\nindex')],
    ['extra data after the index', proof.replace('index 5', 'index 5\nextra AAAA')],
    ['too long a path', proof.replace(hash, Array(53).fill(hash).join('\n'))],
    ['carriage returns', proof.replaceAll('\n', '\r\n')],
    ['nothing', ''],
  ])('are refused with %s', (_what, text) => {
    expect(parseTlogProof(text)).toBeUndefined();
  });
});
