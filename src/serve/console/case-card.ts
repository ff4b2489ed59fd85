/** A case, and its way out: a person says what became of it. */
import { html } from 'hono/html';
import { LIMITS } from '../../../protocol/base/limits.ts';
import type { CaseOutcome } from '../../../protocol/operation.ts';
import { isOpenCase } from '../../engine/case.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Html } from './layout.ts';
import type { Session } from './session.ts';
import type { Returned } from './terms-form.ts';
import { quoted, when } from './text.ts';

const WORDS: Readonly<Record<CaseOutcome, { readonly is: string; readonly was: string }>> = {
  done: { is: 'It is done', was: 'done' },
  not_done: { is: 'It is not done', was: 'not done' },
  otherwise: { is: 'It is settled in another way', was: 'settled in another way' },
};

export interface CaseDesk {
  readonly session: Session;
  /** What there is to say of it. */
  readonly outcomes: readonly CaseOutcome[];
  readonly problem: string | undefined;
  readonly returned: Returned | undefined;
}

export function caseCard(operation: Operation, desk: CaseDesk): Html {
  const { handoff, state } = operation;
  const open = isOpenCase(operation);
  // A talk that waits for a person's word is its own door.
  if (!open && handoff?.settled === undefined) return html``;
  return html`<section class="card" id="decision"><h2>Case ${handoff?.caseRef ?? ''}</h2>
${state === 'needs_human' ? html`<p>Whether it was carried out, the machine could not find out. Look in the CRM before you say.</p>` : ''}
${handoff === undefined ? '' : askedFor(handoff)}
${open ? settleForm(operation, desk) : ''}${handoff?.settled === undefined ? '' : settledBy(handoff.settled)}</section>`;
}

function askedFor({ topic, askedAt, respondBy, channel, about }: NonNullable<Operation['handoff']>): Html {
  const link =
    about === undefined
      ? ''
      : html`<dt>About</dt><dd><a href="/console/operations/${about.operation}">${about.action}</a></dd>`;
  return html`<dl><dt>Asked for</dt><dd>“${quoted(topic)}”, ${when(askedAt)}</dd><dt>Answer by</dt><dd>${when(respondBy)}</dd><dt>Channel</dt><dd>${channel}</dd>${link}</dl>`;
}

function settleForm({ id }: Operation, { session, outcomes, problem, returned }: CaseDesk): Html {
  const form = returned?.form;
  const radio = (each: CaseOutcome) =>
    html`<label class="pick"><input type="radio" name="outcome" value="${each}" required${form?.get('outcome') === each ? html` checked` : ''}> ${WORDS[each].is}</label>`;
  return html`<form method="post" action="/console/operations/${id}/settle"><input type="hidden" name="csrf" value="${session.csrf}">
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<fieldset><legend>What became of it</legend>${outcomes.map(radio)}</fieldset>
<label for="message">What the customer’s agent is told, if anything</label><textarea id="message" name="message" rows="3" maxlength="${LIMITS.personsWordsChars}">${form?.get('message') ?? ''}</textarea>
<label for="note">A note, for the company only</label><textarea id="note" name="note" rows="2" maxlength="2000">${form?.get('note') ?? ''}</textarea>
<p><button class="go">Settle the case</button></p></form>`;
}

function settledBy({
  outcome,
  at,
  by,
  message,
  note,
}: NonNullable<NonNullable<Operation['handoff']>['settled']>): Html {
  return html`<p><span class="tag ${outcome === 'not_done' ? 'bad' : 'good'}">${WORDS[outcome].was}</span></p><dl><dt>When</dt><dd>${when(at)}</dd><dt>By</dt><dd>${by}</dd>${
    message === undefined ? '' : html`<dt>Told to the customer</dt><dd>${quoted(message)}</dd>`
  }${note === undefined ? '' : html`<dt>Note</dt><dd>${quoted(note)}</dd>`}</dl>`;
}
