/** The customer's side of the demo: the person's mandate, and the agent's talk with the company. */
import type { JsonObject } from '../protocol/base/json.ts';
import { issueMandate, jwkSigner } from '../protocol/mandate/mandate.ts';
import { isFinalState, type Offer, type OperationView } from '../protocol/operation.ts';
import { type AgentKey, type BuyerGoals, buyerMove, type Client, ProblemError } from '../src/client/index.ts';
import { say, termsLine } from './say.ts';

/** Makes the agent's moves until it has accepted or given up. */
export async function negotiate(client: Client, first: OperationView, goals: BuyerGoals): Promise<OperationView> {
  let view = await client.waitForTurn(first.id);
  // What was said before, a person's new offer aside, is known.
  let heard = first.signoff === undefined ? 0 : Math.max(0, (first.offers?.length ?? 0) - 1);
  while (view.state === 'negotiating') {
    const offers = view.offers ?? [];
    for (const offer of offers.slice(heard)) tell(offer, offer === offers.at(-1));
    heard = offers.length;
    const move = buyerMove(goals, view);
    if (move.kind === 'withdraw') return client.withdraw(view.id, 'beyond our limits');
    if (move.kind === 'accept') {
      say(
        'agent',
        `accepts ${move.choice === undefined ? '' : 'a package of '}${move.offer.id} by its digest and signs the agreement`,
      );
      say('agent', move.why.words);
      return client.accept(view, move.offer, move.choice);
    }
    try {
      await client.counter(view.id, move.terms, 'This is what we can do.');
    } catch (error) {
      if (move.last !== true || !(error instanceof ProblemError)) throw error;
      return client.withdraw(view.id, 'beyond our limits');
    }
    view = await client.waitForTurn(view.id);
  }
  return view;
}

/** To the very end: after a person's offer the talk goes on, and what is agreed then waits for a person again. */
export async function seeThrough(
  client: Client,
  first: OperationView,
  { goals, signoff }: { readonly goals: BuyerGoals; readonly signoff: (waiting: OperationView) => Promise<void> },
): Promise<OperationView> {
  let view = first;
  let asked: string | undefined;
  while (!isFinalState(view.state) && view.state !== 'scheduled') {
    if (view.state === 'negotiating') {
      view = await negotiate(client, view, goals);
      continue;
    }
    if (view.state === 'awaiting_signoff' && view.signoff?.id !== asked) {
      asked = view.signoff?.id;
      await signoff(view);
    }
    view = await client.waitForTurn(view.id, (seen) => seen.state === 'awaiting_signoff' && seen.signoff?.id !== asked);
  }
  return view;
}

function tell({ by, firmness, terms, note }: Offer, last: boolean): void {
  const verb = by === 'agent' ? 'proposes' : `offers (${firmness}, signed)`;
  say(
    by === 'agent' ? 'agent' : 'company',
    `${verb} ${termsLine(terms)}${note === undefined || !last ? '' : `: “${note}”`}`,
  );
}

/** The terms both sides signed, read out of the agreement itself. */
export function acceptedTerms(view: OperationView): JsonObject {
  const payload = String(view.agreement?.['payload'] ?? '');
  const { terms } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  return terms;
}

/** The customer signs, with their own key, what their agent may do. */
export async function grantMandate(
  principal: AgentKey,
  agent: AgentKey,
  { iss, maxTermMonths }: { readonly iss: string; readonly maxTermMonths: number },
): Promise<string> {
  const now = new Date();
  return issueMandate({
    key: { ...(await jwkSigner(principal.privateJwk)), kid: principal.keyid },
    issuer: iss,
    subject: 'contact:C-1001',
    agent: agent.publicJwk,
    jti: `demo-${now.getTime()}`,
    now,
    expiresAt: new Date(now.getTime() + 30 * 86_400_000),
    constraints: {
      actions: ['contract.renew', 'data.validate'],
      accounts: ['A-1001'],
      max_term_months: maxTermMonths,
      max_seats: 40,
    },
  });
}
