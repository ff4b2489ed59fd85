import { refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { err, ok } from '../../protocol/result.ts';
import type { Operation } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import { languageFor } from '../engine/wording.ts';
import type { StepResult, World } from '../engine/world.ts';
import { explainPersons } from './explain.ts';
import { type Stands, withGround } from './stand.ts';
import { companyOffer, type NeedsSignoff } from './talk.ts';

/** What an agreement holds. */
const AGREED = ['record', 'budget', 'claim', 'mandate'] as const;

type PersonCounters = (operation: Operation, terms: JsonObject, patch: Partial<Operation>) => Promise<StepResult>;

export function makePersonCounters(
  world: World,
  deps: { readonly needsSignoff: NeedsSignoff },
  stands: Stands,
): PersonCounters {
  /** A person's counter-offer from the sign-off page: the talk goes on with their terms. */
  return async (from, terms, patch) => {
    const talk = from.negotiation;
    if (talk === undefined) return err(refusal('terms-invalid', 'This action has no terms to counter.'));
    const seen = await stands.today(from);
    if (!seen.ok) return err(seen.error.refusal);
    const { operation, facts, revision } = seen.value;
    const stand = stands.standOn(operation, revision);
    if (!stand.ok) return stand;
    const full = stands.completed(stand.value, talk, terms);
    if (!full.ok) return full;
    const note = 'A person at the company made this offer.';
    const needsSignoff = deps.needsSignoff(stand.value.talking, full.value);
    const firmness = needsSignoff ? 'indicative' : 'binding';
    const ground = stand.value.ground();
    const offer = await companyOffer(world, operation, {
      by: 'person',
      terms: full.value,
      firmness,
      note,
      facts: { revision, digest: ground.digest },
      reasons: explainPersons(languageFor(operation), needsSignoff),
    });
    const offers = [...talk.offers, offer];
    const moved = move(
      operation,
      'countered',
      'person',
      world.clock.now(),
      {
        ...patch,
        negotiation: { ...talk, turn: 'agent', offers, facts, revision, grounds: withGround(talk, ground, offers) },
        messages: [...operation.messages, { at: offer.made_at, by: 'person', text: note, offer: offer.id }],
        dueAt: Date.parse(talk.expiresAt),
      },
      { offer: offer.id, terms: offer.terms_digest },
    );
    return ok({
      next: moved.next,
      expected: operation.version,
      records: [moved.record],
      // What was agreed before is off.
      holds: AGREED.map((kind) => ({ operation: operation.id, kind, holds: [] })),
    });
  };
}
