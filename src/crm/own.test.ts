import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCrm } from '../../adapters/template/simulator/crm.ts';
import { ConfigError, parseConfig } from '../config/config.ts';
import { openCrm } from './open.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-own-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const TEMPLATE = join(import.meta.dirname, '../../adapters/template/index.ts');
const config = (crm: object) =>
  parseConfig(
    {
      origin: 'https://gateway.example',
      company: 'Example',
      human: { channel: 'tel:+4930', hours: 'Mo-Fr' },
      approvers: [
        { id: 'a', name: 'A', roles: ['any'], password_scrypt: `scrypt$${'a'.repeat(22)}$${'b'.repeat(43)}` },
      ],
      negotiation: {},
      crm: { adapter: 'own', ...crm },
    },
    { PARLEY_CRM_TOKEN: 'own-token' },
    directory,
  );
const refusal = async (crm: object): Promise<string> => {
  try {
    await openCrm(config(crm));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it should have been refused');
};

describe('an adapter of the operator’s own', () => {
  it('is loaded, given its origin, secret and documents, and works in its own network where that is said', async () => {
    const crm = await startCrm('own-token');
    writeFileSync(join(directory, 'mapping.json'), '{"types":{"contact":{"fields":{"contact.job_title":null}}}}');
    const settings = { module: TEMPLATE, origin: crm.origin, mapping: 'mapping.json' };
    const ctx = () => ({ clock: () => new Date(), signal: AbortSignal.timeout(5_000), log: () => undefined });
    const inside = await openCrm(config({ ...settings, private_network: true }));
    const { data } = await inside.read(ctx(), { type: 'contact', by: 'id', value: 'C1' });
    expect(data['contact.phone']).toBe('+49 30 1');
    expect(data).not.toHaveProperty(['contact.job_title']);
    expect((await (await openCrm(config(settings))).health(ctx())).ok).toBe(false);
    await crm.stop();
  });

  it.each([
    ['export const other = 1;', /exports no makeAdapter/],
    ['export const makeAdapter = () => ({ manifest: {} });', /made no adapter/],
    ['export const makeAdapter = () => { throw new Error("no such field: x"); };', /no such field: x/],
    ['throw new Error("at once");', /at once/],
    ['this is no TypeScript', /crm\/module/],
  ])('%j is a mistake of the configuration', async (text, told) => {
    const file = join(directory, `own-${text.length}.ts`);
    writeFileSync(file, text);
    expect(await refusal({ module: file, origin: 'https://crm.example' })).toMatch(told);
  });

  it('that is not there, or not named, is one too', async () => {
    expect(await refusal({ module: './nowhere.ts', origin: 'https://crm.example' })).toMatch(/nowhere\.ts/);
    expect(await refusal({ origin: 'https://crm.example' })).toMatch(/module is missing/);
  });
});
