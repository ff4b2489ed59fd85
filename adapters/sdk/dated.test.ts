import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { essenceOf, withoutOwn } from './dated.ts';
import type { PlanRequest, PlanStep } from './index.ts';
import { parseMapping } from './mapping.ts';
import type { ReadRecord } from './payload.ts';
import { planByRecipe } from './planner.ts';
import { parseRecipe } from './recipe.ts';

const field = (name: string, kind: string): JsonObject => ({ field: name, label: name, kind });
const document: JsonObject = {
  marker: 'Key',
  types: {
    contract: {
      object: 'Contract',
      account: 'Account',
      fields: {
        seats: field('Seats', 'whole'),
        seats_next: field('Next', 'whole'),
        changes_on: field('On', 'day'),
      },
    },
    ticket: {
      object: 'Case',
      account: 'Account',
      fields: { subject: { field: 'Subject', label: 'Subject', kind: 'text', chars_max: 40 } },
    },
  },
};

const amendment: JsonObject = {
  action: 'contract.amend',
  records: { contract: { type: 'contract', id: 'input.contract' } },
  require: [{ that: 'records.contract.changes_on == null', else: 'Another change is agreed on.' }],
  steps: [
    {
      id: 'apply',
      on: 'terms.effective_on',
      summary: "'Change the seats to ' + string(terms.seats)",
      update: { record: 'contract', set: { seats: 'terms.seats', seats_next: 'null', changes_on: 'null' } },
    },
    {
      id: 'mark',
      summary: "'Note the change'",
      update: { record: 'contract', set: { seats_next: 'terms.seats', changes_on: 'terms.effective_on' } },
    },
    { id: 'ticket', summary: "'Tell'", create: { type: 'ticket', set: { subject: "'Amended'" } } },
  ],
};

const contract = (data: JsonObject = {}, version = '7'): ReadRecord => ({
  ref: { type: 'contract', by: 'id', value: 'K-1' },
  version,
  data: { id: 'K-1', account: 'A-1', seats: 10, seats_next: null, changes_on: null, ...data },
});
const request = (more: Partial<PlanRequest> = {}): PlanRequest => ({
  operation: 'op_1',
  action: 'contract.amend',
  input: { contract: 'K-1' },
  terms: { seats: 5, effective_on: '2027-06-01' },
  asked_on: '2027-01-31',
  ...more,
});

async function plan(asked: PlanRequest, record: ReadRecord, recipe: Json = amendment): Promise<readonly PlanStep[]> {
  const mapping = parseMapping(document, /^[A-Za-z]+$/);
  if (!mapping.ok) throw new Error(mapping.error.join('\n'));
  const read = parseRecipe(recipe, mapping.value);
  if (!read.ok) throw new Error(read.error.join('\n'));
  return (await planByRecipe(read.value, mapping.value, asked, async () => record)).steps;
}

const told = (steps: readonly PlanStep[]) =>
  steps.map(({ id, not_before, changes }) => [
    id,
    not_before ?? 'now',
    ...changes.map(({ field: name, from, to }) => `${name}: ${from} → ${to}`),
  ]);

describe('a plan over several days', () => {
  it('says which day a step is for; what is for now comes first, and each step starts from what those before it leave', async () => {
    expect(told(await plan(request(), contract()))).toEqual([
      ['mark', 'now', 'seats_next: null → 5', 'changes_on: null → 2027-06-01'],
      ['ticket', 'now', 'subject: null → Amended'],
      ['apply', '2027-06-01', 'seats: 10 → 5', 'seats_next: 5 → null', 'changes_on: 2027-06-01 → null'],
    ]);
  });

  it('has no day where it is today’s or past: it is the second change of the record, and waits for its own version of it', async () => {
    const today = { seats: 5, effective_on: '2027-01-31' };
    const steps = await plan(request({ terms: today }), contract());
    expect(steps.map(({ id, not_before }) => [id, not_before])).toEqual([
      ['apply', undefined],
      ['mark', '2027-01-31'],
      ['ticket', undefined],
    ]);
    const alone = { ...amendment, steps: [(amendment['steps'] as Json[])[0] ?? null] };
    const [step] = await plan(request({ terms: today }), contract(), alone);
    expect(step).not.toHaveProperty('not_before');
  });

  it('goes on when the first part is done: its own marks neither forbid nor repeat anything', async () => {
    const first = await plan(request(), contract());
    const done = first.slice(0, 2);
    const marked = contract({ seats_next: 5, changes_on: '2027-06-01' }, '8');
    const [rest, ...more] = await plan(request({ done }), marked);
    expect(more).toEqual([]);
    expect(rest?.preconditions[0]?.version).toBe('8');
    const [, , agreed] = first;
    expect(agreed && rest && essenceOf(rest)).toEqual(agreed && essenceOf(agreed));
    // Without knowing what is done, its own mark is somebody's.
    await expect(plan(request(), marked)).rejects.toMatchObject({ message: 'Another change is agreed on.' });
  });

  it('is another plan when somebody has changed what it changes, and the same when they changed something else', async () => {
    const first = await plan(request(), contract());
    const done = first.slice(0, 2);
    const essence = async (data: JsonObject) =>
      (await plan(request({ done }), contract({ seats_next: 5, changes_on: '2027-06-01', ...data }, '9'))).map(
        essenceOf,
      );
    const [, , agreed] = first.map(essenceOf);
    expect(await essence({ other: 'x' })).toEqual([agreed]);
    expect(await essence({ seats: 12 })).not.toEqual([agreed]);
    expect(await essence({ seats_next: 7 })).not.toEqual([agreed]);
    await expect(essence({ changes_on: '2027-03-01' })).rejects.toMatchObject({
      message: 'Another change is agreed on.',
    });
  });

  it('refuses a day that is none, and two changes of a record on no day', async () => {
    const never = { ...amendment, steps: [{ ...(amendment['steps'] as JsonObject[])[0], on: "'soon'" }] };
    await expect(plan(request(), contract(), never)).rejects.toMatchObject({ code: 'invalid' });
    const twice = (amendment['steps'] as JsonObject[]).map(({ on: _on, ...step }) => step);
    await expect(plan(request(), contract(), { ...amendment, steps: twice })).rejects.toThrow('the same record twice');
  });

  it('takes back from a record only what still stands of its own', () => {
    const ref = { type: 'contract', by: 'id', value: 'K-1' } as const;
    const change = (name: string, from: Json, to: Json) => ({ ref, field: name, label: name, from, to });
    const step = {
      id: 'a',
      action: 'x',
      summary: '',
      changes: [change('seats', 10, 5), change('seats_next', null, 5)],
      preconditions: [],
      idempotencyKey: 'k',
      reversal: 'undo' as const,
      payload: {},
    };
    expect(withoutOwn(ref, { seats: 5, seats_next: 6 }, [step])).toEqual({ seats: 10, seats_next: 6 });
  });
});
