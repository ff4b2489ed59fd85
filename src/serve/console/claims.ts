import { html } from 'hono/html';
import type { Amount, Claim, EarlierClaim } from '../../engine/claimed.ts';
import type { Html } from './layout.ts';
import { quoted, shown, when } from './text.ts';

/** What was claimed before of what this operation claims: nobody should have to remember it. */
export function claimsCard(claims: readonly Claim[]): Html {
  const known = claims.filter(({ earlier, elsewhere }) => earlier.length > 0 || elsewhere > 0);
  if (known.length === 0) return html``;
  return html`<section class="card"><h2>Claimed before</h2>${known.map(claimOf)}</section>`;
}

function claimOf({ name, amount, of, elsewhere, earlier }: Claim): Html {
  const unit = of ?? amount ?? 0;
  const rows = earlier.map(
    (
      each,
    ) => html`<tr><th scope="row"><a href="/console/operations/${each.operation}">${each.at === '' ? 'unknown time' : when(each.at)}</a></th>
<td>${whatOf(each)}</td><td>${each.state === 'completed' ? 'granted' : each.state.replaceAll('_', ' ')}</td></tr>`,
  );
  return html`<p><strong>${quoted(name.replace(/^claim:/, ''))}</strong>${
    amount === null ? '' : html`: ${worded(amount)} is asked now${of === null ? '' : html`, of ${worded(of)} in all`}`
  }</p><div class="scroll"><table><thead><tr><th scope="col">Asked</th><th scope="col">What</th><th scope="col">Now</th></tr></thead><tbody>${rows}${
    elsewhere === 0
      ? ''
      : html`<tr><th scope="row">by others</th><td>${worded(sized(unit, elsewhere))}</td><td>as the record says</td></tr>`
  }</tbody></table></div>`;
}

function whatOf({ amount, span }: EarlierClaim): string {
  const time =
    span === undefined ? '' : [span.from, span.to].map((ms) => when(new Date(ms).toISOString())).join(' to ');
  return [amount === null ? '' : worded(amount), time].filter((each) => each !== '').join(', ');
}

const worded = (amount: Amount): string => shown(typeof amount === 'number' ? amount : { ...amount });

const sized = (unit: Amount, size: number): Amount => (typeof unit === 'number' ? size : { ...unit, amount: size });
