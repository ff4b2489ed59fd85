/** The agent card: each version of it whole by its own schema, signed over what is served, and read by the clients that ask for it. */
import { createPublicKey, verify } from 'node:crypto';
import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import { A2AClient as Client03 } from 'a2a-js-sdk-03/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../protocol/base/canonical.ts';
import { type JsonObject, objectOf } from '../../protocol/base/json.ts';
import { makeSignedFetch } from '../../src/client/index.ts';
import { a2aFaults } from '../support/a2a-schema.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { type Holder, holder } from '../support/tokens.ts';

const CARD = '/.well-known/agent-card.json';
const VERSIONS = ['1.0', '0.3', ''] as const;

interface Signed extends JsonObject {
  readonly signatures: { readonly protected: string; readonly signature: string }[];
}

let server: Holder;
let gateway: TestGateway;
let withTokens: TestGateway;
let agent: TestAgent;
beforeAll(async () => {
  server = await holder('ES256');
  const jwks = [{ ...server.jwk, kid: server.jkt, alg: 'ES256' }];
  const issuer = {
    iss: 'https://as.example',
    tier: 'principal',
    jwks,
    subjects: ['contact:C-1001'],
    accounts: ['A-1001'],
  };
  gateway = await startTestGateway();
  withTokens = await startTestGateway({ config: { token_issuers: [issuer] } });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(() => Promise.all([gateway.stop(), withTokens.stop()]));

const versioned = (version: string): Record<string, string> => (version === '' ? {} : { 'a2a-version': version });
const cardOf = async (version: string, { origin } = gateway) =>
  (await (await fetch(origin + CARD, { headers: versioned(version) })).json()) as Signed;

/** How many of its signatures stand over exactly what is there, by JCS and Ed25519 alone. */
async function standing({ signatures, ...rest }: Signed, { origin } = gateway): Promise<number> {
  const { keys } = (await (await fetch(`${origin}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  const payload = Buffer.from(canonicalBytes(rest)).toString('base64url');
  return signatures.filter(({ protected: header, signature }) => {
    const { kid, jku, typ } = JSON.parse(Buffer.from(header, 'base64url').toString());
    expect([jku, typ]).toEqual([`${origin}/.well-known/jwks.json`, 'JOSE']);
    const jwk = keys.find((each) => each.kid === kid) ?? expect.fail('the key is not published');
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  }).length;
}

async function verifiedBySdk(card: JsonObject, { origin } = gateway): Promise<void> {
  const { keys } = (await (await fetch(`${origin}/.well-known/jwks.json`)).json()) as { keys: JsonObject[] };
  const find = async (kid: string) => {
    const { x } = keys.find((each) => each['kid'] === kid) ?? expect.fail('the key is not published');
    return { kty: 'OKP', crv: 'Ed25519', x: String(x) };
  };
  await verifyAgentCardSignature(find)(AgentCard.fromJSON(card));
}

/** What a reader of 1.0 that passes over the rest makes of a card. */
const read10 = (card: JsonObject) => AgentCard.toJSON(AgentCard.fromJSON({ ...card, signatures: [] }));

describe.each([
  ['without tokens', () => gateway],
  ['with tokens', () => withTokens],
])('%s', (_what, of) => {
  it.each(VERSIONS)(
    'D12: the card of version %j is signed over what is served, and over nothing else',
    async (version) => {
      const card = await cardOf(version, of());
      expect(await standing(card, of())).toBe(1);
      expect(await standing({ ...card, name: 'Somebody else' }, of())).toBe(0);
    },
  );

  it('D12: a card of 1.0 is valid by 1.0’s schema, and one of 0.3 by 0.3’s', async () => {
    const [modern, legacy] = [await cardOf('1.0', of()), await cardOf('0.3', of())];
    expect(a2aFaults('AgentCard', modern)).toBe('');
    expect(a2aFaults('AgentCard03', legacy)).toBe('');
    expect(a2aFaults('AgentCard', legacy)).not.toBe('');
    expect(a2aFaults('AgentCard03', modern)).not.toBe('');
  });

  it('D12: without a version it is a valid card of 0.3, and a reader of 1.0 finds 1.0’s in it, with its signature', async () => {
    const [both, modern] = [await cardOf('', of()), await cardOf('1.0', of())];
    expect(a2aFaults('AgentCard03', both)).toBe('');
    expect(read10(both)).toEqual(read10(modern));
    await verifiedBySdk(both, of());
    await expect(verifiedBySdk({ ...both, name: 'Somebody else' }, of())).rejects.toThrow();
    expect(both.signatures).toEqual(expect.arrayContaining(modern.signatures));
  });

  it('D12: no member is there and empty: implementations disagree on whether a signature covers it', async () => {
    for (const version of VERSIONS)
      expect(JSON.stringify(await cardOf(version, of()))).not.toMatch(/:(?:""|\[\]|\{\})/);
  });
});

it('D12: the extended card too is whole and signed as it is served, in each binding and version', async () => {
  const { fetch: send } = makeSignedFetch({ gateway: gateway.origin, key: agent.key });
  const rpc = async (method: string, version: string) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method });
    const headers = { 'content-type': 'application/json', ...versioned(version) };
    const answer = await send(`${gateway.origin}/a2a`, { method: 'POST', headers, body });
    return objectOf(((await answer.json()) as JsonObject)['result']) as Signed;
  };
  const one = await rpc('GetExtendedAgentCard', '1.0');
  const rest = await send(`${gateway.origin}/a2a/extendedAgentCard`, { headers: versioned('1.0') });
  expect(await rest.json()).toEqual(one);
  expect(JSON.stringify(one)).toContain('"actions":[{');
  expect(a2aFaults('AgentCard', one)).toBe('');
  expect(await standing(one)).toBe(1);
  const legacy = await rpc('agent/getAuthenticatedExtendedCard', '');
  expect(a2aFaults('AgentCard03', legacy)).toBe('');
  expect(await standing(legacy)).toBe(1);
  expect((await fetch(`${gateway.origin}/a2a/extendedAgentCard`, { headers: versioned('1.0') })).status).toBe(401);
});

it('D5: the card of each version is packed once and sent again to nobody who has it', async () => {
  const tags = new Set<string>();
  for (const version of VERSIONS)
    for (const coding of ['gzip', 'identity']) {
      const headers = { ...versioned(version), 'accept-encoding': coding };
      const first = await fetch(gateway.origin + CARD, { headers });
      expect(first.headers.get('content-encoding')).toBe(coding === 'gzip' ? 'gzip' : null);
      expect(first.headers.get('vary')?.toLowerCase()).toBe('accept-encoding, a2a-version');
      expect(first.headers.get('cache-control')).toMatch(/max-age=\d+/);
      const etag = first.headers.get('etag') ?? '';
      tags.add(etag);
      const known = await fetch(gateway.origin + CARD, { headers: { ...headers, 'if-none-match': `W/${etag}` } });
      expect(known.status).toBe(304);
    }
  expect(tags.size).toBe(2 * VERSIONS.length);
});

it('D12: a client of a2a-js 0.3, which sends no version, finds its way by it', async () => {
  const client = await Client03.fromCardUrl(gateway.origin + CARD);
  const card = await client.getAgentCard();
  expect(card).toMatchObject({ url: `${gateway.origin}/a2a`, preferredTransport: 'JSONRPC' });
});
