import { beforeAll, expect, it } from 'vitest';
import { companyKeys, type Parties, testParties, testReceipt } from '../../protocol/receipt/fixture.ts';
import type { ReceiptFile } from '../../protocol/receipt/receipt.ts';
import { verifyCommand } from './verify.ts';

let parties: Parties;
let file: ReceiptFile;

beforeAll(async () => {
  parties = await testParties();
  file = await testReceipt(parties);
});

async function run(args: readonly string[], files: { readonly [path: string]: unknown } = {}) {
  const lines: string[] = [];
  const all: { readonly [path: string]: unknown } = { 'r.json': file, 'k.json': companyKeys(parties), ...files };
  const code = await verifyCommand(args, {
    async readFile(path) {
      if (!Object.hasOwn(all, path)) throw new Error('no such file');
      const content = all[path];
      return typeof content === 'string' ? content : JSON.stringify(content);
    },
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(`! ${line}`),
  });
  return { code, lines, text: lines.join('\n') };
}

it('exits 0 for a valid receipt and prints each check', async () => {
  const { code, lines, text } = await run(['r.json', '--keys', 'k.json']);
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe('VALID');
  expect(text).toMatch(/ok {4}signature +signed 2026-11-24T12:00:00.000Z/);
  expect(text).toContain('https://gw.example: contract.renew op_01939f1c-0000-7000-8000-000000000001 completed');
  expect((await run(['r.json', '--key', parties.evidence.thumbprint])).code).toBe(0);
});

it('exits 1 for an invalid receipt and names what is wrong', async () => {
  const { code, lines, text } = await run(['r.json', '--keys', 'k.json'], { 'r.json': { ...file, proof: null } });
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('INVALID');
  expect(text).toContain('FAIL  log_proof');
  expect(
    (await run(['r.json', '--keys', 'k.json', '--allow-unlogged'], { 'r.json': { ...file, proof: null } })).code,
  ).toBe(0);
});

it('exits 2 when who signed is not known, and says that the rest is right', async () => {
  const { code, lines } = await run(['r.json']);
  expect(code).toBe(2);
  expect(lines.at(-1)).toMatch(/^UNKNOWN KEY/);
  expect((await run(['r.json', '--key', parties.agent.thumbprint])).code).toBe(2);
});

it.each([
  ['no file named', [], 64],
  ['two files named', ['r.json', 'r.json'], 64],
  ['an unknown option', ['r.json', '--force'], 64],
  ['a key that is no thumbprint', ['r.json', '--key', 'abc'], 64],
  ['an unreadable key file', ['r.json', '--keys', 'none.json'], 2],
  ['an unreadable receipt', ['none.json', '--keys', 'k.json'], 1],
  ['a receipt that is no JSON', ['bad.json', '--keys', 'k.json'], 1],
] as const)('with %s gives no verdict of valid', async (_what, args, expected) => {
  const { code, text } = await run(args, { 'bad.json': '{' });
  expect(code).toBe(expected);
  expect(text).toContain('!');
});

it('lets nothing in a receipt drive the terminal', async () => {
  const hostile = await testReceipt(parties, { facts: (facts) => ({ ...facts, action: '\u001b[2J\u202eVALID' }) });
  const { code, text } = await run(['r.json', '--keys', 'k.json'], { 'r.json': hostile });
  expect(code).toBe(0);
  for (const character of ['\u001b', '\u202e']) expect(text).not.toContain(character);
});
