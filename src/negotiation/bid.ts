import { LIMITS } from '../../protocol/limits.ts';
import type { Firmness, Offer } from '../../protocol/operation.ts';
import { ok } from '../../protocol/result.ts';
import type { Message, Operation } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import type { Change, World } from '../engine/world.ts';
import type { Voice } from '../ports.ts';
import { adviceFor } from './advice.ts';
import { costOf, heldOffers, heldUse, mayDiscount } from './budget.ts';
import { hearingOf, putForward } from './hearing.ts';
import { packagesOf } from './setting.ts';
import type { Package } from './space.ts';
import { companyMove, type Move } from './strategy.ts';
import type { Table } from './table.ts';
import { companyOffer, type NeedsSignoff } from './talk.ts';

export interface BidDeps {
  readonly needsSignoff: NeedsSignoff;
  /** Gives the operation to a person, with the conversation so far. */
  readonly callPerson: (operation: Operation, topic: string) => Change;
  /** Chooses among the moves the strategy has bounded, and explains; without it the strategy speaks for itself. */
  readonly voice?: Voice | undefined;
}

type Talk = NonNullable<Operation['negotiation']>;
type OfferMove = Extract<Move, { kind: 'offer' }>;

/** The company's answer on an open table: offers, or a person. Where offers are held, what is done if the budget has no room for them
 * comes with it. `talking` knows the talk so far; `from` is what the change starts from. */
export async function bid(
  world: World,
  deps: BidDeps,
  table: Table,
  talking: Operation,
  from: Operation,
): Promise<Change> {
  const now = world.clock.now();
  const may = mayDiscount(table, world.store, now);
  const change = await bidWith(world, deps, table, talking, from, may);
  if (!may || !(change.holds ?? []).some(({ kind, holds }) => kind === 'budget' && holds.length > 0)) return change;
  // The race for a budget is not worth a model's time.
  const { voice: _silent, ...plain } = deps;
  const instead = await bidWith(world, plain, table, talking, from, false);
  return { ...change, otherwise: () => ok(instead) };
}

async function bidWith(
  world: World,
  deps: BidDeps,
  table: Table,
  talking: Operation,
  from: Operation,
  discounts: boolean,
): Promise<Change> {
  const talk = talking.negotiation;
  if (talk === undefined) throw new Error('not negotiating');
  const theirs = packagesOf(table.space, talk.offers, 'theirs');
  const ours = packagesOf(table.space, talk.offers, 'ours');
  // A held offer is a promise: until its end neither the strategy nor the voice breaks the talk off.
  const mayStop = heldOffers(talk.offers, world.clock.now()).length === 0;
  const decided = companyMove({
    table,
    theirs,
    ours,
    round: talk.round + 1,
    roundsMax: LIMITS.negotiationRoundsMax,
    mayDiscount: discounts,
    mayStop,
  });
  if (decided.kind === 'impasse') return toPerson(deps, from, talk, adviceFor(table, theirs, ours, decided));
  const terms = decided.offers.map(table.space.write);
  const put = await putForward(
    mayStop ? deps.voice : undefined,
    () => hearingOf(world, talking, talk, terms),
    terms,
    noteOf(decided),
  );
  if (put.kind === 'person') return toPerson(deps, from, talk, put.why, 'The company’s AI asks a person to go on');
  const firmness = new Map(
    decided.offers.map((levels, index) => {
      const signoff = deps.needsSignoff(talking, terms[index] ?? {});
      return [terms[index], firmnessOf(table, levels, decided.final, signoff)];
    }),
  );
  const offers = await Promise.all(
    put.terms.map((each) =>
      companyOffer(world, talking, {
        by: 'company',
        terms: each,
        firmness: firmness.get(each) ?? 'indicative',
        ...put.words,
      }),
    ),
  );
  return offered(world, table, from, talk, offers, put.words.note);
}

export function toPerson(
  deps: BidDeps,
  from: Operation,
  talk: Talk,
  advice: string,
  topic = 'The negotiation is at an impasse',
): Change {
  return deps.callPerson({ ...from, negotiation: talk, advice }, topic);
}

/** What the company can stand by: a person may have to sign off, and a budget that others draw on too may be used up in the meantime,
 * unless the offer is held and its part of it with it. */
function firmnessOf(table: Table, levels: Package, final: boolean, needsSignoff: boolean): Firmness {
  const { hold, budget } = table.policy.numbers;
  if (needsSignoff) return 'indicative';
  if (hold === 'always' || (hold === 'final' && final)) return 'held';
  return budget !== null && costOf(table, levels) > 0 ? 'indicative' : 'binding';
}

function offered(
  world: World,
  table: Table,
  from: Operation,
  talk: Talk,
  offers: readonly Offer[],
  note: string,
): Change {
  const primary = offers.at(-1);
  if (primary === undefined) throw new Error('no offer was made');
  const now = world.clock.now();
  const message: Message = { at: primary.made_at, by: 'company', text: note, offer: primary.id };
  const others = offers.slice(0, -1).map(({ id, terms_digest }) => ({ offer: id, terms: terms_digest }));
  const all = [...talk.offers, ...offers];
  const holds = heldUse(table, from, all, now);
  const moved = move(
    from,
    'offered',
    'company',
    now,
    {
      negotiation: { ...talk, turn: 'agent', round: talk.round + 1, offers: all },
      messages: [...from.messages, message],
      dueAt: holds.some((each) => each.holds.length > 0) ? nextDue(talk, all, now) : Date.parse(talk.expiresAt),
    },
    {
      offer: primary.id,
      terms: primary.terms_digest,
      firmness: primary.firmness,
      ...(others.length === 0 ? {} : { alternatives: others }),
    },
  );
  return { next: moved.next, expected: moved.expected, records: [moved.record], holds };
}

/** When the talk must be looked at again: a held offer's end frees what it reserved. */
export function nextDue(talk: Pick<Talk, 'expiresAt'>, offers: readonly Offer[], now: Date): number {
  const ends = heldOffers(offers, now).map((offer) => Date.parse(offer.expires_at));
  return Math.min(Date.parse(talk.expiresAt), ...ends);
}

/** Words beside an offer: fixed sentences, chosen only by what the offers themselves already show. */
function noteOf({ matched, final, offers }: OfferMove): string {
  if (matched) return 'We can agree to your terms: accept this offer to conclude.';
  if (offers.length > 1)
    return final
      ? 'These are our final offers: accept the one that suits you.'
      : 'Our offers. Accept the one that suits you, or counter with other terms.';
  return final ? 'This is our final offer.' : 'Our offer. Accept it, or counter with other terms.';
}
