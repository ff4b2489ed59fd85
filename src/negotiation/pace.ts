/** Time costs something: how often the company moves, and how long what it offers stands. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Negotiation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import type { Pace } from './policy.ts';
import type { Stand } from './stand.ts';

/** Within the pace of the company's last step a proposal moves nothing, in whichever talk it is made: what stands, stands. */
export function isEarly({ between }: Pace, stepped: number | undefined, now: Date): boolean {
  return stepped !== undefined && now.getTime() < stepped + between * 1_000;
}

/** Why a counter-offer comes too soon. It costs no round. */
export function tooEarly(
  { clock }: Pick<World, 'clock'>,
  talk: Negotiation,
  stand: Pick<Stand, 'table'>,
): Refusal | undefined {
  const made = talk.offers.findLast(({ by }) => by === 'company')?.made_at;
  if (stand.table?.ok !== true || made === undefined) return undefined;
  const { pace } = stand.table.value.policy.numbers;
  if (!isEarly(pace, Date.parse(made), clock.now())) return undefined;
  const from = new Date(Date.parse(made) + pace.between * 1_000).toISOString();
  return refusal(
    'not-your-turn',
    `The company takes its time: counter again from ${from}. What is open may be accepted until it expires.`,
  );
}

/** How long a talk lasts: all rounds have to fit into it. */
export function talkSeconds(stand: Pick<Stand, 'table'>): number {
  if (stand.table?.ok !== true) return LIMITS.negotiationLifetimeSeconds;
  const { between, offers } = stand.table.value.policy.numbers.pace;
  return Math.max(LIMITS.negotiationLifetimeSeconds, between * LIMITS.negotiationRoundsMax + offers);
}
