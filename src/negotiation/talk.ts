import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { RECORD_TYPE } from '../../protocol/base/names.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { agreementPayload, offerPayload, schedulePayload, termsDigest } from '../../protocol/offer.ts';
import type { Offer, OfferFacts, Reason, Schedule, Terms } from '../../protocol/operation.ts';
import type { Chosen } from '../../protocol/schedule.ts';
import type { Negotiation, Operation } from '../engine/operation.ts';
import { move, type Patch } from '../engine/transitions.ts';
import type { Change, World } from '../engine/world.ts';
import { unnamedIn } from './setting.ts';

/** Whether a person would have to sign off these terms: decides an offer's firmness before it is made. */
export type NeedsSignoff = (operation: Operation, terms: Terms) => boolean;

/** What stands beside an offer. */
export type OfferWords = { readonly note: string; readonly note_by?: 'model' };

/** Why an offer is as it is, once it is known how long and how firmly it stands. */
export type Explain = (made: Pick<Offer, 'firmness' | 'expires_at'>) => readonly Reason[];

/** An offer of the company: signed, typed, expiring. `indicative` says honestly that a person must still sign off, or a budget may. */
export async function companyOffer(
  world: World,
  operation: Operation,
  {
    by,
    terms,
    firmness,
    note,
    note_by,
    facts,
    reasons,
    schedule,
    seconds = LIMITS.offerLifetimeSeconds,
  }: Pick<Offer, 'by' | 'terms' | 'firmness'> &
    OfferWords & {
      readonly facts: OfferFacts;
      readonly reasons: Explain;
      readonly schedule?: Schedule | undefined;
      /** How long it stands. */
      readonly seconds?: number;
    },
): Promise<Offer> {
  const now = world.clock.now();
  const expires_at = new Date(now.getTime() + seconds * 1000).toISOString();
  const bare = {
    id: world.ids.make('of'),
    parent: operation.negotiation?.offers.at(-1)?.id ?? null,
    by,
    terms,
    terms_digest: termsDigest(terms),
    firmness,
    made_at: now.toISOString(),
    expires_at,
    facts,
    reasons: reasons({ firmness, expires_at }),
    note,
    ...(note_by === undefined ? {} : { note_by }),
  };
  const parties = partiesOf(world, operation);
  const jws = await world.keys.jws('evidence', RECORD_TYPE.offer, offerPayload({ ...parties, offer: bare }));
  if (schedule === undefined) return { ...bare, jws };
  const stated = schedulePayload({ ...parties, offer: bare, schedule });
  return {
    ...bare,
    jws,
    schedule: { ...schedule, jws: await world.keys.jws('evidence', RECORD_TYPE.schedule, stated) },
  };
}

/** The agent's proposal, as the operation keeps it: covered by the signature of the request it came with. */
export function agentOffer(world: World, operation: Operation, terms: Terms): Offer {
  const now = world.clock.now();
  return {
    id: world.ids.make('of'),
    parent: operation.negotiation?.offers.at(-1)?.id ?? null,
    by: 'agent',
    terms,
    terms_digest: termsDigest(terms),
    firmness: 'indicative',
    made_at: now.toISOString(),
    expires_at: new Date(now.getTime() + LIMITS.offerLifetimeSeconds * 1000).toISOString(),
  };
}

/** The talk with one more proposal of the agent's, of which `named` is what it said itself. */
export function withProposal(talk: Negotiation, offer: Offer, named: JsonObject): Negotiation {
  const unnamed = { ...talk.unnamed, [offer.id]: unnamedIn(named, offer.terms) };
  return { ...talk, offers: [...talk.offers, offer], unnamed };
}

/** What both sides sign when this offer is accepted. */
export function agreementOf(world: World, operation: Operation, offer: Chosen): JsonObject {
  return agreementPayload({ ...partiesOf(world, operation), offer });
}

function partiesOf(world: World, operation: Operation) {
  return {
    operation: operation.id,
    action: operation.action,
    actionVersion: operation.actionVersion,
    company: world.settings.origin,
    agent: operation.agent.keyid,
  };
}

/** The operation, when it is the agent's turn to move in an open negotiation; `accepting`: what is held may be accepted while a person
 * decides on more. */
export function agentsTurn(
  operation: Operation,
  now: Date,
  { accepting = false }: { readonly accepting?: boolean } = {},
): Result<NonNullable<Operation['negotiation']>, Refusal> {
  const { negotiation, state } = operation;
  if (state !== 'negotiating' || negotiation === undefined)
    return err(refusal('wrong-state', `The operation is ${state}.`));
  if (negotiation.turn !== 'agent' && !(accepting && negotiation.person !== undefined))
    return err(refusal('not-your-turn'));
  if (Date.parse(negotiation.expiresAt) <= now.getTime())
    return err(refusal('offer-expired', 'The negotiation has expired.'));
  return ok(negotiation);
}

export function lastCompanyOffer(offers: readonly Offer[]): Offer | undefined {
  return offers.findLast(({ by }) => by !== 'agent');
}

/** The change as one with what came before it. */
export function behind(record: Change['records'][number], expected: number, change: Change): Change {
  const { otherwise } = change;
  const all = { ...change, expected, records: [record, ...change.records] };
  if (otherwise === undefined) return all;
  return {
    ...all,
    otherwise: async (held) => {
      const instead = await otherwise(held);
      return instead.ok ? ok(behind(record, expected, instead.value)) : instead;
    },
  };
}

/** An event of the engine’s own. */
export function changed(operation: Operation, event: 'expired' | 'noted', now: Date, patch: Patch): Change {
  const { next, expected, record } = move(operation, event, 'engine', now, patch);
  return { next, expected, records: [record] };
}
