/** `parley simulate`: a policy on simulated agents, and on talks that took place in a gateway that is running. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { endOf } from '../../src/cli/exit.ts';
import { simulateCommand } from '../../src/cli/simulate.ts';
import { buyerMove } from '../../src/client/index.ts';
import { FAMILIES } from '../../src/simulate/opponents.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let directory: string;
let config: string;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { signoff: { rules: [] } } });
  directory = mkdtempSync(join(tmpdir(), 'parley-simulate-'));
  config = join(directory, 'parley.json');
  const { company, data_dir, negotiation } = gateway.config;
  writeFileSync(config, JSON.stringify({ company, data_dir, negotiation }));
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  rmSync(directory, { recursive: true, force: true });
});

function write(policy: object): string {
  const path = join(directory, 'policy.json');
  writeFileSync(path, JSON.stringify(policy));
  return path;
}

async function command(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await simulateCommand(args, io).catch((error: unknown) => {
    const ended = endOf(error, 'simulate');
    err.push(ended.words);
    return ended.code;
  });
  return { code, out, err: err.join('\n') };
}

describe('parley simulate', () => {
  it('says what is missing', async () => {
    expect(await command(config)).toMatchObject({ code: 2, err: expect.stringContaining('--records') });
    expect(await command(config, '--action', 'human.handoff')).toMatchObject({ code: 64 });
    expect(await command(config, '--runs', 'many')).toMatchObject({ code: 64 });
    expect(await command(join(directory, 'none.json'))).toMatchObject({ code: 2 });
    vi.stubEnv('PARLEY_CONFIG', config);
    expect(await command('--records', 'examples/contracts.json', '--runs', '1')).toMatchObject({ code: 0 });
    vi.unstubAllEnvs();
  });

  it('T23: refuses a time that is none, and a field that no record has', async () => {
    for (const day of ['gestern', '2026-13-01', '2026-11', 'tomorrow'])
      expect(await command(config, '--replay', '--since', day)).toMatchObject({
        code: 64,
        err: expect.stringContaining('--since must be a day (2026-11-01)'),
      });
    expect(await command(config, '--replay', '--since', '2026-11-01', '--until', '2026-11-30T09:00Z')).toMatchObject({
      code: 0,
    });
    const own = gateway.config.negotiation['contract.renew'];
    const misspelt = write({ ...own, segments: [{ name: 'large', when: 'record.seets >= 200' }] });
    expect(await command(config, '--records', 'examples/contracts.json', '--policy', misspelt)).toMatchObject({
      code: 2,
      err: expect.stringContaining('names record.seets, which the record has not: did you mean seats?'),
    });
  });

  it('T21: shows the first offer in money, and refuses one that is far from its record', async () => {
    const told = await command(config, '--records', 'examples/contracts.json', '--runs', '1');
    expect(told.out.slice(0, 2)).toEqual([
      expect.stringMatching(/^record +today +first offer/),
      expect.stringMatching(/^K-\d+ +\d+[.]\d\d EUR +\d+[.]\d\d EUR/),
    ]);
    const sample = { unit_price: { amount: 104, currency: 'EUR' } };
    const main = { issue: '/unit_price', unit: 'minor', sample, open: 104, concede_to: 97, limit: 90 };
    expect(await command(config, '--records', 'examples/contracts.json', '--policy', write({ main }))).toMatchObject({
      code: 2,
      err: expect.stringContaining('the first offer would be 1.04 EUR'),
    });
  });

  it('T21, T23: and so does the start', async () => {
    const main = { issue: '/unit_price', open: 104, concede_to: 97, limit: 90 };
    const start = (policy: object) =>
      startTestGateway({ config: { negotiation: { 'contract.renew': policy } } }).then(
        async (started) => {
          await started.stop();
          return 'started';
        },
        (error: unknown) => String(error),
      );
    expect(await start({ main })).toContain('/negotiation/contract.renew/main needs percent_of');
    const sample = { unit_price: { amount: 4_900, currency: 'EUR' } };
    expect(await start({ main: { ...main, unit: 'minor', sample } })).toContain(
      'where the record says 49.00 EUR, the first offer would be 1.04 EUR',
    );
    expect(await start({ main: { ...main, percent_of: '/list_prise' } })).toContain('names list_prise');
  });

  it('plays every family on a snapshot, and writes a page', async () => {
    const html = join(directory, 'page.html');
    const args = ['--records', 'examples/contracts.json', '--runs', '4', '--html', html, '--json'];
    const { code, out } = await command(config, ...args);
    expect(code).toBe(0);
    const { families } = JSON.parse(out[0] ?? '');
    expect(families.map(({ talks, breaches }: { talks: number; breaches: number }) => [talks, breaches])).toEqual(
      FAMILIES.map(() => [4, 0]),
    );
    expect(readFileSync(html, 'utf8')).toContain('<svg');
  });

  it('holds another policy against it, and says that a handful of talks tell nothing', async () => {
    const own = gateway.config.negotiation['contract.renew'];
    const args = ['--records', 'examples/contracts.json', '--runs', '2', '--against', write({ ...own, beta: 2 })];
    expect((await command(config, ...args)).out.join('\n')).toContain('2 talks are too few to say anything');
    expect(await command(config, ...args.slice(0, -1), write({ beta: 'fast' }))).toMatchObject({
      code: 2,
      err: expect.stringContaining('/beta'),
    });
  });

  it('plays a domain of a file, and tells every mistake in one', async () => {
    const played = await command('--domain', 'examples/domains/joint-launch.json');
    expect(played.code).toBe(0);
    expect(played.out[1]).toMatch(/^Nash +24\.0 +53\.0 +77\.0/);
    expect(await command('--domain', write({ issues: [] }))).toMatchObject({
      code: 2,
      err: expect.stringContaining('/issues must be a list'),
    });
  });

  it('asks of real talks what another policy would have done', async () => {
    const agent = await gateway.newAgent();
    const asked = await agent.client.submit('contract.renew', { contract: 'K-1001' }, await gateway.mandateFor(agent));
    const eur = (amount: number) => ({ amount, currency: 'EUR' });
    const goals = { terms: { unit_price: { wish: eur(4_400), most: eur(4_800) }, seats: { wish: 32 } } };
    let view = await agent.client.waitForTurn(asked.id);
    while (view.state === 'negotiating') {
      const move = buyerMove(goals, view);
      if (move.kind === 'withdraw') throw new Error('no agreement');
      view =
        move.kind === 'accept'
          ? await agent.client.accept(view, move.offer)
          : await agent.client.counter(view.id, move.terms);
    }
    const replayed = async (...args: string[]) =>
      JSON.parse((await command(config, '--replay', '--json', ...args)).out[0] ?? '');
    expect(await replayed()).toMatchObject({ operation: asked.id, was: 'agreed', would: 'agreed', beyond: false });
    const { negotiation } = gateway.config;
    const hard = join(directory, 'hard.json');
    const main = { issue: '/unit_price', percent_of: '/unit_price', open: 120, concede_to: 115, limit: 110 };
    writeFileSync(hard, JSON.stringify({ ...negotiation['contract.renew'], main }));
    expect(await replayed('--policy', hard)).toMatchObject({ was: 'agreed', beyond: true });
    expect((await command(config, '--replay', '--json', '--until', '2020-01-01')).out).toEqual([]);
  }, 60_000);
});
