import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import example from '../../examples/parley.json' with { type: 'json' };
import { ConfigError, loadConfig, parseConfig } from './config.ts';

const directory = mkdtempSync(join(tmpdir(), 'parley-config-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const ENVIRONMENT = { PARLEY_CRM_TOKEN: 'k3j4-h5g6-f7d8-s9a0' };
const [maria = { id: '', name: '', roles: [''], password_scrypt: '' }] = example.approvers;
const rule = (members: object) => ({ name: 'n', when: 'true', role: 'approver', reason: 'r', ...members });

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
const problems = (members: object) => problemsOf(() => parseConfig({ ...example, ...members }, ENVIRONMENT, directory));
const fileProblems = (text: string) => {
  const file = join(directory, 'c.json');
  writeFileSync(file, text);
  return problemsOf(() => loadConfig(file, ENVIRONMENT));
};

describe('N7: the mistakes of a configuration', () => {
  it('N7: the example has none', () => {
    expect(problems({})).toEqual([]);
  });

  it('N7: are told all at once, the schema’s and the others', () => {
    const found = problems({
      crm: { ...example.crm, adapter: 'salesforse' },
      time_zone: 'Berlin',
      listen: { prot: 80 },
      companny: 'x',
      approvers: [maria, { ...maria, password_scrypt: 'correct horse battery' }],
      signoff: { rules: [rule({ role: 'aprover', when: 'action == "contract.renw"' })] },
    });
    for (const said of [
      /^\/crm\/adapter must be one of sandbox, salesforce, .*own: did you mean salesforce\?$/,
      /^\/time_zone must be an IANA time zone/,
      /^\/listen has no member "prot": did you mean port\?$/,
      /^the file has no member "companny": did you mean company\?$/,
      /^\/approvers\/1\/id is .*, as that of \/approvers\/0/,
      /^\/approvers\/1\/password_scrypt is not what `parley password` prints/,
      /^\/signoff\/rules\/0\/role is aprover, which no approver has \(approver.*\): did you mean approver\?$/,
      /^\/signoff\/rules\/0\/when asks for the action "contract\.renw", which there is not: did you mean contract\.renew\?$/,
    ])
      expect(found).toContainEqual(expect.stringMatching(said));
    expect(found).toHaveLength(8);
  });

  it.each([
    ['"contract.renw" == action', 'contract.renw'],
    ["action != 'order.plase'", 'order.plase'],
    ['action in ["order.place", "order.chnge"]', 'order.chnge'],
  ])('N7: %s is a rule for an action that there is not', (when, name) => {
    for (const signoff of [{ rules: [rule({ when })] }, { allow: [{ name: 'a', when }] }])
      expect(problems({ signoff })).toEqual([expect.stringContaining(`the action "${name}", which there is not`)]);
  });

  it('N7: an action of one’s own is one', () => {
    writeFileSync(join(directory, 'fleet.book.json'), '{}');
    const signoff = { rules: [rule({ when: 'action == "fleet.book" && true' })] };
    expect(problems({ signoff, actions_dir: directory })).toEqual([]);
    expect(problems({ signoff })).toHaveLength(1);
  });

  it('N7: a place in the file is told by its line', () => {
    expect(fileProblems('{\n  "company": "A",\n  "company": "B"\n}')).toEqual([
      expect.stringMatching(/c\.json, line 3, column \d+: A member name is repeated$/),
    ]);
    expect(fileProblems('{\n  "company" "A"\n}')).toEqual([expect.stringMatching(/line 2, column \d+: A colon/)]);
    expect(fileProblems('[]')).toContainEqual(expect.stringMatching(/^the file must be object/));
  });

  it('N7: webhooks have names of their own', () => {
    const hook = { name: 'desk', url: 'https://desk.example/' };
    expect(problems({ webhooks: [hook, hook] })).toContainEqual(expect.stringMatching(/^\/webhooks\/1\/name is desk/));
  });
});
