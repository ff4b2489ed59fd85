import { LIMITS } from '../../protocol/base/limits.ts';
import { ok } from '../../protocol/base/result.ts';
import type { Firmness, Offer, Schedule, Terms } from '../../protocol/operation.ts';
import type { Voice } from '../engine/hearing.ts';
import type { Changed, Message, Operation } from '../engine/operation.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { move } from '../engine/transitions.ts';
import { type Language, languageFor } from '../engine/wording.ts';
import type { Change, World } from '../engine/world.ts';
import { adviceFor } from './advice.ts';
import { costOf, heldOffers, heldUse, mayDiscount } from './budget.ts';
import { explainWith } from './explain.ts';
import { isFar } from './first-offer.ts';
import { hearingOf, putForward } from './hearing.ts';
import { isEarly } from './pace.ts';
import { aboutOf, memoryOf, recall } from './remember.ts';
import { answerOn } from './resume.ts';
import { statedIn } from './schedule.ts';
import { packagesIn, proposalsIn, saidIn } from './setting.ts';
import type { Package } from './space.ts';
import { type Stand, standing, withGround } from './stand.ts';
import { stateSchedule } from './stated.ts';
import type { Move } from './strategy.ts';
import type { Table } from './table.ts';
import { companyOffer, type NeedsSignoff, type OfferWords } from './talk.ts';

export interface BidDeps {
  readonly needsSignoff: NeedsSignoff;
  /** Gives the operation to a person, with the conversation so far. */
  readonly callPerson: (operation: Operation, topic: string) => Change;
  /** Chooses among the moves the strategy has bounded, and explains; without it the strategy speaks for itself. */
  readonly voice?: Voice | undefined;
  /** Whether all of this was done by the customer's own requests, and not by the company. */
  readonly changedByPrincipal: (operation: Operation, changed: readonly Changed[]) => boolean;
}

/** Where the company stands, with a policy to stand by. */
export type Firm = Omit<Stand, 'table'> & { readonly table: Table };

type Talk = NonNullable<Operation['negotiation']>;
type OfferMove = Extract<Move, { kind: 'offer' }>;

/** The company's answer where it stands: offers, or a person. Where offers are held, what is done if the budget has no room for them
 * comes with it. The stand knows the talk so far; `from` is what the change starts from. */
export async function bid(world: World, deps: BidDeps, stand: Firm, from: Operation): Promise<Change> {
  // The race for a budget is not worth a model's time.
  const { voice: _silent, ...plain } = deps;
  const bidding = async (by: BidDeps, may: May): Promise<Change> => {
    const change = await bidWith(world, by, stand, { from, may });
    const { holds = [] } = change;
    if (!holds.some((each) => each.kind === 'budget' && each.holds.length > 0)) return change;
    const less = (kind: string): May => (kind === 'record' ? { ...may, hold: false } : { ...may, discount: false });
    return { ...change, otherwise: async ({ kind }) => ok(await bidding(plain, less(kind))) };
  };
  const about = { operation: from, place: aboutOf(world, from)?.place };
  return bidding(deps, { discount: mayDiscount(world, stand.table, about), hold: true });
}

/** What may be offered now. */
interface May {
  /** Something of the budget is left. */
  readonly discount: boolean;
  /** No other talk about this record holds offers. */
  readonly hold: boolean;
}

async function bidWith(
  world: World,
  deps: BidDeps,
  stand: Firm,
  { from, may }: { readonly from: Operation; readonly may: May },
): Promise<Change> {
  const { table, talking, revision } = stand;
  const talk = talking.negotiation;
  if (talk === undefined) throw new Error('not negotiating');
  if (isFar(table)) return toPerson(deps, from, talk, TOO_FAR);
  const recalled = recall(world, from, { window: table.policy.numbers.memory, space: table.space });
  const past = recalled?.past;
  const read = (terms: readonly Terms[]) => packagesIn(table.space, terms);
  const elsewhere = (side: 'ours' | 'theirs') => (past?.[side] ?? []).filter(({ operation }) => operation !== from.id);
  const theirs = proposalsIn(table, [...elsewhere('theirs'), ...saidIn(talk)]);
  const borne = standing(talk, from.records ?? {});
  const ours = read([...elsewhere('ours'), ...borne].map(({ terms: each }) => each));
  const stated = statedIn(table.space, [...(past?.stated ?? []), ...borne]);
  // A held offer is a promise: until its end neither the strategy nor the voice breaks the talk off.
  const mayStop = heldOffers(talk, world.clock.now()).length === 0;
  const { move: decided, round } = answerOn(
    { table, theirs, ours, stated, roundsMax: LIMITS.negotiationRoundsMax, mayDiscount: may.discount, mayStop },
    { rounds: Math.max(talk.round, past?.rounds ?? 0), last: read(past?.last ?? []) },
    talk.offers.at(-1)?.by === 'agent' && !isEarly(table.policy.numbers.pace, past?.stepped, world.clock.now()),
  );
  const remembering = (change: Change, said: Talk, last: readonly Terms[]): Change =>
    recalled === undefined
      ? change
      : {
          ...change,
          memory: memoryOf(recalled, from, {
            round,
            talk: said,
            last,
            ground: stand.ground(),
            at: world.clock.now(),
          }),
        };
  if (decided.kind === 'impasse')
    return remembering(toPerson(deps, from, talk, adviceFor(table, theirs, ours, decided)), talk, past?.last ?? []);
  const offered = decided.offers.map((levels) => ({ levels, terms: table.space.write(levels) }));
  const sensible = offered.filter(({ terms: each }) => meetsRequirements(world, talking, each).ok);
  if (sensible.length === 0)
    return toPerson(deps, from, talk, 'Nothing within the policy meets what the action requires of its terms.');
  const terms = sensible.map(({ terms: each }) => each);
  const language = languageFor(from);
  const note = noteOf(decided, language);
  const put = await putForward(
    mayStop ? deps.voice : undefined,
    () => hearingOf(world, talking, talk, terms),
    terms,
    note,
  );
  if (put.kind === 'person')
    return toPerson(
      deps,
      from,
      talk,
      `Written by the company’s language model, unverified: “${put.why}”`,
      'The company’s AI asks a person to go on',
    );
  const reasonsOf = explainWith({
    table,
    offers: sensible.map(({ levels }) => levels),
    asked: talk.offers.at(-1)?.by === 'agent' ? (theirs.at(-1)?.levels ?? null) : null,
    before: ours.at(-1) ?? table.space.base,
    matched: decided.matched,
    roundsLeft: LIMITS.negotiationRoundsMax - round,
    language,
  });
  const made = new Map(
    sensible.map(({ levels, terms: each }) => {
      const signoff = deps.needsSignoff(talking, each);
      const firm = firmnessOf(table, levels, { final: decided.final, hold: may.hold });
      return [each, { firmness: signoff ? ('indicative' as const) : firm, reasons: reasonsOf(levels, signoff) }];
    }),
  );
  const foremost = put.terms.at(-1);
  const list = { of: decided, beside: foremost, held: put.terms.filter((each) => made.get(each)?.firmness === 'held') };
  const schedule = scheduleBeside(world, deps, stand, { ...list, firmness: made.get(foremost ?? {})?.firmness });
  const ground = stand.ground();
  const offers = await Promise.all(
    put.terms.flatMap((each) => {
      const own = made.get(each);
      if (own === undefined) return [];
      const words = each === foremost ? { ...put.words, schedule } : { note };
      const facts = { revision, digest: ground.digest };
      const seconds = table.policy.numbers.pace.offers;
      return [companyOffer(world, talking, { by: 'company', terms: each, facts, seconds, ...own, ...words })];
    }),
  );
  const all = [...talk.offers, ...offers];
  const next: Talk = {
    ...talk,
    turn: 'agent',
    round,
    offers: all,
    grounds: withGround(talk, ground, all),
  };
  return remembering(putOut(world, table, from, next, offers, put.words), next, put.terms);
}

/** Of the offer put forward last; `held` with it. */
function scheduleBeside(
  world: World,
  { needsSignoff }: BidDeps,
  stand: Firm,
  { of, beside, held, firmness = 'indicative' }: Putting,
): Schedule | undefined {
  if (of.list === null || beside === undefined) return undefined;
  const { table } = stand;
  const reserved = Math.max(0, ...packagesIn(table.space, held).map((each) => costOf(table, each)));
  return stateSchedule({ world, needsSignoff }, stand, of.list, { terms: beside, firmness, reserved });
}

interface Putting {
  readonly of: OfferMove;
  readonly beside: Terms | undefined;
  readonly held: readonly Terms[];
  readonly firmness?: Firmness | undefined;
}

const TOO_FAR =
  'The policy’s first offer would be further from what the record says than its own `far` allows: nothing was offered. The policy, or the record, is wrong.';

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
function firmnessOf(table: Table, levels: Package, may: { readonly final: boolean; readonly hold: boolean }): Firmness {
  const { hold, budget } = table.policy.numbers;
  if (may.hold && (hold === 'always' || (hold === 'final' && may.final))) return 'held';
  return budget !== null && costOf(table, levels) > 0 ? 'indicative' : 'binding';
}

function putOut(
  world: World,
  table: Table,
  from: Operation,
  talk: Talk,
  offers: readonly Offer[],
  { note, ...marked }: OfferWords,
): Change {
  const primary = offers.at(-1);
  if (primary === undefined) throw new Error('no offer was made');
  const now = world.clock.now();
  const message: Message = { at: primary.made_at, by: 'company', text: note, ...marked, offer: primary.id };
  const others = offers.slice(0, -1).map(({ id, terms_digest }) => ({ offer: id, terms: terms_digest }));
  const holds = heldUse(world, table, from, { talk, place: aboutOf(world, from)?.place });
  const moved = move(
    from,
    'offered',
    'company',
    now,
    {
      negotiation: talk,
      messages: [...from.messages, message],
      // Of the words that the talk began with.
      ...(from.reading === undefined ? {} : { reading: from.reading }),
      dueAt: holds.some((each) => each.holds.length > 0) ? nextDue(talk, now) : Date.parse(talk.expiresAt),
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
export function nextDue(talk: Talk, now: Date): number {
  const ends = heldOffers(talk, now).map((offer) => Date.parse(offer.expires_at));
  return Math.min(Date.parse(talk.expiresAt), ...ends);
}

/** Words beside an offer: fixed sentences, chosen only by what the offers themselves already show. */
function noteOf({ matched, final, offers }: OfferMove, language: Language): string {
  const kind = matched ? 'matched' : final ? 'final' : 'open';
  return NOTES[language][kind][!matched && offers.length > 1 ? 1 : 0];
}

const NOTES: Readonly<
  Record<Language, Readonly<Record<'matched' | 'final' | 'open', readonly [one: string, several: string]>>>
> = {
  en: {
    matched: ['We can agree to your terms: accept this offer to conclude.', ''],
    final: [
      'Our offers go no further in this talk: accept this one, or ask for a person.',
      'Our offers go no further in this talk: accept the one that suits you, or ask for a person.',
    ],
    open: [
      'Our offer. Accept it, or counter with other terms.',
      'Our offers. Accept the one that suits you, or counter with other terms.',
    ],
  },
  de: {
    matched: ['Mit Ihren Bedingungen sind wir einverstanden: Nehmen Sie dieses Angebot an, um abzuschließen.', ''],
    final: [
      'Weiter gehen unsere Angebote in diesem Gespräch nicht: Nehmen Sie dieses an, oder bitten Sie um eine Person.',
      'Weiter gehen unsere Angebote in diesem Gespräch nicht: Nehmen Sie das passende an, oder bitten Sie um eine Person.',
    ],
    open: [
      'Unser Angebot. Nehmen Sie es an, oder schlagen Sie andere Bedingungen vor.',
      'Unsere Angebote. Nehmen Sie das passende an, oder schlagen Sie andere Bedingungen vor.',
    ],
  },
};
