import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { MandateConstraints, MandateFacts } from '../../protocol/mandate/mandate.ts';
import { readContract } from '../actions/contract.ts';
import { SHIPPED } from '../actions/files.ts';
import { unstated } from '../actions/rules.ts';
import type { Ended } from '../engine/grounds.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { withinMandate } from './authority.ts';

const OWN: JsonObject = {
  name: 'own.write',
  version: '1.0.0',
  title: 'Own',
  summary: 'Own.',
  description: 'Own.',
  kind: 'write',
  risk: 'R1',
  mandate: 'required',
  default_signoff: 'none',
  subjects: { contract: { type: 'contract', id: 'input.contract' } },
  needs: { contract: [] },
  negotiable: [],
  result: {},
  compensation: { by: 'none' },
  words: { request: 'x', approval: 'x', reversal: 'x' },
  input: { type: 'object', additionalProperties: false, properties: { contract: { type: 'string', maxLength: 9 } } },
  output: { type: 'object', additionalProperties: false, properties: {} },
  examples: { valid: [{ input: {} }], invalid: [{ input: { contract: 7 } }] },
};

const NOW = new Date('2026-11-28T12:00:00Z');
const MONEY = { amount: 100, currency: 'EUR' };
const LIMITS: readonly Partial<MandateConstraints>[] = [
  { max_total: MONEY },
  { max_total_per_period: { ...MONEY, period: 'month' } },
  { max_term_months: 1 },
  { max_seats: 1 },
];

/** Whether an operation of this action may be carried out under these limits. */
async function outcome(
  definition: JsonObject | string,
  limits: Partial<MandateConstraints>,
  { records = {}, terms = {}, ended = [] }: { records?: JsonObject; terms?: JsonObject; ended?: readonly Ended[] } = {},
): Promise<string> {
  const own = typeof definition === 'string' ? [] : [definition];
  const read = readContract({ ...SHIPPED, definitions: [...SHIPPED.definitions, ...own] });
  if (!read.ok) throw new Error(read.error.join('\n'));
  const action = typeof definition === 'string' ? definition : String(definition['name']);
  const mandate: MandateFacts = {
    jti: 'm',
    issuer: 'i',
    tier: 'company',
    subject: 'contact:C-1',
    digest: 'd',
    expiresAt: NOW.getTime() / 1000 + 60,
    constraints: { actions: [action], accounts: ['A-1'], ...limits },
  };
  const world = {
    actions: read.value,
    clock: { now: () => NOW },
    mandates: { ended: async () => ended },
  } as unknown as World;
  const operation = {
    action,
    actionVersion: read.value.action(action)?.definition.version,
    agent: { keyid: 'k' },
    mandate,
    input: {},
    records,
    history: [],
    createdAt: NOW.toISOString(),
  } as unknown as Operation;
  const allowed = await withinMandate(world, operation, terms);
  return allowed.ok ? 'ok' : `${allowed.error.code}: ${allowed.error.detail}`;
}

describe('what an action commits to', () => {
  it.each(LIMITS)('T17: that it does not state exceeds %j, by name', async (limits) => {
    const [name] = Object.keys(limits);
    expect(await outcome(OWN, limits)).toMatch(new RegExp(`^mandate-exceeded: .*\`${name}\``));
    expect(await outcome(OWN, {})).toBe('ok');
    expect(await outcome({ ...OWN, commits: 'nothing' }, limits)).toBe('ok');
  });

  it('T17: one by one, nothing being nothing in every currency', async () => {
    const commits = { total: "{'amount': 0, 'currency': 'USD'}", seats: 'nothing' };
    expect(await outcome({ ...OWN, commits }, { max_total: MONEY, max_seats: 1 })).toBe('ok');
    expect(await outcome({ ...OWN, commits }, { max_term_months: 1 })).toMatch(/^mandate-exceeded: .*max_term_months/);
  });

  it('T17: that cannot be told of these terms exceeds, but only what is limited', async () => {
    const commits = { total: 'terms.price', term_months: 'terms.months', seats: 'nothing' };
    expect(await outcome({ ...OWN, commits }, { max_total: MONEY })).toMatch(/^mandate-exceeded: .*max_total/);
    expect(await outcome({ ...OWN, commits }, { max_seats: 1 })).toBe('ok');
    const terms = { price: { amount: 101, currency: 'EUR' } };
    expect(await outcome({ ...OWN, commits }, { max_total: MONEY }, { terms })).toMatch(/above/);
    expect(await outcome({ ...OWN, commits }, {}, { terms })).toBe('ok');
  });

  it('T17: every shipped action that writes states it all, and the author of one that does not is told', () => {
    const read = readContract(SHIPPED);
    if (!read.ok) throw new Error(read.error.join('\n'));
    expect(read.value.all.flatMap((each) => unstated(each).map((member) => `${each.name} ${member}`))).toEqual([]);
    expect(unstated({ kind: 'write' })).toEqual(['total', 'term_months', 'seats']);
    expect(unstated({ kind: 'check', commits: { total: '1' } })).toEqual(['term_months', 'seats']);
    expect(unstated({ kind: 'read' })).toEqual([]);
  });

  it.each(['case.open', 'contact.update', 'data.validate', 'data.rights', 'quote.request'])(
    'T17: %s commits to nothing, whatever the limits',
    async (action) => {
      const none = { max_total: { ...MONEY, amount: 0 }, max_term_months: 0, max_seats: 0 };
      expect(await outcome(action, none)).toBe('ok');
    },
  );
});

describe('a notice of cancellation', () => {
  const none = { max_total: { ...MONEY, amount: 0 }, max_term_months: 0, max_seats: 0 };
  const leaving = (fees: readonly JsonObject[], limits: Partial<MandateConstraints>) =>
    outcome('contract.cancel', limits, { terms: { ends_on: '2026-12-31', cooling_off: false, fees } });

  it('T17: commits to nothing without a fee, and to its fees with them', async () => {
    const fee = { amount: 60, currency: 'EUR' };
    expect(await leaving([], none)).toBe('ok');
    expect(await leaving([fee], { max_total: MONEY })).toBe('ok');
    expect(await leaving([fee, fee], { max_total: MONEY })).toMatch(/^mandate-exceeded: The total is above/);
    expect(await leaving([fee, { ...fee, currency: 'USD' }], { max_total: MONEY })).toMatch(
      /^mandate-exceeded: .*max_total/,
    );
  });
});

describe('an action that needs no permission', () => {
  const over: Ended = {
    words: 'The mandate has been revoked.',
    refusal: { code: 'mandate-revoked' },
    bounds: 'everything',
  };

  it('is never judged by one that happens to be there', async () => {
    expect(await outcome('human.handoff', { actions: ['contract.renew'] }, { ended: [over] })).toBe('ok');
    expect(await outcome('case.open', {}, { ended: [over] })).toMatch(/^mandate-revoked/);
  });
});
