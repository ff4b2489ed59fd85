import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { makeAjv } from '../actions/ajv.ts';
import { compileDefinition } from '../actions/contract.ts';
import { readDefinitions } from '../actions/files.ts';
import type { Operation } from './operation.ts';
import { meetsRequirements } from './requirements.ts';
import { askedOn } from './rules.ts';

const amend: JsonObject = JSON.parse(
  JSON.stringify(readDefinitions().definitions.find(({ name }) => name === 'contract.amend')),
);

function judged(require: Json, { record = {}, terms = null }: { record?: JsonObject; terms?: JsonObject | null }) {
  const made = compileDefinition(makeAjv(), { ...amend, require });
  if (!made.ok) return made.error.join(' ');
  const { action } = made.value;
  const operation = { id: 'op_1', action: 'contract.amend', input: {}, records: { contract: record } };
  const met = meetsRequirements(
    {
      actions: { action: () => action, checkEnvelope: () => ({ ok: true, value: {} }) },
      store: { dealings: () => [] } as never,
    },
    { ...operation, createdAt: '2026-11-28T23:30:00Z', askedOn: '2026-11-29' } as unknown as Operation,
    terms,
  );
  return met.ok ? 'met' : met.error.detail;
}

describe('what a definition requires', () => {
  it('is told in the author’s words', () => {
    const require = [{ that: "records.contract.status == 'active'", else: 'The contract is not running.' }];
    expect(judged(require, { record: { status: 'active' } })).toBe('met');
    expect(judged(require, { record: { status: 'expired' } })).toBe('The contract is not running.');
    // A CRM without such a field.
    expect(judged(require, {})).toBe('The contract is not running.');
  });

  it('T6: is not met where a field it reads cannot be read, and does not mind any other', () => {
    const require = [{ that: 'records.contract.seats > 2', else: 'Too few seats.' }];
    const unreadable = { unreadable: 'Not a number.', held: 'x' };
    expect(judged(require, { record: { seats: 3, unit_price: unreadable } })).toBe('met');
    expect(judged(require, { record: { seats: unreadable } })).toContain('Too few seats.');
  });

  it('waits for terms where it speaks of them, and only there', () => {
    const require = [{ that: "terms.seats < 10 || records.contract.plan == 'terms'", else: 'Too many seats.' }];
    expect(judged(require, {})).toBe('met');
    expect(judged(require, { terms: { seats: 11 } })).toBe('Too many seats.');
    expect(judged([{ that: "records.contract.plan == 'terms'", else: 'Not by terms.' }], {})).toBe('Not by terms.');
  });

  it('must compile', () => {
    expect(judged([{ that: 'records.contract.', else: 'No.' }], {})).toContain('/require/0/that does not compile');
  });
});

describe('the day of asking', () => {
  const asked = (record: JsonObject, askedOnDay?: string) =>
    askedOn({
      createdAt: '2026-11-28T23:30:00Z',
      ...(askedOnDay === undefined ? {} : { askedOn: askedOnDay }),
      records: { contract: record },
    } as unknown as Operation);

  it('T11: is the company’s, and the customer’s where the record says where that is', () => {
    expect(asked({})).toEqual({ asked_on: '2026-11-28', asked_on_customer: '2026-11-28' });
    expect(asked({ time_zone: 'Europe/Berlin' })).toEqual({ asked_on: '2026-11-28', asked_on_customer: '2026-11-29' });
    expect(asked({ time_zone: 'America/Denver' }, '2026-11-29')).toEqual({
      asked_on: '2026-11-29',
      asked_on_customer: '2026-11-28',
    });
    expect(asked({ time_zone: 'Nowhere/At_All' })).toMatchObject({ asked_on_customer: '2026-11-28' });
  });
});
