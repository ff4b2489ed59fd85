import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockAgent } from 'undici';
import { describe, expect, it } from 'vitest';
import { refreshToken } from '../../adapters/sdk/oauth.ts';
import { keptToken } from './token.ts';

const ctx = () => ({ clock: () => new Date(), signal: AbortSignal.timeout(5_000), log: () => undefined });
const fresh = () => join(mkdtempSync(join(tmpdir(), 'parley-token-')), 'data', 'crm-token.json');

describe('a refresh token that the CRM rotates', () => {
  it('E17: is kept, and the next start signs in with the newest', async () => {
    const path = fresh();
    const used: string[] = [];
    const agent = new MockAgent();
    agent.disableNetConnect();
    agent
      .get('https://crm.example')
      .intercept({ path: '/token', method: 'POST' })
      .reply(({ body }) => {
        used.push(new URLSearchParams(String(body)).get('refresh_token') ?? '');
        const data = { access_token: 'a', token_type: 'bearer', expires_in: 1, refresh_token: `next-${used.length}` };
        return { statusCode: 200, data };
      })
      .persist();
    for (let start = 0; start < 3; start += 1) {
      const { refreshToken: token, rotated } = keptToken(path, 'configured');
      const auth = refreshToken({
        url: 'https://crm.example/token',
        dispatcher: agent,
        clientId: 'c',
        clientSecret: 's',
        refreshToken: token,
        rotated,
      });
      await auth.credentials(ctx());
    }
    expect(used).toEqual(['configured', 'next-1', 'next-2']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain('configured');
  });

  it('E17: gives way to another configured one, and a file that is broken is not passed over', async () => {
    const path = fresh();
    await keptToken(path, 'first').rotated('newer');
    expect(keptToken(path, 'first').refreshToken).toBe('newer');
    expect(keptToken(path, 'second').refreshToken).toBe('second');
    writeFileSync(path, '{');
    expect(() => keptToken(path, 'first')).toThrow('crm-token.json cannot be read');
  });
});
