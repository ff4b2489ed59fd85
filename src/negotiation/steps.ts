import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { termsDigest } from '../../protocol/offer.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Message, Operation } from '../engine/operation.ts';
import { ownOperation } from '../engine/submit.ts';
import { move } from '../engine/transitions.ts';
import type { Ask, Change, StepResult, World } from '../engine/world.ts';
import { makeAccept } from './accept.ts';
import type { NegotiationPolicy } from './policy.ts';
import { companyMove, type Move } from './strategy.ts';
import { agentsTurn, companyOffer, lastCompanyOffer, type NeedsSignoff } from './talk.ts';
import { contractFacts, parseTerms, type RenewalTerms } from './terms.ts';

export interface NegotiationDeps {
  readonly policies: ReadonlyMap<string, NegotiationPolicy>;
  readonly needsSignoff: NeedsSignoff;
  /** Mandate limits on a set of terms, and its validity now. */
  readonly withinMandate: (operation: Operation, terms: Terms | null) => Promise<Result<void, Refusal>>;
  /** Gives the operation to a person, with the conversation so far. */
  readonly callPerson: (operation: Operation, topic: string) => Change;
}

/** The steps of a negotiation. Only this folder ever holds a policy's reservation values. */
export type Negotiation = ReturnType<typeof makeNegotiation>;

export function makeNegotiation(world: World, deps: NegotiationDeps) {
  const policyOf = (operation: Operation): NegotiationPolicy => {
    const policy = deps.policies.get(operation.action);
    if (policy === undefined) throw new Error(`no negotiation policy for ${operation.action}`);
    return policy;
  };

  /** The company's first answer, made from the CRM's facts and the agent's opening proposal, if it made one. */
  async function open(operation: Operation, record: JsonObject): Promise<StepResult> {
    const facts = contractFacts(record);
    if (!facts.ok) return facts;
    const proposed = operation.input['proposal'];
    const proposal = proposed === undefined ? ok(null) : parseTerms(proposed as JsonObject, facts.value, null);
    if (!proposal.ok) return proposal;
    const now = world.clock.now();
    const opened: Operation = {
      ...operation,
      negotiation: {
        turn: 'company',
        round: 0,
        expiresAt: new Date(now.getTime() + LIMITS.negotiationLifetimeSeconds * 1000).toISOString(),
        offers: proposal.value === null ? [] : [agentOffer(world, operation, proposal.value)],
        facts: record,
      },
    };
    return ok({ ...(await companyAnswers(opened, operation, proposal.value)), expected: operation.version });
  }

  /** A counter-offer, and the company's answer to it, in one transaction. */
  async function counter(_world: World, ask: Ask): Promise<StepResult> {
    const own = ownOperation(world, ask.caller.keyid, ask.target);
    if (!own.ok) return own;
    const operation = own.value;
    const talk = agentsTurn(operation, world.clock.now());
    if (!talk.ok) return talk;
    if (talk.value.round >= LIMITS.negotiationRoundsMax) return err(refusal('negotiation-over'));
    const envelope = world.actions.checkEnvelope('offers', ask.body);
    if (!envelope.ok) return envelope;
    const partial = world.actions.action(operation.action)?.checkPartialTerms(envelope.value['terms'] ?? {});
    if (partial === undefined || !partial.ok) return partial ?? err(refusal('not-found'));
    const facts = contractFacts(talk.value.facts);
    if (!facts.ok) return facts;
    const terms = parseTerms(partial.value, facts.value, lastCompanyOffer(talk.value.offers)?.terms ?? null);
    if (!terms.ok) return terms;
    const allowed = await deps.withinMandate(operation, null);
    if (!allowed.ok) return allowed;

    const offer = agentOffer(world, operation, terms.value);
    const text = envelope.value['message'];
    const countered = move(
      operation,
      'countered',
      'agent',
      world.clock.now(),
      {
        negotiation: { ...talk.value, turn: 'company', offers: [...talk.value.offers, offer] },
        messages:
          typeof text === 'string'
            ? [...operation.messages, { at: offer.made_at, by: 'agent', text, offer: offer.id }]
            : operation.messages,
      },
      { offer: offer.id, terms: offer.terms_digest, request: ask.caller.evidence.digest },
    );
    const answered = await companyAnswers(countered.next, countered.next, terms.value);
    return ok({ ...answered, expected: operation.version, records: [countered.record, ...answered.records] });
  }

  async function companyAnswers(talking: Operation, from: Operation, proposal: RenewalTerms | null): Promise<Change> {
    const talk = talking.negotiation;
    if (talk === undefined) throw new Error('not negotiating');
    const facts = contractFacts(talk.facts);
    if (!facts.ok) throw new Error('stored facts are not a contract');
    const decided: Move = companyMove({
      policy: policyOf(talking),
      facts: facts.value,
      offers: talk.offers,
      proposal,
      round: talk.round + 1,
      roundsMax: LIMITS.negotiationRoundsMax,
    });
    if (decided.kind === 'impasse')
      return deps.callPerson({ ...from, negotiation: talk }, 'The negotiation is at an impasse');
    const note = noteOf(decided);
    const offer = await companyOffer(world, deps.needsSignoff, talking, 'company', decided.terms, note);
    return offered(world, from, talk, offer, note);
  }

  /** A person's counter-offer from the sign-off page: the talk goes on with their terms. */
  async function personCounters(
    operation: Operation,
    terms: JsonObject,
    patch: Partial<Operation>,
  ): Promise<StepResult> {
    const talk = operation.negotiation;
    const facts = contractFacts(talk?.facts ?? {});
    if (talk === undefined || !facts.ok) return err(refusal('terms-invalid', 'This action has no terms to counter.'));
    const full = parseTerms(terms, facts.value, lastCompanyOffer(talk.offers)?.terms ?? null);
    if (!full.ok) return full;
    const note = 'A person at the company made this offer.';
    const offer = await companyOffer(world, deps.needsSignoff, operation, 'person', full.value, note);
    const moved = move(
      operation,
      'countered',
      'person',
      world.clock.now(),
      {
        ...patch,
        negotiation: { ...talk, turn: 'agent', offers: [...talk.offers, offer] },
        messages: [...operation.messages, { at: offer.made_at, by: 'person', text: note, offer: offer.id }],
        dueAt: Date.parse(talk.expiresAt),
      },
      { offer: offer.id, terms: offer.terms_digest },
    );
    return ok({ next: moved.next, expected: operation.version, records: [moved.record] });
  }

  return { open, counter, personCounters, accept: makeAccept(world, deps) };
}

function agentOffer(world: World, operation: Operation, terms: Terms): Offer {
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

function offered(
  world: World,
  from: Operation,
  talk: NonNullable<Operation['negotiation']>,
  offer: Offer,
  note: string,
): Change {
  const message: Message = { at: offer.made_at, by: 'company', text: note, offer: offer.id };
  const moved = move(
    from,
    'offered',
    'company',
    world.clock.now(),
    {
      negotiation: { ...talk, turn: 'agent', round: talk.round + 1, offers: [...talk.offers, offer] },
      messages: [...from.messages, message],
      dueAt: Date.parse(talk.expiresAt),
    },
    { offer: offer.id, terms: offer.terms_digest, firmness: offer.firmness },
  );
  return { next: moved.next, expected: moved.expected, records: [moved.record] };
}

/** Words beside an offer: fixed sentences, chosen only by what the offer itself already shows. */
function noteOf(move: Extract<Move, { kind: 'offer' }>): string {
  if (move.matched) return 'We can agree to your terms: accept this offer to conclude.';
  return move.final ? 'This is our final offer.' : 'Our offer. Accept it, or counter with other terms.';
}
