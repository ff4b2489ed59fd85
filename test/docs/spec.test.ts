/** protocol/SPEC.md beside protocol/vectors/exchange.json. What the first half of these tests does is all that a client in another language needs: Node's
 * crypto and the document, none of our code. The second half holds our own code to the same bytes. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseThumbprint } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { verifyMandate } from '../../protocol/mandate/mandate.ts';
import { agreementPayload, type OfferContent, verifyAgreementSignature, verifyOffer } from '../../protocol/offer.ts';
import { FINAL_STATES, type Offer, STATES } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { verifyResponse } from '../../protocol/signature/signature.ts';
import vectors from '../../protocol/vectors/exchange.json' with { type: 'json' };
import { readDefinitions } from '../../src/actions/files.ts';
import { verifyKeyOf } from '../../src/identity/signature/keys-node.ts';
import { PURPOSES } from '../../src/platform/company-keys.ts';
import { openApiDocument } from '../../src/serve/discovery/openapi.ts';
import { operationSchema } from '../../src/serve/discovery/operation-schema.ts';

const SPEC = readFileSync(join(import.meta.dirname, '..', '..', 'protocol', 'SPEC.md'), 'utf8');
const { agent, company, registration, submission, answer, reading, offer, agreement, acceptance, receipt } = vectors;

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();
const jwkOf = (purpose: string) =>
  company.jwks.keys.find((each) => each.parley_purpose === purpose) ?? company.jwks.keys[0];
const keyOf = (jwk: object | undefined) => createPublicKey({ key: { ...jwk }, format: 'jwk' });
const isSigned = (text: string, signature: Buffer, jwk: object | undefined) =>
  verify(null, Buffer.from(text), keyOf(jwk), signature);
const rawOf = (field: string): Buffer => Buffer.from(/^parley=:(.+):$/.exec(field)?.[1] ?? '', 'base64');
const thumbprint = ({ crv, kty, x }: { crv: string; kty: string; x: string }) =>
  sha256(JSON.stringify({ crv, kty, x })).toString('base64url');

describe('with Node’s crypto alone', () => {
  it('a key is named by its thumbprint', () => {
    expect(thumbprint(agent.jwk)).toBe(agent.keyid);
    for (const jwk of company.jwks.keys) expect(thumbprint(jwk)).toBe(jwk.kid);
  });

  it.each(Object.entries({ registration, submission, reading, acceptance }))(
    'the %s is signed over its base',
    (_, request) => {
      const headers: Readonly<Record<string, string>> = request.headers;
      const input = (headers['signature-input'] ?? '').replace(/^parley=/, '');
      const covered = [...(/^\(([^)]*)\)/.exec(input)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
      const derived: Readonly<Record<string, string>> = {
        '@method': request.method,
        '@authority': 'gateway.example',
        '@path': request.target,
      };
      const lines = covered.map((name) => `"${name}": ${derived[name] ?? headers[name]}`);
      expect([...lines, `"@signature-params": ${input}`].join('\n')).toBe(request.base);
      expect(isSigned(request.base, rawOf(headers['signature'] ?? ''), agent.jwk)).toBe(true);
      const body = 'body' in request && typeof request.body === 'string' ? request.body : undefined;
      const digest = body === undefined ? undefined : `sha-256=:${sha256(body).toString('base64')}:`;
      expect(headers['content-digest']).toBe(digest);
    },
  );

  it('the answer is signed over its base, and bound to the request', () => {
    expect(answer.base).toContain(
      `"signature";req;key="parley": ${submission.headers.signature.replace('parley=', '')}\n`,
    );
    expect(isSigned(answer.base, rawOf(answer.headers.signature), jwkOf('answers'))).toBe(true);
    expect(answer.headers['content-digest']).toBe(`sha-256=:${sha256(answer.body).toString('base64')}:`);
  });

  it('terms have their digest, offer and agreement their signatures', () => {
    expect(`sha-256:${sha256(offer.terms_text).toString('base64url')}`).toBe(offer.terms_digest);
    const [head = '', payload = '', signature = ''] = offer.jws.split('.');
    expect(Buffer.from(payload, 'base64url').toString()).toBe(offer.text);
    expect(isSigned(`${head}.${payload}`, Buffer.from(signature, 'base64url'), jwkOf('evidence'))).toBe(true);
    const signed = `${agreement.protected}.${Buffer.from(agreement.text).toString('base64url')}`;
    expect(isSigned(signed, Buffer.from(agreement.signature, 'base64url'), agent.jwk)).toBe(true);
  });

  it('the receipt is signed, and its leaf is in the log that was signed', () => {
    const [head = '', payload = '', signature = ''] = receipt.file.receipt.split('.');
    expect(isSigned(`${head}.${payload}`, Buffer.from(signature, 'base64url'), jwkOf('evidence'))).toBe(true);
    const leaf = sha256(Buffer.concat([Buffer.of(0), Buffer.from(receipt.leaf)]));
    expect(leaf.toString('base64url')).toBe(receipt.leaf_hash);
    const [, index, left = '', right = ''] = receipt.file.proof.split('\n');
    expect(index).toBe('index 1');
    const node = (a: Buffer, b: Buffer) => sha256(Buffer.concat([Buffer.of(1), a, b]));
    const root = node(node(Buffer.from(left, 'base64'), leaf), Buffer.from(right, 'base64'));
    const [text = '', line = ''] = receipt.checkpoint.split('\n\n');
    expect(text.split('\n')).toEqual(['gateway.example/log', '3', root.toString('base64')]);
    const note = Buffer.from(line.trim().split(' ')[2] ?? '', 'base64');
    expect(isSigned(`${text}\n`, note.subarray(4), jwkOf('log'))).toBe(true);
    expect(company.verifier_key.split('+')[1]).toBe(note.subarray(0, 4).toString('hex'));
  });
});

describe('our own code', () => {
  const parties = {
    operation: 'op_01939f1c-0000-8000-8000-000000000001',
    action: 'contract.renew',
    actionVersion: '1.0.0',
    company: company.origin,
    agent: agent.keyid,
  };
  const payload: JsonObject = JSON.parse(offer.text);
  const keys: JsonObject[] = company.jwks.keys;
  const shown = { ...payload, id: payload['offer'], by: 'company', jws: offer.jws } as unknown as Offer & OfferContent;

  it('takes the answer to this request, and to no other', () => {
    const lines = (headers: object) => new Map(Object.entries(headers).map(([name, value]) => [name, [String(value)]]));
    const answered = (to: { method: string; target: string; headers: object }) =>
      verifyResponse(
        {
          status: answer.status,
          headers: lines(answer.headers),
          request: {
            method: to.method,
            target: to.target,
            scheme: 'https',
            authority: 'gateway.example',
            headers: lines(to.headers),
          },
        },
        new TextEncoder().encode(answer.body),
        'parley',
        (kid) => {
          const key = verifyKeyOf({ ...jwkOf('answers') });
          return key.ok && kid === parseThumbprint(jwkOf('answers')?.kid ?? '') ? key.value : undefined;
        },
        new Date('2026-12-01T09:00:05Z'),
      ).ok;
    expect(answered(submission)).toBe(true);
    expect(answered(registration)).toBe(false);
    expect(answered({ ...submission, target: '/actions/contract.amend' })).toBe(false);
  });

  it('takes the mandate for this request, and for no other', async () => {
    const { mandate } = JSON.parse(submission.body);
    const mandateKey = jwkOf('mandates');
    const check = {
      issuers: new Map([
        [
          company.origin,
          {
            tier: 'company' as const,
            keys: [
              { kty: 'OKP' as const, crv: 'Ed25519' as const, x: mandateKey?.x ?? '', kid: mandateKey?.kid ?? '' },
            ],
          },
        ],
      ]),
      audience: company.origin,
      keyid: agent.keyid,
      now: new Date('2026-12-01T09:00:05Z'),
    };
    expect(await verifyMandate(mandate, { ...check, nonce: 'k-5b1d7c0e9a3f4d2b8c6e' })).toMatchObject({ ok: true });
    expect(await verifyMandate(mandate, { ...check, nonce: 'k-0f6a2d8b4c1e4f7a9b3d' })).toMatchObject({ ok: false });
  });

  it('takes the offer, and none that says something else', async () => {
    expect(await verifyOffer(shown, { ...parties, keys })).toMatchObject({ ok: true });
    expect(await verifyOffer({ ...shown, firmness: 'held' }, { ...parties, keys })).toMatchObject({ ok: false });
    expect(await verifyOffer(shown, { ...parties, agent: 'another', keys })).toMatchObject({ ok: false });
  });

  it('takes the agent’s signature on this agreement, and on no other', async () => {
    const agreed = agreementPayload({ ...parties, offer: shown });
    expect(agreed).toEqual(JSON.parse(agreement.text));
    const { keyid } = agent;
    expect(await verifyAgreementSignature(agreed, agreement, { keyid })).toMatchObject({ ok: true });
    const other = { ...agreed, offer_expires_at: '2027-12-01T09:15:02.000Z' };
    expect(await verifyAgreementSignature(other, agreement, { keyid })).toMatchObject({ ok: false });
  });

  it('takes the receipt with the company’s keys, and no twisted one', async () => {
    const { file } = receipt;
    const verdict = async (twisted: object, trust: object = { keys: company.jwks }) =>
      (await verifyReceipt(twisted, trust)).verdict;
    expect(await verdict(file)).toBe('valid');
    expect(await verdict(file, {})).toBe('unknown-key');
    expect(await verdict({ ...file, proof: file.proof.replace('index 1', 'index 0') })).toBe('invalid');
    expect(await verdict({ ...file, receipt: offer.jws })).toBe('invalid');
    expect(await verdict({ ...file, receipt: file.receipt.replace(/.{4}$/, 'AAAA') })).toBe('invalid');
  });
});

/** The first cells of the table that begins with this head. */
function column(head: string, at = 0): string[] {
  const lines = SPEC.slice(SPEC.indexOf(`\n| ${head}`) + 1).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) => line.split('|')[at + 1]?.trim() ?? '');
}

describe('O11: the document', () => {
  it.each([
    offer.terms_text,
    offer.terms_digest,
    submission.base,
    submission.headers['signature-input'],
    submission.headers.signature,
    answer.base,
    agreement.text,
    agreement.header,
    receipt.leaf,
    receipt.checkpoint.trim(),
  ])('has the vectors’ bytes: %.40s', (text) => {
    expect(SPEC).toContain(text);
  });

  it('has every state, and which are final', () => {
    expect(column('state').map((each) => each.replaceAll('`', ''))).toEqual(expect.arrayContaining([...STATES]));
    expect(column('state')).toHaveLength(STATES.length);
    const ended = column('state').filter((_, row) => column('state', 1)[row] === 'yes');
    expect(new Set(ended.map((each) => each.replaceAll('`', '')))).toEqual(FINAL_STATES);
  });

  it('has every member of an operation', () => {
    const named = column('member ').flatMap((cell) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name));
    expect(named.toSorted()).toEqual(Object.keys(operationSchema()['properties'] ?? {}).toSorted());
  });

  it('has every member of the signed payloads', () => {
    const names = (cell: string) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name);
    const signed = (at: number) =>
      column('signed member')
        .filter((_, row) => column('signed member', at)[row] === 'yes')
        .flatMap(names);
    const only = (text: string) => Object.keys(JSON.parse(text));
    expect(signed(1).toSorted()).toEqual(only(offer.text));
    expect(signed(2).toSorted()).toEqual(only(agreement.text));
    const [, payload = ''] = receipt.file.receipt.split('.');
    const received = column('member of the payload')
      .flatMap(names)
      .filter((name) => name !== 'settled');
    expect(received.toSorted()).toEqual(only(Buffer.from(payload, 'base64url').toString()));
  });

  it('has every purpose of the company’s keys', () => {
    expect(column('purpose').map((each) => each.replaceAll('`', ''))).toEqual([...PURPOSES]);
  });

  it('has every path of the native binding', () => {
    const settings = { company: 'x', origin: 'https://x.example' } as Parameters<typeof openApiDocument>[1];
    const { paths } = openApiDocument(readDefinitions(), settings);
    const served = Object.entries(paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods ?? {}).map(
        (method) => `${method.toUpperCase()} ${path.replace(/^\/actions\/.*/, '/actions/{name}')}`,
      ),
    );
    const told = column('method and path').map((each) => each.replaceAll('`', ''));
    expect([...new Set(served)].filter((each) => !told.includes(each))).toEqual([]);
  });

  it('has the numbers of limits.ts', () => {
    const numbers = [
      `at most ${LIMITS.jsonDepthMax} levels`,
      `${LIMITS.bodyBytesMax / 1024} KiB`,
      `at most ${LIMITS.waitSecondsMax}`,
      `at most ${LIMITS.mandateProofAgeSecondsMax} s`,
      `${LIMITS.mandateLifetimeSecondsMax / 86_400} days`,
    ];
    expect(numbers.filter((each) => !SPEC.includes(each))).toEqual([]);
  });
});
