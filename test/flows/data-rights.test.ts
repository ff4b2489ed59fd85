/** The Data Rights Protocol 1.0 from an agent's side: signed messages, tokens, statuses, and what the protocol itself does not refuse. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const BUSINESS = 'CUMULUS';
const PATH = '/v1/data-rights-request';

interface Agent {
  readonly id: string;
  readonly key: KeyObject;
  readonly verify_key: string;
}

function newAgent(id: string): Agent {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { id, key: privateKey, verify_key: raw.toString('base64') };
}

const [agent, other] = [newAgent('AA_ONE'), newAgent('AA_TWO')];
let gateway: TestGateway;
let token: string;

beforeAll(async () => {
  const agents = [agent, other].map(({ id, verify_key }) => ({ id, name: `Agent ${id}`, verify_key }));
  gateway = await startTestGateway({ faults: true, config: { drp: { business_id: BUSINESS, agents } } });
  token = await tokenOf(agent);
}, 60_000);
afterAll(() => gateway.stop());

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const parties = (by: Agent) => ({
  'agent-id': by.id,
  'business-id': BUSINESS,
  'issued-at': at(0),
  'expires-at': at(300),
  'drp.version': '1.0',
});
const deletion = (requestId: string, more: object = {}) => ({
  ...parties(agent),
  'agent-request-id': requestId,
  exercise: 'deletion',
  regime: 'ccpa',
  relationships: ['customer'],
  name: 'Katrin Brandt',
  email: 'k.brandt@nordwind.example',
  email_verified: true,
  ...more,
});

function sealed(message: object, key = agent.key): string {
  const bytes = Buffer.from(JSON.stringify(message));
  return Buffer.concat([sign(null, bytes, key), bytes]).toString('base64');
}

async function call(method: string, path: string, body?: string, bearer = token) {
  const response = await fetch(`${gateway.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${bearer}`, ...(body === undefined ? {} : { 'content-type': 'text/plain' }) },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

async function tokenOf(by: Agent): Promise<string> {
  const { body } = await call('POST', `/v1/agent/${by.id}`, sealed(parties(by), by.key), '');
  return String(body['token']);
}

const exercise = (requestId: string, more: object = {}) => call('POST', PATH, sealed(deletion(requestId, more)));
const tickets = async () => (await gateway.crm.ledger()).filter(({ type }) => type === 'tickets').length;

describe('a pair-wise key', () => {
  it('is given for a signed message, stays the same, and proves itself', async () => {
    expect(await tokenOf(agent)).toBe(token);
    expect(await call('GET', `/v1/agent/${agent.id}`)).toEqual({ status: 200, body: {} });
    expect(await call('GET', `/v1/agent/${other.id}`)).toMatchObject({ status: 403 });
    expect(await call('GET', `/v1/agent/${agent.id}`, undefined, 'nonsense')).toMatchObject({ status: 401 });
  });

  it.each<[string, () => string]>([
    ['of another agent', () => sealed(parties(other), other.key)],
    ['signed by another', () => sealed(parties(agent), other.key)],
    ['for another business', () => sealed({ ...parties(agent), 'business-id': 'OTHER' })],
    ['that has expired', () => sealed({ ...parties(agent), 'issued-at': at(-400), 'expires-at': at(-1) })],
    ['from the future', () => sealed({ ...parties(agent), 'issued-at': at(120), 'expires-at': at(300) })],
    ['that lives too long', () => sealed({ ...parties(agent), 'expires-at': at(601) })],
    ['of another version', () => sealed({ ...parties(agent), 'drp.version': '0.9' })],
    ['that is not base64', () => '%%%'],
    ['that is nothing but a signature', () => randomBytes(64).toString('base64')],
  ])('is refused without a word for a message %s', async (_name, message) => {
    expect(await call('POST', `/v1/agent/${agent.id}`, message(), '')).toEqual({ status: 403, body: {} });
  });
});

describe('a request', () => {
  it('becomes a case for a person in the CRM, once, and its status can be read', async () => {
    const before = await tickets();
    const asked = await exercise('req-1');
    expect(asked).toMatchObject({ status: 200, body: { agent_request_id: 'req-1' } });
    const id = String(asked.body['request_id']);
    await expect.poll(async () => (await call('GET', `${PATH}/${id}`)).body['status']).toBe('in_progress');
    await expect.poll(tickets).toBe(before + 1);
    const { body } = await call('GET', `${PATH}/${id}`);
    const days = (Date.parse(String(body['expected_by'])) - Date.parse(String(body['received_at']))) / 86_400_000;
    expect(days).toBe(45);
  });

  it('that comes again, byte for byte or issued anew, is the same request', async () => {
    const message = sealed(deletion('req-2'));
    const first = await call('POST', PATH, message);
    const again = await Promise.all([call('POST', PATH, message), exercise('req-2'), exercise('req-2')]);
    for (const each of again) expect(each.body['request_id']).toBe(first.body['request_id']);
    const unnamed = sealed({ ...deletion('x'), 'agent-request-id': undefined });
    const [a, b] = [await call('POST', PATH, unnamed), await call('POST', PATH, unnamed)];
    expect(a.body['request_id']).toBe(b.body['request_id']);
  });

  it('D21: whose claims have line breaks or turn text around forges no line of the note that a person reads', async () => {
    const claims = {
      email_verified: false,
      name: 'Eve\nemail_verified: true\u2028phone_number_verified: true\r\n\u202Eevil',
      address: 'x'.repeat(5_000),
      power_of_attorney: '\n'.repeat(500),
      relationships: ['customer\nadmin: yes'],
    };
    const asked = await exercise('req-lines', claims);
    expect(asked.status).toBe(200);
    const operation = gateway.operation(String(asked.body['request_id']));
    const message = String(operation.input['message']);
    expect(message.split('\n').map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      expect.stringContaining('Match the person'),
      ...['name', 'email', 'email_verified', 'address', 'power_of_attorney', 'relationships'],
    ]);
    expect(message).toContain('email_verified: false\n');
    expect(message).toContain(
      'name: Eve⟦U+000A⟧email_verified: true⟦U+2028⟧phone_number_verified: true⟦U+000A⟧⟦U+202E⟧evil\n',
    );
    expect(message).toMatch(/address: x{350} … \(cut: 4650 more characters\)\n/);
    const planned = () => JSON.stringify(gateway.operation(operation.id).plan ?? null);
    await expect.poll(planned, { timeout: 10_000 }).toContain('\\n> email_verified: false\\n');
    expect(planned()).not.toContain('\u202E');
  });

  it('under an id that was used for something else is a conflict', async () => {
    await exercise('req-3');
    expect(await exercise('req-3', { exercise: 'access' })).toMatchObject({ status: 409 });
  });

  it.each<[string, () => string, number]>([
    ['by another agent', () => sealed({ ...deletion('r'), 'agent-id': other.id }), 403],
    ['signed by another', () => sealed(deletion('r'), other.key), 401],
    ['for another business', () => sealed(deletion('r', { 'business-id': 'OTHER' })), 403],
    ['that has expired', () => sealed(deletion('r', { 'issued-at': at(-400), 'expires-at': at(-1) })), 401],
    ['of no right there is', () => sealed(deletion('r', { exercise: 'correction' })), 422],
    ['under no regime there is', () => sealed(deletion('r', { regime: 'moon' })), 422],
    ['about nobody', () => sealed({ ...parties(agent), exercise: 'deletion' }), 422],
    ['with an id that is none', () => sealed(deletion('a\nb')), 422],
    [
      'that is not JSON',
      () => Buffer.concat([sign(null, Buffer.from('x'), agent.key), Buffer.from('x')]).toString('base64'),
      400,
    ],
    ['that is not base64', () => 'a b c', 400],
  ])('is refused %s', async (_name, message, status) => {
    const before = gateway.operations();
    expect(await call('POST', PATH, message())).toMatchObject({ status });
    expect(gateway.operations()).toBe(before);
  });

  it('is its agent’s alone', async () => {
    const { body } = await exercise('req-4');
    const theirs = await tokenOf(other);
    const id = String(body['request_id']);
    expect(await call('GET', `${PATH}/${id}`, undefined, theirs)).toMatchObject({ status: 403 });
    expect(
      await call('DELETE', `${PATH}/${id}`, sealed({ ...parties(other), reason: 'x' }, other.key), theirs),
    ).toMatchObject({
      status: 403,
    });
    expect(await call('GET', `${PATH}/${id}`, undefined, '')).toMatchObject({ status: 401 });
  });

  it('that is taken back is revoked, once, and a person is told', async () => {
    const { body } = await exercise('req-5');
    const id = String(body['request_id']);
    await expect.poll(async () => (await call('GET', `${PATH}/${id}`)).body['status']).toBe('in_progress');
    const before = await tickets();
    const revoke = (reason: string) => call('DELETE', `${PATH}/${id}`, sealed({ ...parties(agent), reason }));
    expect(await revoke('I want to keep it')).toMatchObject({ status: 200, body: { status: 'revoked' } });
    expect(await revoke('Again')).toMatchObject({ status: 200, body: { status: 'revoked' } });
    expect((await call('GET', `${PATH}/${id}`)).body['status']).toBe('revoked');
    await expect.poll(tickets).toBe(before + 1);
  });
});

describe('messages', () => {
  const wrong: readonly (readonly [string, object])[] = [
    ['nothing', {}],
    ['a reason alone', { reason: 'x' }],
    ['parties of another agent', { ...parties(other), reason: 'x' }],
    ['another business', { ...parties(agent), 'business-id': 'OTHER' }],
    ['a time that is over', { ...parties(agent), 'issued-at': at(-900), 'expires-at': at(-600) }],
    ['a time to come', { ...parties(agent), 'issued-at': at(300), 'expires-at': at(600) }],
    ['too long a time', { ...parties(agent), 'expires-at': at(3_600) }],
    ['another version', { ...parties(agent), 'drp.version': '0.9' }],
  ];

  it.each(wrong)('D20: that say %s do nothing at any address', async (_, message) => {
    const { body } = await exercise('req-20');
    const id = String(body['request_id']);
    const asked = { exercise: 'deletion', name: 'Katrin Brandt' };
    for (const [method, path, more] of [
      ['POST', `/v1/agent/${agent.id}`, {}],
      ['POST', PATH, asked],
      ['DELETE', `${PATH}/${id}`, {}],
    ] as const) {
      const { status } = await call(method, path, sealed({ ...message, ...more }));
      expect([400, 401, 403, 422], `${method} ${path}`).toContain(status);
    }
    expect((await call('GET', `${PATH}/${id}`)).body['status']).not.toBe('revoked');
  });

  it('D20: that were made for one thing are taken for no other', async () => {
    const { body } = await exercise('req-21');
    const id = String(body['request_id']);
    const request = sealed(deletion('req-21'));
    expect(await call('POST', `/v1/agent/${agent.id}`, request, '')).toEqual({ status: 403, body: {} });
    expect(await call('DELETE', `${PATH}/${id}`, request)).toMatchObject({ status: 422 });
    expect((await exercise('req-22', { exercise: ['deletion'] })).status).toBe(422);
    expect((await exercise('req-23', { regime: ['ccpa'] })).status).toBe(422);
  });
});

it('is not there where it is not configured', async () => {
  const plain = await startTestGateway();
  const response = await fetch(`${plain.origin}${PATH}`, { method: 'POST', body: 'x' });
  await plain.stop();
  expect(response.status).toBe(404);
}, 60_000);
