import { html } from 'hono/html';
import type { PlanStep, Ref } from '../../../adapters/sdk/index.ts';
import { isFinalState } from '../../../protocol/operation.ts';
import type { Operation } from '../../engine/operation.ts';
import { doneSteps } from '../../engine/schedule.ts';
import type { Html } from './layout.ts';
import { shown, whole } from './text.ts';

/** Values that stay on one line. */
const SHORT_CHARS = 16;
export const isShort = (text: string): boolean => text.length <= SHORT_CHARS;
/** And those that are read in a box of their own. */
const LONG_CHARS = 160;

const nameOf = ({ type, by, value }: Ref): string => (by === 'id' ? `${type} ${value}` : `a new ${type}`);

/** Facts only: from the CRM and the signed terms, never from what the other side says. */
export function planCard(operation: Operation): Html {
  const done = new Set(doneSteps(operation).map(({ id }) => id));
  const rows = operation.plan?.plan.steps.flatMap((step) => step.changes.map((each) => ({ ...each, step }))) ?? [];
  const day = ({ id, not_before: on }: PlanStep) =>
    done.has(id) ? 'written' : on === undefined ? 'at once' : `on ${on}`;
  const dated = rows.some(({ step }) => step.not_before !== undefined);
  // Of one record only, it is named once.
  const names = new Set(rows.map(({ ref }) => nameOf(ref)));
  const one = names.size === 1 ? [...names][0] : undefined;
  const cell = (value: Parameters<typeof shown>[0], kind: string) => {
    const text = shown(value);
    if (text.length > LONG_CHARS) return html`<td class="${kind}"><div class="long">${text}</div></td>`;
    return html`<td class="${kind}${isShort(text) ? ' short' : ''}">${text}</td>`;
  };
  return html`<section class="card"><h2>${headOf(operation)}${one === undefined ? '' : html` <span class="said">${whole(one)}</span>`}</h2><div class="scroll"><table>
<thead><tr><th scope="col">Field</th><th scope="col">Now</th><th scope="col">After</th>${dated ? html`<th scope="col">When</th>` : ''}</tr></thead>
<tbody>${rows.map(
    ({ ref, label: name, from, to, step }) =>
      html`<tr><th scope="row">${name}${one === undefined ? html`<br><span class="said">${nameOf(ref)}</span>` : ''}</th>${cell(from, 'was')}${cell(to, 'now')}${dated ? html`<td>${day(step)}</td>` : ''}</tr>`,
  )}</tbody></table></div>
<p class="said">Plan <code>${operation.plan?.digest ?? ''}</code></p></section>`;
}

/** Whether it is, was or would have been. */
function headOf(operation: Operation): string {
  if (operation.state === 'completed' || operation.state === 'reversed') return 'What was written';
  return isFinalState(operation.state) || operation.state === 'needs_human'
    ? 'What was to be written'
    : 'What will be written';
}
