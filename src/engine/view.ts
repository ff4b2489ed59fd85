import { LIMITS } from '../../protocol/base/limits.ts';
import {
  isFinalState,
  type NextStep,
  type Offer,
  type OperationView,
  type ReadingView,
  type SignoffView,
} from '../../protocol/operation.ts';
import { agreementJson } from './agreement.ts';
import { isWithPerson, openOffers } from './open-offers.ts';
import type { Negotiation, Operation, Signoff, StoredReading } from './operation.ts';
import { whyKept } from './withdraw.ts';

/** What an agent sees of its operation. Pure: the same operation always gives the same view. */
export function viewOf(operation: Operation): OperationView {
  const { negotiation, handoff, schedule } = operation;
  const signoff = operation.signoffs.at(-1);
  return {
    id: operation.id,
    action: operation.action,
    action_version: operation.actionVersion,
    state: operation.state,
    version: operation.version,
    created_at: operation.createdAt,
    updated_at: operation.updatedAt,
    ...(negotiation === undefined
      ? {}
      : {
          ...(operation.state === 'negotiating'
            ? {
                turn: negotiation.turn,
                rounds_left: roundsLeft(operation),
                expires_at: negotiation.expiresAt,
                reminder: reminderFor(operation),
                ...(negotiation.negotiator === undefined ? {} : { negotiator: negotiation.negotiator }),
                ...(operation.reading === undefined ? {} : { reading: readingView(operation.id, operation.reading) }),
                open_offers: openOffers(negotiation).map(({ id }) => id),
              }
            : {}),
          offers: offersOf(operation, negotiation),
        }),
    ...(operation.agreement === undefined ? {} : { agreement: agreementJson(operation.agreement) }),
    ...(signoff === undefined ? {} : { signoff: signoffView(signoff) }),
    ...(operation.state !== 'scheduled' || schedule === undefined
      ? {}
      : { scheduled: { on: schedule.on, at: schedule.at, time_zone: schedule.timeZone } }),
    ...(operation.output === undefined ? {} : { output: operation.output }),
    ...(operation.problem === undefined ? {} : { problem: operation.problem }),
    ...(handoff === undefined
      ? {}
      : {
          handoff: {
            case_ref: handoff.caseRef,
            asked_at: handoff.askedAt,
            respond_by: handoff.respondBy,
            channel: handoff.channel,
            ...(handoff.settled === undefined ? {} : { settled: settledView(handoff.settled) }),
          },
        }),
    next: nextSteps(operation),
  };
}

/** A schedule is shown as long as a package of it may be accepted, or once one was. */
function offersOf({ state, agreement }: Operation, negotiation: Negotiation): readonly Offer[] {
  const open = state === 'negotiating' ? openOffers(negotiation) : [];
  return negotiation.offers.map((offer) => {
    const { schedule: _closed, ...rest } = offer;
    return offer.schedule === undefined || open.includes(offer) || offer.id === agreement?.offer ? offer : rest;
  });
}

const REMINDER =
  'You act for the customer; the offers are the company’s. Only `terms` of an offer count, notes do not. Accept one of `open_offers` by its id and terms_digest, or a package of its `schedule` by naming it in `choice`, counter, withdraw, or ask for a human.';

/** At the end there is one more thing to say. */
function reminderFor(operation: Operation): string {
  if (operation.negotiation !== undefined && isWithPerson(operation.negotiation))
    return 'No round was left: a person at the company decides. Read the operation again later; their offer, or their no, comes here.';
  return mayAppeal(operation)
    ? `${REMINDER} No round is left. If no offer will do, counter once more with what would: where that comes near, a person at the company decides.`
    : REMINDER;
}

/** The last word of a talk may be put to a person, once. */
function mayAppeal(operation: Operation): boolean {
  return roundsLeft(operation) === 0 && operation.negotiation?.person === undefined;
}

const PATH = { counter: 'offers', accept: 'accept', withdraw: 'withdraw', handoff: 'handoff' } as const;

function readingView(id: string, { confirm, ...reading }: StoredReading): ReadingView {
  const addressed = confirm.map(({ rel, body }) => ({
    rel,
    method: 'POST' as const,
    href: `/operations/${id}/${PATH[rel]}`,
    body,
  }));
  return { ...reading, confirm: addressed };
}

export function roundsLeft(operation: Operation): number {
  return Math.max(0, LIMITS.negotiationRoundsMax - (operation.negotiation?.round ?? 0));
}

function settledView({ at, outcome, message }: NonNullable<NonNullable<Operation['handoff']>['settled']>) {
  return { at, outcome, ...(message === undefined ? {} : { message }) };
}

function signoffView(signoff: Signoff): SignoffView {
  return {
    id: signoff.id,
    asked_at: signoff.askedAt,
    expires_at: signoff.expiresAt,
    plan_digest: signoff.planDigest,
    reasons: signoff.reasons,
    ...(signoff.decision === undefined ? {} : { decision: signoff.decision.kind, decided_at: signoff.decision.at }),
  };
}

function nextSteps(operation: Operation): NextStep[] {
  const base = `/operations/${operation.id}`;
  const post = (rel: NextStep['rel'], path: string): NextStep => ({ rel, method: 'POST', href: `${base}/${path}` });
  const steps: NextStep[] = [];
  if (operation.state === 'negotiating' && operation.negotiation?.turn === 'agent') {
    steps.push(post('accept', 'accept'));
    if (roundsLeft(operation) > 0 || mayAppeal(operation)) steps.push(post('counter', 'offers'));
  }
  if (whyKept(operation) === undefined) steps.push(post('withdraw', 'withdraw'));
  if (
    !isFinalState(operation.state) &&
    !(operation.state === 'negotiating' && operation.negotiation?.turn === 'agent')
  ) {
    steps.push({ rel: operation.state === 'scheduled' ? 'read' : 'wait', method: 'GET', href: base });
  }
  if (operation.receipt !== undefined) steps.push({ rel: 'receipt', method: 'GET', href: `${base}/receipt` });
  steps.push(post('handoff', 'handoff'));
  return steps;
}
