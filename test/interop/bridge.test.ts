/** `parley mcp`: a real child process between a real MCP client and a real gateway; the model’s side knows no key and no mandate. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationView } from '../../protocol/operation.ts';
import { newAgentKey } from '../../src/client/index.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { holdTools, SPEAKS_HTTP } from '../support/model-view.ts';

const run = promisify(execFile);
const CLI = 'src/cli/main.ts';

let gateway: TestGateway;
let directory: string;
let args: string[];

beforeAll(async () => {
  gateway = await startTestGateway({ faults: true });
  directory = mkdtempSync(join(tmpdir(), 'parley-bridge-'));
  const key = await newAgentKey();
  const files = { key: join(directory, 'agent.json'), mandate: join(directory, 'mandate.txt') };
  writeFileSync(files.key, JSON.stringify(key.privateJwk), { mode: 0o600 });
  writeFileSync(files.mandate, await gateway.mandateFor({ key, client: (await gateway.newAgent()).client }));
  args = [CLI, 'mcp', '--url', gateway.origin, '--key', files.key, '--mandate', files.mandate];
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('the bridge', () => {
  it('takes a model from the catalogue to a signed acceptance, with plain arguments', async () => {
    const client = new Client({ name: 'desktop', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'pipe' }));
    const call = async (name: string, input: Record<string, unknown>) => {
      const result = await client.callTool({ name, arguments: input });
      expect(result.isError, JSON.stringify(result.content)).not.toBe(true);
      return result.structuredContent as unknown as OperationView & { verdict?: string };
    };
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('contract_renew');
    expect(JSON.stringify(tools)).not.toMatch(/idempotency_key|"mandate"/);
    const asked = await call('contract_renew', { contract: 'K-1001', proposal: { seats: 30 } });
    const turn = await call('operation_read', { operation: asked.id, wait_seconds: 40 });
    const offer = turn.offers?.at(-1);
    const accepted = await call('offer_accept', {
      operation: asked.id,
      offer: offer?.id,
      terms_digest: offer?.terms_digest,
    });
    expect(['agreed', 'awaiting_signoff', 'authorized', 'executing', 'completed']).toContain(accepted.state);
    let seen = await call('operation_read', { operation: asked.id, wait_seconds: 40 });
    if (seen.state === 'awaiting_signoff') {
      await gateway.approve(`${gateway.origin}/console/signoffs/${seen.signoff?.id}`);
      seen = await call('operation_read', { operation: asked.id, wait_seconds: 40 });
    }
    expect(seen.state).toBe('completed');
    expect((await call('receipt_read', { operation: asked.id })).verdict).toBe('valid');
    await client.close();
  }, 60_000);

  it('N1: shows a schedule as a table, and takes the package that the model names', async () => {
    await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
    const client = new Client({ name: 'desktop', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'pipe' }));
    const call = (name: string, input: Record<string, unknown>) => client.callTool({ name, arguments: input });
    const proposal = { unit_price: { amount: 4_500, currency: 'EUR' }, seats: 30 };
    const asked = (await call('contract_renew', { contract: 'K-1001', proposal }))
      .structuredContent as unknown as OperationView;
    const turn = await call('operation_read', { operation: asked.id, wait_seconds: 40 });
    expect(JSON.stringify(turn.content)).toContain('term_months | seats 25 | 30 | 32');
    const offer = (turn.structuredContent as unknown as OperationView).offers?.at(-1);
    const take = (choice: object) =>
      call('offer_accept', { operation: asked.id, offer: offer?.id, terms_digest: offer?.terms_digest, choice });
    const wrong = await take({ '/term_months': 12 });
    expect([wrong.isError, JSON.stringify(wrong.content)]).toEqual([true, expect.stringContaining('no package')]);
    const taken = await take({ '/term_months': 12, '/seats': 30 });
    expect(taken.isError, JSON.stringify(taken.content)).not.toBe(true);
    const { agreement } = taken.structuredContent as unknown as OperationView;
    expect(agreement).toMatchObject({
      choice: { '/term_months': 12, '/seats': 30 },
      terms: { term_months: 12, seats: 30 },
    });
    const read = async () =>
      (await call('operation_read', { operation: asked.id, wait_seconds: 40 }))
        .structuredContent as unknown as OperationView;
    let seen = await read();
    if (seen.state === 'awaiting_signoff') {
      await gateway.approve(`${gateway.origin}/console/signoffs/${seen.signoff?.id}`);
      seen = await read();
    }
    expect(seen).toMatchObject({ state: 'completed', output: { terms: { term_months: 12, seats: 30 } } });
    await client.close();
  }, 60_000);

  it('tells the model what is wrong, and lives on', async () => {
    const client = new LegacyClient({ name: 'desktop', version: '1' });
    await client.connect(new LegacyStdio({ command: process.execPath, args, stderr: 'pipe' }));
    const refused = await client.callTool({ name: 'contract_renew', arguments: { contract: '../K-1001' } });
    expect(refused.isError, JSON.stringify(refused)).toBe(true);
    expect(JSON.stringify(refused.content)).toContain('/contract');
    const missing = await client.callTool({ name: 'operation_read', arguments: {} });
    expect(missing.isError).toBe(true);
    const handed = await client.callTool({ name: 'human_handoff', arguments: { topic: 'A question' } });
    expect(handed.isError).not.toBe(true);
    await client.close();
    // What was refused is not on its mind the next time.
    const again = new LegacyClient({ name: 'desktop', version: '1' });
    await again.connect(new LegacyStdio({ command: process.execPath, args, stderr: 'pipe' }));
    await again.close();
  }, 30_000);

  it('D18: keeps annotations and output schemas, speaks in tool names, and fits in a model’s view', async () => {
    const client = new Client({ name: 'desktop', version: '1' });
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'pipe' }));
    const { tools } = await client.listTools();
    holdTools(tools);
    const result = await client.callTool({ name: 'human_handoff', arguments: { topic: 'Help' } });
    expect(JSON.stringify([client.getInstructions(), tools, result])).not.toMatch(SPEAKS_HTTP);
    expect(result.structuredContent).toMatchObject({
      next: expect.arrayContaining([expect.objectContaining({ tool: 'operation_read' })]),
    });
    const whole = await client.callTool({ name: 'actions_read', arguments: { tool: 'contract_renew' } });
    expect(JSON.stringify(whole.structuredContent)).toContain('additionalProperties');
    const wrong = await client.callTool({ name: 'contract_renew', arguments: { contrat: 'K-1001' } });
    expect(JSON.stringify(wrong.content)).toMatch(/did you mean contract.*The right form is/);
    await client.close();
  }, 30_000);

  it('D18: asks for a fresh mandate where one is needed: from a file that may change, or by a command', async () => {
    const [key, mandate] = [join(directory, 'fresh.json'), join(directory, 'fresh.txt')];
    const own = await newAgentKey();
    writeFileSync(key, JSON.stringify(own.privateJwk), { mode: 0o600 });
    const agent = { key: own, client: (await gateway.newAgent({ key: own })).client };
    const input = { contract: 'K-1001', when: 'period_end' };
    const cancelled = async (more: string[]) => {
      const client = new Client({ name: 'desktop', version: '1' });
      const start = [CLI, 'mcp', '--url', gateway.origin, '--key', key, ...more];
      await client.connect(new StdioClientTransport({ command: process.execPath, args: start, stderr: 'pipe' }));
      return { client, ask: () => client.callTool({ name: 'contract_cancel', arguments: input }) };
    };
    const filed = await cancelled(['--mandate', mandate]);
    const refused = await filed.ask();
    expect([refused.isError, JSON.stringify(refused.content)]).toEqual([
      true,
      expect.stringContaining(`in ${mandate}`),
    ]);
    writeFileSync(mandate, await gateway.mandateFor(agent, { actions: ['contract.cancel'], accounts: ['A-1001'] }));
    const taken = await filed.ask();
    expect(taken.isError, JSON.stringify(taken.content)).not.toBe(true);
    await filed.client.callTool({
      name: 'operation_withdraw',
      arguments: { operation: (taken.structuredContent as { id: string }).id },
    });
    await filed.client.close();

    const asked = join(directory, 'asked.txt');
    const command = join(directory, 'ask-user.sh');
    writeFileSync(command, `#!/bin/sh\necho "$@" > ${asked}\ncat ${mandate}\n`, { mode: 0o700 });
    const commanded = await cancelled(['--mandate-command', command]);
    const done = await commanded.ask();
    expect(done.isError, JSON.stringify(done.content)).not.toBe(true);
    expect(readFileSync(asked, 'utf8')).toBe(`contract.cancel ${gateway.origin} ${own.keyid}\n`);
    await commanded.client.close();
    // Nor was the agent renamed by being bridged.
    const { id } = done.structuredContent as { id: string };
    expect(gateway.operation(id).agent.name).toBe('Test agent');
  }, 60_000);

  it('makes a key of its own on first use, for its owner’s eyes only', async () => {
    const key = join(directory, 'new.json');
    const client = new Client({ name: 'desktop', version: '1' });
    const own = [CLI, 'mcp', '--url', gateway.origin, '--key', key];
    await client.connect(new StdioClientTransport({ command: process.execPath, args: own, stderr: 'pipe' }));
    await client.close();
    expect(statSync(key).mode & 0o077).toBe(0);
    expect(JSON.parse(readFileSync(key, 'utf8'))).toMatchObject({ kty: 'OKP', crv: 'Ed25519' });
  }, 30_000);

  it('says how it is used', async () => {
    await expect(run(process.execPath, [CLI, 'mcp', '--url', 'not a url'])).rejects.toMatchObject({ code: 64 });
  });
});
