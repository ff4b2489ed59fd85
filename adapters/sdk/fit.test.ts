import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { decode, encode } from './codec.ts';
import { parseMapping } from './mapping.ts';
import type { ReadRecord } from './payload.ts';
import { planByRecipe } from './planner.ts';
import { parseRecipe } from './recipe.ts';

const text = (more: JsonObject = {}): JsonObject => ({ field: 'f', label: 'F', kind: 'text', chars_max: 40, ...more });
const FIELDS = {
  kept: text(),
  nothing: text({ empty: 'nothing' }),
  long: text({ kind: 'long' }),
  day: { field: 'd', label: 'D', kind: 'day' },
  'contact.phone': text({ correctable: true, clearable: true }),
  'contact.email': text({ correctable: true }),
};

function mappingWith(keepsEmpty = true) {
  const read = parseMapping({ types: { contact: { object: 'people', fields: FIELDS } } }, /^[a-z]+$/, { keepsEmpty });
  if (!read.ok) throw new Error(read.error.join('\n'));
  return read.value;
}

async function changes(fields: JsonObject, held: JsonObject, keepsEmpty = true) {
  const mapping = mappingWith(keepsEmpty);
  const recipe = parseRecipe(
    {
      action: 'x.y',
      records: { contact: { type: 'contact', id: "'C-1'" } },
      steps: [{ id: 's', summary: "'x'", update: { record: 'contact', ...fields } }],
    },
    mapping,
  );
  if (!recipe.ok) throw new Error(recipe.error.join('\n'));
  const read = async (): Promise<ReadRecord> => ({
    ref: { type: 'contact', by: 'id', value: 'C-1' },
    version: '1',
    data: { id: 'C-1', account: 'A-1', ...held },
  });
  const { steps } = await planByRecipe(recipe.value, mapping, { operation: 'op_1', action: 'x.y', input: {} }, read);
  return Object.fromEntries(steps.flatMap((step) => step.changes.map(({ field, from, to }) => [field, [from, to]])));
}

describe('T19: an empty text', () => {
  it('is written as one where the CRM tells it from nothing, and is nothing where it does not', async () => {
    const set = { kept: "''", nothing: "''", long: "''" };
    const held = { kept: 'a', nothing: 'a', long: null };
    expect(await changes({ set }, held)).toEqual({ kept: ['a', ''], nothing: ['a', null], long: [null, ''] });
    expect(await changes({ set }, held, false)).toEqual({ kept: ['a', null], nothing: ['a', null] });
  });

  it('is read as it was written', () => {
    const { fields } = mappingWith().types.get('contact') ?? {};
    const back = (name: string, value: Json): Json => {
      const field = fields?.get(name);
      if (field === undefined) throw new Error(name);
      return decode(field, encode(field, value, 'minor').value, null, 'minor');
    };
    expect([back('kept', ''), back('kept', null), back('nothing', ''), back('day', '')]).toEqual([
      '',
      null,
      null,
      null,
    ]);
  });

  it('is a correction only of a field that may be cleared', async () => {
    const clearing = (path: string) => ({ corrections: `[{'path': '${path}', 'value': ' '}]` });
    expect(await changes(clearing('contact.phone'), { 'contact.phone': '1' })).toEqual({ 'contact.phone': ['1', ''] });
    expect(await changes(clearing('contact.phone'), { 'contact.phone': '1' }, false)).toEqual({
      'contact.phone': ['1', null],
    });
    await expect(changes(clearing('contact.email'), { 'contact.email': '1' })).rejects.toMatchObject({
      code: 'invalid',
    });
  });
});

describe('money in one object of a CRM', () => {
  const money = (name: string) => {
    const fields = { [name]: { field: 'f', label: 'F', kind: 'money' } };
    const read = parseMapping({ types: { order: { object: 'orders', fields } } }, /^[a-z]+$/, { keepsEmpty: true });
    const field = read.ok ? read.value.types.get('order')?.fields.get(name) : undefined;
    return field ?? expect.fail('no field');
  };
  const read = (name: string, amount: number, scale: number) =>
    decode(money(name), { amount, currency: 'EUR', scale }, null, 'minor');

  it('T13: is what its own scale says, in the one form that prices are compared in', () => {
    expect(read('total', 49_000, 3)).toEqual({ amount: 4_900, currency: 'EUR' });
    expect(read('total', 49, 0)).toEqual({ amount: 4_900, currency: 'EUR' });
    expect(read('total', 4_995, 3)).toMatchObject({ unreadable: expect.anything() });
    expect(read('unit_price', 4_995, 3)).toEqual({ amount: 4_995, currency: 'EUR', scale: 3 });
    expect(read('unit_price', 49_000, 3)).toEqual({ amount: 4_900, currency: 'EUR' });
  });
});
