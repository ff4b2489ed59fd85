import { createHmac, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import example from '../../examples/parley.json' with { type: 'json' };
import { testConfig } from '../../test/support/config.ts';
import { newAgentKey } from '../client/index.ts';
import { verifyWebhook } from '../platform/standard-webhooks.ts';
import { ConfigError, parseConfig } from './config.ts';

const random = (bytes: number) => randomBytes(bytes).toString('base64');
const strong = () => `whsec_${random(32)}`;

let file: Awaited<ReturnType<typeof testConfig>>;
beforeAll(async () => {
  file = await testConfig({
    origin: 'http://127.0.0.1:9',
    crm: { adapter: 'sandbox', origin: 'http://127.0.0.1:8' },
    principal: await newAgentKey(),
    subjects: ['contact:C-1'],
    accounts: ['A-1'],
  });
});

function problems(environment: Readonly<Record<string, string>>, members: object = {}): readonly string[] {
  const webhooks = [{ name: 'desk', url: 'http://127.0.0.1:7/' }];
  const secrets = { PARLEY_CRM_TOKEN: random(24), PARLEY_WEBHOOK_SECRET_DESK: strong(), ...environment };
  try {
    parseConfig({ ...file, webhooks, ...members }, secrets, '/tmp');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const SIGNING = ['PARLEY_WEBHOOK_SECRET_DESK', 'PARLEY_OFFERS_SECRET', 'PARLEY_CRM_EVENTS_SECRET'];

describe('D2: a secret that signs', () => {
  it.each(SIGNING)(
    '%s may be of 24 to 64 random bytes, with or without its prefix, and several while rotating',
    (name) => {
      for (const secret of [strong(), `whsec_${random(24)}`, random(64), `${strong()} ${strong()}`])
        expect(problems({ [name]: secret })).toEqual([]);
    },
  );

  it.each(
    SIGNING.flatMap((name) => [
      [name, 'an empty key', 'whsec_', /has 0 bytes/],
      [name, 'one letter', 'x', /is not base64/],
      [name, 'a word', 'whsec_secret', /is not base64|bytes/],
      [name, 'a sentence', 'correct-horse-battery-staple-and-more', /is not base64/],
      [name, 'too short', `whsec_${random(23)}`, /has 23 bytes/],
      [name, 'too long', `whsec_${random(65)}`, /has 65 bytes/],
      [name, 'zeros', `whsec_${Buffer.alloc(32).toString('base64')}`, /is not random/],
      [name, 'a placeholder', `whsec_${'abcd'.repeat(10)}`, /is not random/],
      [name, 'weak beside a strong one', `${strong()} whsec_`, /has 0 bytes/],
    ]) as [string, string, string, RegExp][],
  )('%s is refused: %s', (name, _what, secret, why) => {
    const [problem, ...more] = problems({ [name]: secret });
    expect(more).toEqual([]);
    expect(problem).toContain(`${name} `);
    expect(problem).toMatch(why);
    expect(problem?.replace(/make one with.*/, '')).not.toContain(secret);
  });

  it('has one use', () => {
    const secret = strong();
    expect(problems({ PARLEY_WEBHOOK_SECRET_DESK: secret, PARLEY_OFFERS_SECRET: secret })).toEqual([
      'PARLEY_OFFERS_SECRET is the same secret as PARLEY_WEBHOOK_SECRET_DESK: each use has its own',
    ]);
  });

  it('is believed by nobody when it is short, however it came there', () => {
    const now = new Date('2026-11-28T12:00:00Z');
    const at = String(now.getTime() / 1_000);
    for (const [secret, key] of [
      ['whsec_', ''],
      ['x', ''],
      [`whsec_${Buffer.from('short').toString('base64')}`, 'short'],
    ] as const) {
      const signature = `v1,${createHmac('sha256', key).update(`m.${at}.{}`).digest('base64')}`;
      const headers = new Map(
        Object.entries({ 'webhook-id': 'm', 'webhook-timestamp': at, 'webhook-signature': signature }),
      );
      expect(verifyWebhook((name) => headers.get(name), '{}', [secret], now)).toMatchObject({ ok: false });
    }
  });
});

describe('D2: what opens something else', () => {
  it.each([
    ['PARLEY_CRM_TOKEN', 'x', /has 1 characters/],
    ['PARLEY_CRM_TOKEN', 'changeme\n', /white space/],
    ['PARLEY_CRM_TOKEN', '********', /no secret/],
    ['PARLEY_CRM_REFRESH_TOKEN', 'short', /has 5 characters/],
    ['PARLEY_CRM_APP_SECRET', '', /has 0 characters/],
    ['PARLEY_CRM_APP_SECRET', 'hubspot-app', /has 11 characters/],
    ['PARLEY_MODEL_KEY', '', /is empty/],
    ['PARLEY_MODEL_KEY', 'a\r\nb', /header field/],
  ])('%s is not %j', (name, secret, why) => {
    const [problem = '', ...more] = problems({ [name]: secret });
    expect([problem.startsWith(`${name} `), more]).toEqual([true, []]);
    expect(problem).toMatch(why);
  });

  it('may be a key in PEM, and a local model’s any word', () => {
    const pem = `-----BEGIN PRIVATE KEY-----\n${random(48)}\n-----END PRIVATE KEY-----`;
    expect(problems({ PARLEY_CRM_TOKEN: pem, PARLEY_MODEL_KEY: 'local' })).toEqual([]);
  });
});

describe('D2: what stands in the file', () => {
  const maria = { id: 'maria', name: 'Maria', roles: ['approver'] };
  it.each([
    'hunter2',
    '',
    'scrypt$$',
    `scrypt$${'A'.repeat(22)}$`,
    `scrypt$$${'A'.repeat(43)}`,
    `$2b$12$${'a'.repeat(53)}`,
  ])('is no password and no broken hash: %j', (password_scrypt) => {
    expect(problems({}, { approvers: [{ ...maria, password_scrypt }] })).toEqual([
      '/approvers/0/password_scrypt is not what `parley password` prints: a password itself never stands here',
    ]);
  });

  it('is not the example’s password where the world can try it', () => {
    const approvers = example.approvers;
    expect(problems({}, { approvers })).toEqual([]);
    const open = { approvers, origin: 'https://parley.example', allow_private_network: false };
    expect(problems({}, open)).toEqual([expect.stringMatching(/^\/approvers\/0\/password_scrypt is the example’s/)]);
  });

  it('is no key that everybody can sign for', () => {
    const agents = [{ id: 'A', name: 'A', verify_key: `${Buffer.alloc(32).toString('base64')}` }];
    expect(problems({}, { drp: { business_id: 'B', agents } })).toEqual([
      expect.stringMatching(/^\/drp\/agents\/0\/verify_key: .*small order/),
    ]);
  });
});
