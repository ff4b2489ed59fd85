/** The scenarios of the tournament: renewals and refunds under policies drawn at random, a customer drawn for each. None of it is tuned to
 * the company's strategy: the same seeds give the same scenarios whatever plays them. */

import type { JsonObject } from '../../protocol/base/json.ts';
import { readDefinitions } from '../../src/actions/files.ts';
import { parseNegotiationPolicy } from '../../src/negotiation/core.ts';
import type { NegotiationPolicy } from '../../src/negotiation/policy.ts';
import { factsOf } from '../../src/negotiation/setting.ts';
import type { SpaceFacts } from '../../src/negotiation/space.ts';
import { type Scene, sceneOf } from '../../src/simulate/measure.ts';
import { type Random, seeded } from '../../src/simulate/random.ts';
import { drawnFrom, makeScenario } from '../../src/simulate/scenario.ts';

/** Points from where concessions end by themselves to the limit. */
export type Gap = number | readonly [least: number, most: number];

export interface MixSettings {
  readonly scenes: number;
  readonly seed: number;
  readonly gap: Gap;
  /** Of every policy, beside what is drawn. */
  readonly more?: JsonObject | undefined;
}

/** What customers can bear, in parts of the way from the limit to the first ask: most gains are small, as they are in life. */
const WEALTH = [-0.6, 0.8] as const;

/** Two of three are renewals. */
export function drawMix({ scenes, seed, gap, more = {} }: MixSettings): readonly Scene[] {
  return Array.from({ length: scenes }, (_, index) => {
    const dice = seeded(seed + index);
    const apart = typeof gap === 'number' ? gap : dice.between(gap[0], gap[1]);
    const { policy, facts } = index % 3 === 2 ? refund(dice, apart, more) : renewal(dice, apart, more);
    const scenario = makeScenario(policy, facts, { draw: drawnFrom(dice, WEALTH) });
    if (!scenario.ok) throw new Error(`seed ${seed + index}: ${scenario.error.detail ?? scenario.error.code}`);
    return sceneOf(scenario.value, seed + index);
  });
}

interface Drawn {
  readonly policy: NegotiationPolicy;
  readonly facts: SpaceFacts;
}

const DEFINITIONS = readDefinitions();
const TODAY = '2026-11-01';
const DEPTH = 10;

function renewal(dice: Random, gap: number, more: JsonObject): Drawn {
  const limit = round(dice.between(78, 94));
  const concede = limit + round(gap);
  const [second, third] = [round(dice.between(0, 6)), round(dice.between(0, 6))];
  const open = Math.max(concede, round(dice.between(100, 108)));
  const depth = dice.next() < 0.5 ? round(dice.between(0, DEPTH)) : null;
  const start = dice.pick([12, 24]);
  const growth = round(dice.between(0, 5));
  const soon = dice.next() < 0.5 ? round(dice.between(0, 3)) : 0;
  const notice = round(dice.between(0, 3));
  const richest = concede - second - third - growth - soon - notice;
  return drawn(
    'contract.renew',
    {
      main: {
        issue: '/unit_price',
        percent_of: '/unit_price',
        open,
        concede_to: concede,
        limit,
        ...(depth === null ? {} : { never: round(Math.max(0, Math.min(limit - depth, richest - 0.01))) }),
      },
      issues: {
        '/term_months': { range: [12, 36], open: start, worth: { 12: 0, 24: second, 36: second + third } },
        '/seats': { range: [5, 500], worth: { '100%': 0, '125%': growth } },
        '/start_date': { range: [0, 30], ...(soon === 0 ? {} : { worth: { 0: soon, 30: 0 } }) },
        '/notice_days': { range: [30, 90], worth: { 30: 0, 90: notice } },
      },
      beta: round(dice.between(0.5, 2)),
      ...more,
    },
    {
      unit_price: { amount: Math.round(dice.between(1_500, 90_000)), currency: 'EUR' },
      term_months: 12,
      seats: Math.round(dice.between(8, 320)),
      start_date: '2025-12-01',
      end_date: '2026-11-30',
      notice_days: dice.pick([30, 60, 90]),
      payment_terms_days: 30,
    },
  );
}

function refund(dice: Random, gap: number, more: JsonObject): Drawn {
  const limit = round(dice.between(60, 100));
  const concede = Math.max(0, limit - round(gap));
  const total = { amount: Math.round(dice.between(2_000, 200_000)), currency: 'EUR' };
  return drawn(
    'refund.request',
    {
      main: {
        issue: '/amount',
        percent_of: '/total',
        open: Math.max(0, concede - round(dice.between(5, 20))),
        concede_to: concede,
        limit,
      },
      issues: {
        '/form': { worth: { credit: round(dice.between(0, 12)), exchange: round(dice.between(0, 6)) } },
        '/return_shipping': { worth: { customer: round(dice.between(0, 6)) } },
      },
      beta: round(dice.between(0.5, 2)),
      ...more,
    },
    { total, amount: total, form: 'refund', return_shipping: 'company' },
  );
}

function drawn(action: string, json: JsonObject, record: JsonObject): Drawn {
  const definition = DEFINITIONS.action(action)?.definition;
  if (definition === undefined) throw new Error(`no ${action}`);
  const facts = factsOf(definition, record, { order: 'O-1' }, TODAY);
  const policy = parseNegotiationPolicy(json, definition.negotiable, 'bench');
  if (!policy.ok) throw new Error(policy.error.join(', '));
  return { policy: policy.value, facts };
}

const round = (value: number) => Math.round(value * 100) / 100;
