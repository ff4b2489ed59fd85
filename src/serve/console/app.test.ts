import { beforeEach, describe, expect, it } from 'vitest';
import { ok } from '../../../protocol/base/result.ts';
import type { Operation } from '../../engine/operation.ts';
import { makeConsole } from './app.ts';
import type { Desk } from './desk.ts';
import { makeSessions, type Person } from './session.ts';

const ORIGIN = 'https://gateway.example';
const maria: Person = { id: 'maria', name: 'Maria', roles: ['approver'], password_scrypt: '' };
const operation = { id: 'op_1' } as unknown as Operation;

let decided: string[] = [];
/** One sign-off is there; what is decided is noted. */
const desk = {
  bySignoff: () => operation,
  decide: async (_id: string, { kind }: { readonly kind: string }) => {
    decided.push(kind);
    return ok(operation);
  },
  cancel: async () => {
    decided.push('cancelled');
    return ok(operation);
  },
} as unknown as Desk;

async function signedIn() {
  const sessions = makeSessions({
    people: [maria],
    now: () => new Date(0),
    deviceSecret: Buffer.alloc(32, 7),
    later: () => undefined,
    verify: async () => true,
  });
  const app = makeConsole({ desk, sessions, origin: ORIGIN, addressOf: () => '203.0.113.1' });
  const signed = await sessions.signIn({ id: 'maria', password: 'x', address: '203.0.113.1' });
  const token = signed.kind === 'in' ? signed.token : '';
  const csrf = sessions.find(token)?.csrf ?? '';
  const post = async (
    path: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ) => {
    const body = new URLSearchParams(form).toString();
    const sent = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) };
    return app.request(path, { method: 'POST', headers: { ...sent, ...headers }, body });
  };
  return { post, csrf, cookie: `__Host-parley=${token}` };
}

beforeEach(() => {
  decided = [];
});

describe('a decision on a page', () => {
  it('is taken with a session, its token and this origin', async () => {
    const { post, csrf, cookie } = await signedIn();
    const done = await post('/signoffs/so_1', { decision: 'approved', csrf }, { cookie, origin: ORIGIN });
    expect([done.status, decided]).toEqual([303, ['approved']]);
  });

  it.each<[string, (good: { csrf: string; cookie: string }) => { csrf?: string; headers: Record<string, string> }]>([
    ['without a session', ({ csrf }) => ({ csrf, headers: { origin: ORIGIN } })],
    ['with a session that is none', ({ csrf }) => ({ csrf, headers: { origin: ORIGIN, cookie: '__Host-parley=x' } })],
    ['without the session’s token', ({ cookie }) => ({ headers: { origin: ORIGIN, cookie } })],
    ['with another token', ({ cookie }) => ({ csrf: 'x'.repeat(43), headers: { origin: ORIGIN, cookie } })],
    ['of another origin', ({ csrf, cookie }) => ({ csrf, headers: { origin: 'https://evil.example', cookie } })],
    ['of no origin', ({ csrf, cookie }) => ({ csrf, headers: { cookie } })],
    [
      'of another site, whatever origin is written',
      ({ csrf, cookie }) => ({ csrf, headers: { origin: ORIGIN, cookie, 'sec-fetch-site': 'cross-site' } }),
    ],
  ])('is refused %s', async (_name, attempt) => {
    const good = await signedIn();
    const { csrf, headers } = attempt(good);
    for (const path of ['/signoffs/so_1', '/operations/op_1/cancel']) {
      const form = { decision: 'approved', reason: 'because', ...(csrf === undefined ? {} : { csrf }) };
      expect((await good.post(path, form, headers)).status).toBe(403);
    }
    expect(decided).toEqual([]);
  });
});

describe('signing in', () => {
  it('leads to a page of the console only', async () => {
    const { post } = await signedIn();
    for (const [next, location] of [
      ['/console/signoffs/so_1', '/console/signoffs/so_1'],
      ['https://evil.example/', '/console/'],
      ['//evil.example', '/console/'],
      ['/console/../evil', '/console/'],
    ] as const) {
      const answer = await post('/sign-in', { id: 'maria', password: 'x', next }, { origin: ORIGIN });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, location]);
    }
  });

  it('is refused from another site’s form', async () => {
    const { post } = await signedIn();
    const answer = await post('/sign-in', { id: 'maria', password: 'x' }, { origin: 'https://evil.example' });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  });
});
