/** UCP: discovery, what both sides speak, and an agent known only by its profile, signing ES256 with an independent library. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSignature, type Signer } from 'http-message-sig';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentKey, newAgentKey, presentMandate } from '../../src/client/index.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { independentKey } from '../support/independent.ts';
import { send, type WireAnswer } from '../support/signed.ts';

const HANDOFF = 'local.gateway.actions.human_handoff';
const agent = independentKey('P-256');
let other: AgentKey;
let gateway: TestGateway;
let platform: Server;
let base: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  other = await newAgentKey();
  platform = createServer((request, response) => {
    const version =
      request.url === '/newer' ? '2099-01-01' : (/\d{4}-\d\d-\d\d/.exec(request.url ?? '')?.[0] ?? '2026-04-08');
    const capabilities = {
      [HANDOFF]: [{ version: '2026-11-24' }],
      'local.gateway.actions.contract_renew': [{ version: '2020-01-01' }],
      'dev.ucp.shopping.checkout': [{ version: '2026-04-08' }],
    };
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=60' });
    response.end(
      JSON.stringify({
        ucp: { version, capabilities },
        keys: [
          { ...agent.jwk, kid: 'p-2026' },
          { ...other.publicJwk, kid: 'p-ed' },
        ],
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(platform, 'listening');
  base = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
}, 30_000);
afterAll(async () => {
  platform.close();
  await gateway.stop();
});

interface Asking {
  readonly profile?: string;
  readonly key?: string;
  readonly signer?: Signer;
  readonly keyid?: string;
}

const handoff = (profile: string) =>
  ask('/actions/human.handoff', { input: { topic: 'A person, please' } }, { profile });

async function ask(
  target: string,
  value: object,
  { profile = '/profile', key = randomUUID(), signer = agent.signer, keyid = 'p-2026' }: Asking = {},
): Promise<WireAnswer> {
  const body = JSON.stringify(value);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
    // Bare, as UCP's own examples have it.
    'idempotency-key': key,
    'ucp-agent': `profile="${base}${profile}"`,
  };
  const signed = await createSignature(
    {
      kind: 'request',
      method: 'POST',
      targetUri: `${gateway.origin}${target}`,
      requestTarget: target,
      fields: Object.entries(headers).map(([name, value]) => ({ name, value })),
    },
    {
      label: 'sig1',
      components: ['@method', '@authority', '@path', ...Object.keys(headers)],
      parameters: { keyid },
      signer,
    },
  );
  const fields = { ...headers, 'signature-input': signed.signatureInput, signature: signed.signature };
  return send(gateway.origin, { method: 'POST', target, headers: fields, body: Buffer.from(body) });
}

describe('UCP', () => {
  it('is published with keys that are public and an age', async () => {
    const answer = await fetch(`${gateway.origin}/.well-known/ucp`, { redirect: 'error' });
    expect(answer.headers.get('cache-control')).toMatch(/public, max-age=(?:[6-9]\d|\d{3,})/);
    const profile = (await answer.json()) as { ucp: { capabilities: object }; keys: object[] };
    expect(Object.keys(profile.ucp.capabilities)).toContain(HANDOFF);
    for (const key of profile.keys) expect(key).not.toHaveProperty('d');
  });

  it('takes an agent by its profile alone, and tells what both sides speak', async () => {
    const answer = await handoff('/profile');
    expect(answer.status).toBe(202);
    expect(answer.json['ucp']).toEqual({
      version: '2026-04-08',
      capabilities: { [HANDOFF]: [{ version: '2026-11-24' }] },
    });
    expect(answer.headers['signature']).toBeDefined();
  });

  it('D10: takes an agent of every revision that is served, and answers in it', async () => {
    const newest = (await (await fetch(`${gateway.origin}/.well-known/ucp`)).json()) as {
      ucp: { version: string; supported_versions: Record<string, string> };
    };
    const { version, supported_versions: older } = newest.ucp;
    for (const each of [version, ...Object.keys(older)])
      expect((await handoff(`/${each}`)).json['ucp'], each).toMatchObject({ version: each });
    for (const [each, url] of Object.entries(older))
      expect(await (await fetch(url)).json()).toMatchObject({ ucp: { version: each } });
  });

  it('refuses a newer protocol with nothing done', async () => {
    const before = gateway.operations();
    const answer = await handoff('/newer');
    expect(answer.status).toBe(422);
    expect(answer.json['type']).toBe('urn:parley:problem:version-unsupported');
    expect(gateway.operations()).toBe(before);
  });

  it('names where to go on when a person has to', async () => {
    const key = randomUUID();
    const { client } = await gateway.newAgent({ registered: false });
    const mandate = await presentMandate(await gateway.mandateFor({ key: other, client }), {
      key: other,
      audience: gateway.origin,
      nonce: key,
      now: new Date(),
    });
    const by: Asking = { key, keyid: 'p-ed', signer: { algorithm: 'ed25519', sign: (data) => other.sign(data) } };
    const asked = await ask('/actions/contract.renew', { mandate, input: { contract: 'K-1001' } }, by);
    expect(asked.status).toBe(202);
    expect(asked.json['continue_url']).toBeUndefined();
    const target = `/operations/${String(asked.json['id'])}/handoff`;
    const handed = await ask(target, { topic: 'A person' }, { ...by, key: randomUUID() });
    expect(handed.json).toMatchObject({
      state: 'handed_off',
      status: 'requires_escalation',
      continue_url: 'tel:+49-40-555-0100',
    });
  });

  it('is refused in UCP’s words: another body for a key, a signature that does not verify', async () => {
    const key = randomUUID();
    const [one, two] = [{ input: { topic: 'One' } }, { input: { topic: 'Two' } }];
    expect((await ask('/actions/human.handoff', one, { key })).status).toBe(202);
    expect((await ask('/actions/human.handoff', two, { key })).status).toBe(409);
    const forged = independentKey('P-256');
    const broken = await ask('/actions/human.handoff', one, { signer: forged.signer });
    expect([broken.status, broken.json['code']]).toEqual([401, 'signature_invalid']);
    expect(broken.headers['www-authenticate']).toBe('Signature error="signature_invalid"');
    const unknown = await ask('/actions/human.handoff', one, { keyid: 'nobody' });
    expect([unknown.status, unknown.json['code']]).toEqual([401, 'key_not_found']);
  });
});

describe('AdCP', () => {
  it('is refused in AdCP’s words', async () => {
    const answer = await fetch(`${gateway.origin}/actions/human.handoff`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'signature-input': 's=("@method");tag="adcp/request-signing/v1"',
        signature: 's=:AA==:',
      },
      body: '{}',
    });
    expect(answer.headers.get('www-authenticate')).toBe('Signature error="request_signature_invalid"');
  });
});
