import { refusal, toProblem } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { commitment } from '../engine/commitment.ts';
import { isWithPerson } from '../engine/open-offers.ts';
import type { Operation } from '../engine/operation.ts';
import { decidedAgainst, offeredWith, personsReason, personsWords } from '../engine/persons-words.ts';
import { move, type Patch } from '../engine/transitions.ts';
import { languageFor } from '../engine/wording.ts';
import type { StepResult, World } from '../engine/world.ts';
import { explainPersons } from './explain.ts';
import { type Stands, withGround } from './stand.ts';
import { companyOffer, type NeedsSignoff } from './talk.ts';

/** What an agreement holds. */
const AGREED = ['record', 'budget', 'claim', 'mandate'] as const;

/** What a person of the company says to a talk that waits for them. */
export type PersonsWord =
  /** `message`: in words made for the customer's agent. */
  | { readonly kind: 'offer'; readonly terms: JsonObject; readonly message?: string }
  | { readonly kind: 'declined'; readonly reason: string };

export function makePersonsWord(world: World, deps: { readonly needsSignoff: NeedsSignoff }, stands: Stands) {
  /** A person's own offer: the talk goes on with their terms. */
  async function personCounters(
    from: Operation,
    { terms, message, patch }: { readonly terms: JsonObject; readonly message: string; readonly patch: Patch },
  ): Promise<StepResult> {
    const talk = from.negotiation;
    if (talk === undefined) return err(refusal('terms-invalid', 'This action has no terms to counter.'));
    const seen = await stands.today(from);
    if (!seen.ok) return err(seen.error.refusal);
    const { operation, facts, revision } = seen.value;
    const stand = stands.standOn(operation, revision);
    if (!stand.ok) return stand;
    const full = stands.completed(stand.value, talk, terms);
    if (!full.ok) return full;
    const note = offeredWith(message);
    const needsSignoff = deps.needsSignoff(stand.value.talking, full.value);
    const firmness = needsSignoff ? 'indicative' : 'binding';
    const ground = stand.value.ground();
    const offer = await companyOffer(world, operation, {
      by: 'person',
      terms: full.value,
      firmness,
      note,
      facts: { revision, digest: ground.digest },
      // Nobody answers a person within minutes who may have taken days.
      seconds: LIMITS.negotiationLifetimeSeconds,
      reasons: explainPersons(languageFor(operation), needsSignoff),
    });
    const offers = [...talk.offers, offer];
    const ends = Math.max(Date.parse(talk.expiresAt), Date.parse(offer.expires_at));
    const expiresAt = new Date(ends).toISOString();
    const person = talk.person === undefined ? {} : { person: { ...talk.person, answeredAt: offer.made_at } };
    const grounds = withGround(talk, ground, offers);
    const moved = move(
      operation,
      'countered',
      'person',
      world.clock.now(),
      {
        ...patch,
        negotiation: { ...talk, ...person, turn: 'agent', offers, facts, revision, grounds, expiresAt },
        messages: [...operation.messages, { at: offer.made_at, by: 'person', text: note, offer: offer.id }],
        dueAt: ends,
      },
      {
        offer: offer.id,
        terms: offer.terms_digest,
        ...(message === '' ? {} : { message: commitment(operation.salt, message) }),
      },
    );
    return ok({
      next: moved.next,
      expected: operation.version,
      records: [moved.record],
      // What was agreed before is off.
      holds: AGREED.map((kind) => ({ operation: operation.id, kind, holds: [] })),
    });
  }

  /** The end of a talk that a person was asked to decide about: their offer, or their no. `approver`: who. */
  async function personDecides(operation: Operation, word: PersonsWord, approver: string): Promise<StepResult> {
    const talk = operation.negotiation;
    if (operation.state !== 'negotiating' || talk === undefined || !isWithPerson(talk))
      return err(refusal('wrong-state', 'This talk does not wait for a person.'));
    if (word.kind === 'offer') {
      const message = personsWords(word.message);
      return message.ok ? personCounters(operation, { terms: word.terms, message: message.value, patch: {} }) : message;
    }
    const reason = personsReason(word.reason);
    if (!reason.ok) return reason;
    const why = reason.value;
    const now = world.clock.now();
    const problem = toProblem(refusal('forbidden', decidedAgainst(why)));
    const facts = {
      approver: commitment(operation.salt, approver),
      reason: commitment(operation.salt, why),
    };
    const moved = move(operation, 'declined', 'person', now, { problem }, facts);
    return ok({ next: moved.next, expected: operation.version, records: [moved.record] });
  }

  return { personCounters, personDecides };
}
