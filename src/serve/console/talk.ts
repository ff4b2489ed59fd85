import { html } from 'hono/html';
import type { Offer } from '../../../protocol/operation.ts';
import { isWithPerson } from '../../engine/open-offers.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Html } from './layout.ts';
import type { Session } from './session.ts';
import { counterForm, type Returned } from './terms-form.ts';
import { when } from './text.ts';

/** What the customer asked for last, while a person is to decide about it. */
export function openOffer({ state, negotiation }: Operation): Offer | undefined {
  const waits = state === 'negotiating' && negotiation !== undefined && isWithPerson(negotiation);
  return waits ? negotiation.offers.findLast(({ by }) => by === 'agent') : undefined;
}

/** A talk that ended near an agreement: the person's own offer, or their no. */
export function talkCard(
  operation: Operation,
  {
    session,
    problem,
    returned,
  }: { readonly session: Session; readonly problem: string | undefined; readonly returned: Returned | undefined },
): Html {
  const asked = openOffer(operation);
  if (asked === undefined) return html``;
  const action = `/console/operations/${operation.id}/talk`;
  const no = returned?.form.get('decision') === 'declined' ? (returned.form.get('reason') ?? '') : undefined;
  const hidden = html`<input type="hidden" name="csrf" value="${session.csrf}">`;
  return html`<section class="card"><h2>Your decision</h2>${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<p>The rounds are over, and nobody agreed. The form has what the customer asked for last: as it is, or changed, it is the company’s offer once you send it, and the customer may accept it. Answer by ${when(operation.handoff?.respondBy ?? operation.updatedAt)}.</p>
${counterForm({ action, hidden, terms: asked.terms, title: 'Make an offer', returned })}
<details${no === undefined ? '' : ' open'}><summary>Decline</summary><form method="post" action="${action}">${hidden}<label for="reason">Reason, told to the customer</label><textarea id="reason" name="reason" rows="3" required maxlength="500">${no ?? ''}</textarea>
<p><button class="no" name="decision" value="declined">Decline</button></p></form></details></section>`;
}
