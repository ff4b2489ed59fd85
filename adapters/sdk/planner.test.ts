import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { AdapterError, type PlanRequest } from './index.ts';
import { extendMapping, type Mapping, parseMapping } from './mapping.ts';
import { differences, payloadOf, type ReadRecord } from './payload.ts';
import { planByRecipe } from './planner.ts';
import { parseRecipe, type Recipe } from './recipe.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,79}$/;
const text = (field: string, chars_max = 40, more: JsonObject = {}): JsonObject => ({
  field,
  label: field,
  kind: 'text',
  chars_max,
  ...more,
});
const document: JsonObject = {
  marker: 'Key__c',
  types: {
    contract: {
      object: 'Contract',
      account: 'AccountId',
      fields: {
        unit_price: { field: 'Price', label: 'Price', kind: 'money', currency: 'Currency' },
        term_months: { field: 'Term', label: 'Term', kind: 'whole' },
        end_date: { field: 'End', label: 'End', kind: 'day' },
        status: { field: 'Status', label: 'Status', kind: 'choice', values: { active: 'Activated', ended: 'Ended' } },
      },
    },
    contact: {
      object: 'Contact',
      account: 'AccountId',
      fields: {
        'contact.email': text('Email', 20, { correctable: true }),
        'contact.secret': text('Secret'),
      },
    },
    ticket: {
      object: 'Case',
      account: 'AccountId',
      fields: { subject: text('Subject'), body: { field: 'Body', label: 'Body', kind: 'long', chars_max: 100 } },
    },
  },
};

function mapping(): Mapping {
  const read = parseMapping(document, NAME);
  if (!read.ok) throw new Error(read.error.join('\n'));
  return read.value;
}

function recipe(value: Json): Recipe {
  const read = parseRecipe(value, mapping());
  if (!read.ok) throw new Error(read.error.join('\n'));
  return read.value;
}

const renewal: JsonObject = {
  action: 'contract.renew',
  records: { contract: { type: 'contract', id: 'input.contract' } },
  require: [{ that: "records.contract.status != 'ended'", else: 'The contract has ended.' }],
  warnings: [{ when: 'terms.term_months > 24', text: 'A long term.' }],
  steps: [
    {
      id: 'contract',
      summary: "'Renew ' + records.contract.id + ' at ' + words(terms.unit_price)",
      update: {
        record: 'contract',
        set: {
          unit_price: 'terms.unit_price',
          term_months: 'terms.term_months',
          end_date: 'last_day(terms.start_date, terms.term_months)',
          status: "'active'",
        },
      },
      create: {
        type: 'ticket',
        account: 'records.contract.account',
        set: { subject: "line('Won: ' + operation, 40)", body: "has(input.message) ? input.message : ''" },
      },
    },
  ],
};

const contract: ReadRecord = {
  ref: { type: 'contract', by: 'id', value: 'K-1' },
  version: '7',
  data: {
    id: 'K-1',
    account: 'A-1',
    unit_price: { amount: 4_900, currency: 'EUR' },
    term_months: 12,
    status: 'active',
  },
  seen: { marker: 'op_0:x' },
};
const request = (more: Partial<PlanRequest> = {}): PlanRequest => ({
  operation: 'op_1',
  action: 'contract.renew',
  input: { contract: 'K-1' },
  terms: { unit_price: { amount: 4_500, currency: 'EUR' }, term_months: 24, start_date: '2027-01-01' },
  ...more,
});
const reader = async () => contract;
const plan = (of: Json, asked: PlanRequest, read = reader) => planByRecipe(recipe(of), mapping(), asked, read);

describe('a plan by recipe', () => {
  it('shows every field that changes, and only those, with what the record said', async () => {
    const { steps, warnings } = await plan(renewal, request());
    expect(warnings).toEqual([]);
    expect(steps).toHaveLength(1);
    const [step] = steps;
    expect(step?.summary).toBe('Renew K-1 at 45.00 EUR');
    expect(step?.changes.map(({ field, from, to }) => [field, from, to])).toEqual([
      ['unit_price', { amount: 4_900, currency: 'EUR' }, { amount: 4_500, currency: 'EUR' }],
      ['term_months', 12, 24],
      ['end_date', null, '2028-12-31'],
      ['subject', null, 'Won: op_1'],
    ]);
    expect(step?.preconditions).toEqual([{ ref: contract.ref, version: '7' }]);
    expect(step?.idempotencyKey).toBe('op_1:contract');
    expect(step && payloadOf(step)).toEqual({
      update: {
        type: 'contract',
        id: 'K-1',
        values: { unit_price: { amount: 4_500, currency: 'EUR' }, term_months: 24, end_date: '2028-12-31' },
        seen: { marker: 'op_0:x' },
      },
      create: { type: 'ticket', account: 'A-1', values: { subject: 'Won: op_1' } },
      note: null,
    });
  });

  it('is the same plan every time, byte for byte', async () => {
    const [a, b] = await Promise.all([plan(renewal, request()), plan(renewal, request())]);
    expect(JSON.stringify(a)).toBe(JSON.stringify(b));
  });

  it('is empty when the record already is as wanted', async () => {
    const asWanted = { ...contract, data: { ...contract.data, ...request().terms, end_date: '2028-12-31' } };
    const { steps } = await plan(renewal, request(), async () => asWanted);
    expect(steps).toEqual([]);
  });

  it('refuses what the recipe forbids, in its words', async () => {
    const ended = { ...contract, data: { ...contract.data, status: 'ended' } };
    await expect(plan(renewal, request(), async () => ended)).rejects.toMatchObject({
      code: 'invalid',
      message: 'The contract has ended.',
    });
  });

  it('refuses what cannot be decided or does not fit the field', async () => {
    for (const terms of [
      {},
      { unit_price: { amount: 1.5, currency: 'EUR' }, term_months: 12, start_date: '2027-01-01' },
      { unit_price: { amount: 1, currency: 'EUR' }, term_months: '12', start_date: '2027-01-01' },
      { unit_price: { amount: 1, currency: 'EUR' }, term_months: 12, start_date: '2027-02-30' },
    ])
      await expect(plan(renewal, request({ terms }))).rejects.toMatchObject({ code: 'invalid' });
  });

  it('warns in the recipe’s words', async () => {
    const terms = { ...request().terms, term_months: 36 };
    expect((await plan(renewal, request({ terms }))).warnings).toEqual(['A long term.']);
  });
});

describe('corrections', () => {
  const correction: JsonObject = {
    action: 'contact.update',
    records: { contact: { type: 'contact', id: 'input.?contact' } },
    steps: [
      { id: 'contact', summary: "'Correct'", update: { record: 'contact', set: {}, corrections: 'input.changes' } },
    ],
  };
  const contact: ReadRecord = {
    ref: { type: 'contact', by: 'id', value: 'C-1' },
    version: '1',
    data: { id: 'C-1', account: 'A-1', 'contact.email': 'old@a.example' },
  };
  const correct = (changes: Json, input: JsonObject = { contact: 'C-1' }) =>
    plan(
      correction,
      { operation: 'op_2', action: 'contact.update', input: { ...input, changes } },
      async () => contact,
    );
  const email = (value: string) => ({ path: 'contact.email', value });

  it('become changes of the fields that may be corrected', async () => {
    const { steps } = await correct([email(' new@a.example ')]);
    expect(steps[0]?.changes).toMatchObject([{ field: 'contact.email', from: 'old@a.example', to: 'new@a.example' }]);
  });

  it('are refused for other fields, contradictions, lengths, control characters and where no record is named', async () => {
    await expect(correct([{ path: 'contact.secret', value: 'x' }])).rejects.toMatchObject({ code: 'invalid' });
    await expect(correct([email('a@b.example'), email('b@b.example')])).rejects.toMatchObject({ code: 'invalid' });
    await expect(correct([email('x'.repeat(21))])).rejects.toMatchObject({ code: 'invalid' });
    await expect(correct([email('a\u0000b')])).rejects.toMatchObject({ code: 'invalid' });
    await expect(correct([email('a@b.example')], {})).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('an optional record', () => {
  const handoff = (optional: boolean): JsonObject => ({
    action: 'human.handoff',
    records: { contact: { type: 'contact', id: 'input.?contact', optional } },
    warnings: [{ when: 'has(input.contact) && !has(records.contact)', text: 'Nobody of this id.' }],
    steps: [{ id: 'ticket', summary: "'Open'", create: { type: 'ticket', set: { subject: 'input.topic' } } }],
  });
  const asked = { operation: 'op_4', action: 'human.handoff', input: { topic: 'Help', contact: 'C-9' } };
  const failing = (code: 'not_found' | 'invalid' | 'retryable') => async () => {
    throw new AdapterError(code, 'No.');
  };

  it('that is not there stands in nobody’s way', async () => {
    for (const code of ['not_found', 'invalid'] as const) {
      const { steps, warnings } = await plan(handoff(true), asked, failing(code));
      expect([steps.length, warnings]).toEqual([1, ['Nobody of this id.']]);
      await expect(plan(handoff(false), asked, failing(code))).rejects.toMatchObject({ code });
    }
  });

  it('that cannot be read now is tried again', async () => {
    await expect(plan(handoff(true), asked, failing('retryable'))).rejects.toMatchObject({ code: 'retryable' });
  });
});

describe('one step an element', () => {
  it('makes each with a key of its own', async () => {
    const lines: JsonObject = {
      action: 'case.open',
      steps: [
        {
          id: 'line',
          each: 'input.items',
          summary: "'Line ' + string(place)",
          create: { type: 'ticket', set: { subject: 'item.sku' } },
        },
      ],
    };
    const asked = { operation: 'op_3', action: 'case.open', input: { items: [{ sku: 'a' }, { sku: 'b' }] } };
    const { steps } = await plan(lines, asked);
    expect(steps.map(({ idempotencyKey, summary }) => [idempotencyKey, summary])).toEqual([
      ['op_3:line-1', 'Line 1'],
      ['op_3:line-2', 'Line 2'],
    ]);
  });
});

describe('a read-back', () => {
  it('shows planned values that are not there', async () => {
    const { steps } = await plan(renewal, request());
    const after = { ...contract, data: { ...contract.data, ...request().terms, end_date: '2028-12-30' } };
    const made = { ref: { type: 'ticket', by: 'id', value: 'T-1' } as const, data: { subject: 'Won: op_1' } };
    expect(differences(steps[0]?.changes ?? [], [after, made])).toMatchObject([
      { field: 'end_date', from: '2028-12-30', to: '2028-12-31' },
    ]);
  });
});

describe('documents', () => {
  it('with mistakes are refused, all mistakes at once', () => {
    const read = parseRecipe(
      {
        action: 'x.y',
        typo: 1,
        records: { contract: { type: 'nothing', id: 'input.' } },
        steps: [
          { id: 'a', summary: "'s'", update: { record: 'nobody', set: { price: '1' } } },
          { id: 'a', summary: "'s'" },
        ],
      },
      mapping(),
    );
    const told = read.ok ? '' : read.error.join('\n');
    for (const part of [
      '/typo',
      '/records/contract/type',
      '/records/contract/id',
      '/steps/0/update/record',
      'neither',
      'same id',
    ])
      expect(told).toContain(part);
    const bad = parseMapping(
      { types: { contract: { object: '../x', fields: { a: { field: 'A', label: 'A', kind: 'text' } } } } },
      NAME,
    );
    expect(bad.ok ? '' : bad.error.join('\n')).toMatch(/object[\s\S]*chars_max/);
  });

  it('may name a field that not every mapping has', () => {
    const step = (set: JsonObject): Json => ({
      action: 'x.y',
      records: { contract: { type: 'contract', id: 'input.contract' } },
      steps: [{ id: 'a', summary: "'s'", update: { record: 'contract', set } }],
    });
    const fieldsOf = (set: JsonObject) => [...(recipe(step(set)).steps[0]?.update?.set.keys() ?? [])];
    expect(fieldsOf({ 'term_months?': '12', 'colour?': "'red'" })).toEqual(['term_months']);
    expect(parseRecipe(step({ colour: "'red'" }), mapping()).ok).toBe(false);
  });

  it('of a company replace and add fields, and keep the rest', () => {
    const own = {
      types: {
        contract: {
          fields: {
            term_months: { field: 'Own__c', label: 'Term', kind: 'whole' },
            plan: text('Plan__c'),
            end_date: null,
          },
        },
        contact: null,
      },
    };
    const read = parseMapping(extendMapping(document, own), NAME);
    const type = read.ok ? read.value.types.get('contract') : undefined;
    expect(type?.object).toBe('Contract');
    expect(type?.fields.get('term_months')?.field).toBe('Own__c');
    expect([...(type?.fields.keys() ?? [])]).toEqual(['unit_price', 'term_months', 'status', 'plan']);
    expect(read.ok && [...read.value.types.keys()]).toEqual(['contract', 'ticket']);
  });
});

describe('a step that stands in for another', () => {
  const notice = (type: string): JsonObject => ({
    action: 'contract.cancel',
    records: { contract: { type: 'contract', id: 'input.contract' } },
    steps: [
      { id: 'contract', summary: "'Ends'", update: { record: 'contract', set: { end_date: 'input.end' } } },
      {
        id: 'ticket',
        where_unchanged: 'contract',
        summary: "'Tell'",
        create: { type, account: 'records.contract.account', set: { subject: "'Notice'" } },
      },
    ],
  });
  const stepsOf = async (end: string, made = notice('ticket?')) => {
    const asked = { operation: 'op', action: 'contract.cancel', input: { contract: 'K-1', end } };
    const held = { ...contract, data: { ...contract.data, end_date: '2026-12-31' } };
    const { steps } = await planByRecipe(recipe(made), mapping(), asked, async () => held);
    return steps.map(({ id }) => id);
  };

  it('T5: is taken where that one finds nothing to change, and only there', async () => {
    expect(await stepsOf('2026-12-31')).toEqual(['ticket']);
    expect(await stepsOf('2026-11-30')).toEqual(['contract']);
  });

  it('is left out where the CRM has no such type, and names a step before it', async () => {
    expect(await stepsOf('2026-12-31', notice('letter?'))).toEqual([]);
    expect(parseRecipe(notice('letter'), mapping())).toMatchObject({ ok: false });
    const [first, spare] = (notice('ticket?')['steps'] as JsonObject[]) ?? [];
    const turned = { ...notice('ticket?'), steps: [spare ?? {}, first ?? {}] };
    expect(parseRecipe(turned, mapping())).toEqual({
      ok: false,
      error: ['/steps/0/where_unchanged names no step before it'],
    });
  });
});
