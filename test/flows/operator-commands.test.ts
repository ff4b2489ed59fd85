import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runParley } from '../../src/cli/run.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let agent: TestAgent;
let keyFile: string;
const directory = mkdtempSync(join(tmpdir(), 'parley-commands-'));
beforeAll(async () => {
  gateway = await startTestGateway();
  agent = await gateway.newAgent();
  keyFile = join(directory, 'agent.json');
  writeFileSync(keyFile, JSON.stringify(agent.key.publicJwk));
}, 60_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await gateway?.stop();
});

/** With nothing but the data directory: no configuration is there, and no secret. */
async function parley(...words: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    readFile: async (path: string) => readFileSync(path, 'utf8'),
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
  };
  const { code } = await runParley([...words, '--data', gateway.config.data_dir], io);
  return { code, out, err: err.join('\n') };
}

const asked = (...more: string[]) => [
  ...['mandate', '--subject', 'contact:C-1001', '--account', 'A-1001', '--key', keyFile],
  ...more,
];
const jtiIn = (text: string): string => /^([\w-]{36}) holds until/m.exec(text)?.[1] ?? '';

describe('O8: beside a running gateway, on its data directory alone', () => {
  it('O8: a mandate is issued that the gateway takes, is listed, taken back, and refused', async () => {
    const { code, out, err } = await parley(...asked('--action', 'contract.renew', '--days', '2'));
    const jti = jtiIn(err);
    expect([code, out.length]).toEqual([0, 1]);
    const listed = async () => (await parley('mandates')).out.map((line) => JSON.parse(line));
    expect(await listed()).toContainEqual(
      expect.objectContaining({
        jti,
        issuer: gateway.origin,
        subject: 'contact:C-1001',
        operations: 0,
        revoked: false,
      }),
    );
    expect(statSync(join(gateway.config.data_dir, 'issued.jsonl')).mode & 0o077).toBe(0);
    const [mandate = ''] = out;
    await agent.client.submit('contract.renew', { contract: 'K-1001' }, mandate);
    expect((await listed()).filter((each) => each.jti === jti)).toEqual([
      expect.objectContaining({ key: agent.key.keyid, operations: 1, revoked: false }),
    ]);
    expect(await parley('revoke', 'mandate', jti, 'lost')).toMatchObject({ code: 0, err: '' });
    const waiting = (await parley('revocations')).out.map((line) => JSON.parse(line));
    expect(waiting).toContainEqual(expect.objectContaining({ kind: 'mandate', id: jti, reason: 'lost' }));
    await expect
      .poll(async () => (await listed()).find((each) => each.jti === jti)?.revoked, { timeout: 10_000 })
      .toBe(true);
    await expect(agent.client.submit('contract.renew', { contract: 'K-1002' }, mandate)).rejects.toThrow();
  });

  it('O8: agents are listed with name and key', async () => {
    const { out } = await parley('agents');
    expect(out.map((line) => JSON.parse(line))).toEqual([
      { key: agent.key.keyid, name: 'Test agent', registered: expect.any(String), revoked: false },
    ]);
  });

  it('O8: taking back what was never seen is done, and said', async () => {
    const { code, err } = await parley('revoke', 'mandate', 'never-seen');
    expect([code, err]).toEqual([0, expect.stringMatching(/has not seen this mandate/)]);
  });

  it.each([
    [['--action', 'contract.renw'], 64, /did you mean contract\.renew\?/],
    [['--action', 'contract.renew', '--days', '400'], 64, /1 to 366, not 400/],
    [['--action', 'contract.renew', '--max-total', '12'], 64, /1200\.00:EUR/],
    [['--action', 'contract.renew', '--account', 'account:A-1'], 64, /id alone/],
    [['--action', 'contract.renew', '--subject', 'C-1001'], 64, /contact:ID or account:ID/],
    [['--action', 'contract.renew', '--key', '/none.json'], 1, /ENOENT/],
  ] as const)('O8: a mandate with %j is not issued', async (more, code, said) => {
    expect(await parley(...asked(...more))).toMatchObject({ code, out: [], err: expect.stringMatching(said) });
  });

  it('O8: no mandate is issued to a key that was taken back, and none with keys that are another gateway’s', async () => {
    const { key } = await gateway.newAgent();
    const other = join(directory, 'other.json');
    writeFileSync(other, JSON.stringify(key.publicJwk));
    expect((await parley('revoke', 'key', key.keyid)).code).toBe(0);
    const again = () => parley(...asked('--action', 'contract.renew', '--key', other));
    await expect.poll(async () => (await again()).err, { timeout: 10_000 }).toMatch(/has been revoked/);
    const alone = mkdtempSync(join(directory, 'alone-'));
    const words = asked('--action', 'contract.renew').concat('--data', alone);
    copyFileSync(join(gateway.config.data_dir, 'parley.db'), join(alone, 'parley.db'));
    const ran = await runParley(words, { readFile: async () => '', out: () => undefined, err: () => undefined });
    expect([ran.code, existsSync(join(alone, 'keys.json'))]).toEqual([1, false]);
  });
});
