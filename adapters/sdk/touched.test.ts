import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { PlanRequest, Ref } from './index.ts';
import { parseMapping } from './mapping.ts';
import type { ReadRecord } from './payload.ts';
import { planByRecipe } from './planner.ts';
import { parseRecipe } from './recipe.ts';

const id = (field: string): JsonObject => ({ field, label: field, kind: 'id' });
const document: JsonObject = {
  types: {
    contract: {
      object: 'deals',
      account: 'company',
      fields: { line_item: id('line'), other: { ...id('x'), kind: 'text', chars_max: 9 } },
    },
    line_item: {
      object: 'lines',
      part_of: 'contract',
      fields: { quantity: { field: 'q', label: 'Q', kind: 'whole' } },
    },
    contact: { object: 'people', account: 'company', fields: {} },
    ticket: { object: 'cases', account: 'company', fields: { contact: id('person') } },
  },
};
const read = parseMapping(document, /^[a-z]+$/);
if (!read.ok) throw new Error(read.error.join('\n'));
const mapping = read.value;

const RECORDS: Readonly<Record<string, JsonObject>> = {
  'contract K-1': { account: 'A-1', line_item: 'L-1', other: 'L-2' },
  'line_item L-1': { account: null, quantity: 1 },
  'line_item L-2': { account: '', quantity: 1 },
  'contact C-1': { account: 'A-1' },
  'contact C-2': { account: 'A-2' },
};

async function plan(recipe: JsonObject, input: JsonObject, more: Partial<PlanRequest> = {}) {
  const parsed = parseRecipe({ action: 'x.y', ...recipe }, mapping);
  if (!parsed.ok) throw new Error(parsed.error.join('\n'));
  const reader = async (ref: Ref): Promise<ReadRecord> => ({
    ref,
    version: '1',
    data: { id: ref.value, ...RECORDS[`${ref.type} ${ref.value}`] },
  });
  return planByRecipe(parsed.value, mapping, { operation: 'op_1', action: 'x.y', input, ...more }, reader);
}
const contract: JsonObject = { type: 'contract', id: 'input.contract' };
const line = (expression: string): JsonObject => ({
  records: { contract, line: { type: 'line_item', id: expression } },
  steps: [{ id: 'line', summary: "'x'", update: { record: 'line', set: { quantity: '2' } } }],
});

describe('T16: what a plan touches', () => {
  it('is every record it read or writes, and whose each is', async () => {
    const { touched } = await plan(line('records.contract.line_item'), { contract: 'K-1' });
    expect(touched).toEqual([
      { ref: { type: 'contract', by: 'id', value: 'K-1' }, account: 'A-1', mode: 'read' },
      { ref: { type: 'line_item', by: 'id', value: 'L-1' }, account: 'A-1', mode: 'write' },
    ]);
  });

  it.each(['input.line', 'records.contract.other'])(
    '%s: a part that its whole does not name is nobody’s',
    async (how) => {
      const { touched } = await plan(line(how), { contract: 'K-1', line: 'L-2' });
      expect(touched?.[1]).toMatchObject({ account: null, mode: 'write' });
    },
  );

  it('has what is made, for whom it is made', async () => {
    const making = {
      records: { contract },
      steps: [{ id: 't', summary: "'x'", create: { type: 'ticket', account: 'input.account', set: {} } }],
    };
    const { touched } = await plan(making, { contract: 'K-1', account: 'A-7' });
    expect(touched?.[1]).toEqual({
      ref: { type: 'ticket', by: 'external', value: 'op_1:t' },
      account: 'A-7',
      mode: 'write',
    });
  });

  it('is linked with what was read, and with nothing else', async () => {
    const linking = (records: JsonObject, contact: string) => ({
      records: { contract, ...records },
      steps: [
        { id: 't', summary: "'x'", create: { type: 'ticket', account: 'records.contract.account', set: { contact } } },
      ],
    });
    const request = { contract: 'K-1', contact: 'C-2' };
    await expect(plan(linking({}, 'input.contact'), request)).rejects.toMatchObject({ code: 'invalid' });
    const reading = linking({ contact: { type: 'contact', id: 'input.contact' } }, 'records.contact.id');
    // Whose it is is for the gateway to judge: it is told.
    expect((await plan(reading, request)).touched).toContainEqual(
      expect.objectContaining({ account: 'A-2', mode: 'read' }),
    );
  });

  it('is without what a request can do without, where that is another’s', async () => {
    const asking = {
      records: { contact: { type: 'contact', id: 'input.?contact', optional: true } },
      steps: [{ id: 't', summary: "has(records.contact) ? 'known' : 'unknown'", create: { type: 'ticket', set: {} } }],
    };
    const summaryFor = async (contact: string, accounts?: readonly string[]) =>
      (await plan(asking, { contact }, accounts === undefined ? {} : { accounts })).steps[0]?.summary;
    expect(await summaryFor('C-1', ['A-1'])).toBe('known');
    expect(await summaryFor('C-2', ['A-1'])).toBe('unknown');
    expect(await summaryFor('C-1', [])).toBe('unknown');
  });
});
