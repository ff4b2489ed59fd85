/** `parley simulate`: a policy on simulated agents, and on talks that took place in a gateway that is running. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulateCommand } from '../../src/cli/simulate.ts';
import { buyerMove } from '../../src/client/index.ts';
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

async function command(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await simulateCommand(args, { out: (line) => void out.push(line), err: (line) => void err.push(line) });
  return { code, out, err: err.join('\n') };
}

describe('parley simulate', () => {
  it('says what is missing', async () => {
    expect(await command(config)).toMatchObject({ code: 2, err: expect.stringContaining('--records') });
    expect(await command(config, '--action', 'human.handoff')).toMatchObject({ code: 2 });
    expect(await command(config, '--runs', 'many')).toMatchObject({ code: 2 });
    expect(await command(join(directory, 'none.json'))).toMatchObject({ code: 2 });
  });

  it('plays every family on a snapshot, and writes a page', async () => {
    const html = join(directory, 'page.html');
    const args = ['--records', 'examples/contracts.json', '--runs', '40', '--html', html, '--json'];
    const { code, out } = await command(config, ...args);
    expect(code).toBe(0);
    const { families } = JSON.parse(out[0] ?? '');
    expect(families.map(({ talks, breaches }: { talks: number; breaches: number }) => [talks, breaches])).toEqual(
      Array(8).fill([40, 0]),
    );
    expect(readFileSync(html, 'utf8')).toContain('<svg');
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
