/** Whatever waits for a person, the nearest clock first. */
import { html } from 'hono/html';
import type { AskedHealth } from '../../crm/health.ts';
import { isOpenCase, isTalkForPerson, personBy } from '../../engine/case.ts';
import type { Operation } from '../../engine/operation.ts';
import { inWords } from '../../engine/schedule.ts';
import type { LineStatus } from '../../voice/line.ts';
import { customerLine, type Known, worthLine } from './figures.ts';
import type { Html } from './layout.ts';
import { quoted, when, whole } from './text.ts';

/** How what the company depends on is. */
export interface Condition {
  readonly closed: string | undefined;
  readonly crm: AskedHealth | undefined;
  readonly model: LineStatus | undefined;
}

/** A page of the list. */
export interface Waiting {
  readonly operations: readonly Operation[];
  readonly total: number;
  readonly known: (operation: Operation) => Known;
  /** The address of what follows it. */
  readonly next: string | undefined;
  readonly isFirst: boolean;
  readonly now: Date;
}

export function inboxPage(waiting: Waiting, { closed, crm, model }: Condition): Html {
  const { operations, total, next, isFirst } = waiting;
  return html`<h1>Waiting for a person</h1>
${closed === undefined ? '' : html`<p class="error" role="alert"><strong>Nothing is carried out now.</strong> What has been revoked cannot be read: ${quoted(closed)}. Mend it, and work goes on.</p>`}
<p class="lede">${total === 0 ? 'Nothing waits.' : `${total} wait${total === 1 ? 's' : ''}, what is due first at the top.`}</p>
<section class="card inbox" aria-label="Waiting">${
    operations.length === 0 ? html`<p class="empty">All decided.</p>` : operations.map((each) => rowOf(each, waiting))
  }</section>
${isFirst && next === undefined ? '' : html`<nav class="pages" aria-label="Pages">${isFirst ? '' : html`<a href="/console/">First page</a>`}${next === undefined ? '' : html`<a rel="next" href="${next}">Next page</a>`}</nav>`}
<div class="condition">${crm === undefined ? '' : crmLine(crm)}
${model === undefined ? '' : modelLine(model)}</div>`;
}

/** Where the next page begins: after the last row of this one. */
export function placeAfter(operation: Operation): string {
  return `${personBy(operation) ?? ''}~${operation.id}`;
}

export function readPlace(text: string | undefined): { readonly by: string; readonly id: string } | undefined {
  const [, by, id] = /^([0-9TZ:.+-]{10,40})~(op_[0-9a-f-]{36})$/.exec(text ?? '') ?? [];
  return by === undefined || id === undefined ? undefined : { by, id };
}

/** How the CRM was when it was last asked. */
function crmLine({ ok, title, detail, latencyMs, at }: AskedHealth): Html {
  const more = detail === undefined ? '' : html` ${quoted(detail)}`;
  if (ok) return html`<p class="said">${title} answers (${latencyMs} ms, ${when(at)}).${more}</p>`;
  return html`<p class="error" role="alert"><strong>${title} cannot be used.</strong>${more} What is decided waits for it (${when(at)}).</p>`;
}

/** How the model was when it was last asked. */
function modelLine({ state, why }: LineStatus): Html {
  if (state === 'resting')
    return html`<p class="said">The language model does not answer (${why ?? 'no reason given'}): talks go on in the company’s own sentences.</p>`;
  return html`<p class="said">${state === 'answering' ? 'The language model answers.' : 'The language model has not been asked yet.'}</p>`;
}

function rowOf(operation: Operation, { known, now }: Waiting): Html {
  const { state, handoff, action } = operation;
  const by = personBy(operation) ?? operation.updatedAt;
  const signoff = state === 'awaiting_signoff' ? operation.signoffs.at(-1) : undefined;
  const isCase = handoff !== undefined && (isOpenCase(operation) || isTalkForPerson(operation));
  const what = signoff === undefined ? (handoff?.topic ?? action) : planInWords(operation);
  const path = signoff === undefined ? `/console/operations/${operation.id}` : `/console/signoffs/${signoff.id}`;
  const late = Date.parse(by) < now.getTime();
  const about = known(operation);
  return html`<a class="row" href="${path}"><span class="what"><strong>${whole(what)}</strong> ${worthLine(about.worth)}</span><span class="tag${late ? ' bad' : ''}">${late ? 'since' : signoff === undefined ? 'answer by' : 'until'} ${when(by)}</span>
<span class="whom">${customerLine(operation, about)}</span>
<span class="said">${isCase ? html`<span class="kind">${handoff.caseRef}</span> · ` : ''}${signoff === undefined ? action : html`${action} · ${signoff.reasons.join(' ')}`}${signoff !== undefined && isCase ? html` · ${quoted(handoff.topic)}` : ''}</span></a>`;
}

/** A plan in a line. */
export function planInWords({ plan, action }: Operation): string {
  return plan?.plan.steps.map(inWords).join('; ') || action;
}
