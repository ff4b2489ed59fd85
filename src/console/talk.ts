import { html } from 'hono/html';
import type { Offer } from '../../protocol/operation.ts';
import { isWithPerson } from '../engine/open-offers.ts';
import type { Operation } from '../engine/operation.ts';
import type { Html } from './layout.ts';
import type { Session } from './session.ts';
import { label, when } from './text.ts';

/** What the customer asked for last, while a person is to decide about it. */
export function openOffer({ state, negotiation }: Operation): Offer | undefined {
  const waits = state === 'negotiating' && negotiation !== undefined && isWithPerson(negotiation);
  return waits ? negotiation.offers.findLast(({ by }) => by === 'agent') : undefined;
}

/** A talk that ended near an agreement: the person's own offer, or their no. */
export function talkCard(
  operation: Operation,
  { session, problem }: { readonly session: Session; readonly problem: string | undefined },
): Html {
  const asked = openOffer(operation);
  if (asked === undefined) return html``;
  const action = `/console/operations/${operation.id}/talk`;
  const hidden = html`<input type="hidden" name="csrf" value="${session.csrf}">`;
  return html`<section class="card"><h2>Your decision</h2>${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<p>The rounds are over, and nobody agreed. The form has what the customer asked for last: as it is, or changed, it is the company’s offer once you send it, and the customer may accept it. Answer by ${when(operation.handoff?.respondBy ?? operation.updatedAt)}.</p>
${counterForm({ action, hidden, terms: asked.terms, title: 'Make an offer' })}
<details><summary>Decline</summary><form method="post" action="${action}">${hidden}<label for="reason">Reason, told to the customer</label><textarea id="reason" name="reason" rows="3" required maxlength="500"></textarea>
<p><button class="no" name="decision" value="declined">Decline</button></p></form></details></section>`;
}

export function counterForm({
  action,
  hidden,
  terms,
  title,
}: {
  readonly action: string;
  readonly hidden: Html;
  readonly terms: Offer['terms'];
  readonly title: string;
}): Html {
  const field = (name: string) => {
    const value = terms[name];
    const money = typeof value === 'object' && value !== null && 'amount' in value ? value : undefined;
    const text = money === undefined ? String(value) : String(money['amount']);
    const note = money === undefined ? '' : ` (minor units, ${String('currency' in money ? money['currency'] : '')})`;
    return html`<label for="t-${name}">${label(name)}${note}</label><input id="t-${name}" name="terms.${name}" value="${text}" required maxlength="20">`;
  };
  return html`<details><summary>${title}</summary><form method="post" action="${action}">${hidden}${Object.keys(terms).map(field)}
<p><button name="decision" value="countered">Send as the company’s offer</button></p></form></details>`;
}
