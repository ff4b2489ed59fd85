import { html } from 'hono/html';
import { scheduleCells } from '../../../protocol/words/schedule-words.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Html } from './layout.ts';
import { quoted } from './text.ts';

/** The prices of all packages beside the offer that was accepted, or else the last one. */
export function scheduleTable({ negotiation, agreement }: Operation): Html {
  const offers = negotiation?.offers ?? [];
  const accepted = offers.find(({ id }) => id === agreement?.offer);
  const { schedule } = accepted ?? offers.findLast((offer) => offer.schedule !== undefined) ?? {};
  if (schedule === undefined) return html``;
  const { head, rows } = scheduleCells(schedule);
  return html`<details><summary>The prices of all packages</summary><div class="scroll"><table><thead><tr>${head.map((cell) => html`<th scope="col">${quoted(cell)}</th>`)}</tr></thead><tbody>${rows.map(
    (cells) => html`<tr>${cells.map((cell) => html`<td>${quoted(cell)}</td>`)}</tr>`,
  )}</tbody></table></div><p>*: a person must still sign off, or the budget may have no room. –: not offered.</p></details>`;
}
