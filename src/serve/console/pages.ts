import { html } from 'hono/html';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { formatMoney } from '../../../protocol/base/money.ts';
import type { MandateFacts } from '../../../protocol/mandate/mandate.ts';
import type { Offer } from '../../../protocol/operation.ts';
import { agreedOffer } from '../../engine/agreement.ts';
import { isOpenCase } from '../../engine/case.ts';
import type { Claim } from '../../engine/claimed.ts';
import type { Operation, Signoff } from '../../engine/operation.ts';
import { hasWritten, inWords, leftSteps } from '../../engine/schedule.ts';
import type { Words } from '../../engine/world.ts';
import { type CaseDesk, caseCard } from './case-card.ts';
import { claimsCard } from './claims.ts';
import { customerLine, figures, type Known, worthLine } from './figures.ts';
import { planInWords } from './inbox.ts';
import type { Html } from './layout.ts';
import { isShort, planCard } from './plan-card.ts';
import { scheduleTable } from './schedule-table.ts';
import type { Session, SignedIn } from './session.ts';
import { openOffer, talkCard } from './talk.ts';
import { counterForm, type Returned } from './terms-form.ts';
import { label, quoted, shown, when, whole } from './text.ts';

/** `problem`: the seconds after which it may be tried again, where it was not looked at. */
type SignInProblem = 'wrong' | Extract<SignedIn, { readonly seconds: number }>;

function signInWords(problem: SignInProblem): string {
  if (problem === 'wrong') return 'Name or password is wrong.';
  const why = problem.kind === 'wait' ? 'Too many attempts came from where you are' : 'Too many sign in at this moment';
  return `${why}: yours was not looked at. Try again in ${problem.seconds} seconds.`;
}

export function signInPage(problem: SignInProblem | undefined, next: string): Html {
  return html`<div class="card sign-in"><h1>Sign in</h1><p class="lede">To decide what an AI may not decide alone.</p>
${problem === undefined ? '' : html`<p class="error" role="alert">${signInWords(problem)}</p>`}
<form method="post" action="/console/sign-in"><input type="hidden" name="next" value="${next}">
<label for="id">Name</label><input id="id" name="id" autocomplete="username" required maxlength="64">
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256">
<p><button class="go">Sign in</button></p></form></div>`;
}

export function signoffPage(
  operation: Operation,
  signoff: Signoff,
  {
    session,
    words,
    ended,
    problem,
    returned,
    claims,
    known,
  }: {
    readonly session: Session;
    readonly words: Words | undefined;
    readonly ended: readonly string[];
    readonly problem: string | undefined;
    readonly returned: Returned | undefined;
    readonly claims: readonly Claim[];
    readonly known: Known;
  },
): Html {
  const open =
    operation.state === 'awaiting_signoff' && operation.signoffs.at(-1) === signoff && signoff.decision === undefined;
  return html`<h1>${whole(planInWords(operation))}</h1>
<p class="lede">${operation.action} · asked ${when(signoff.askedAt)} · ${open ? html`<a href="#decision">decide</a> until <strong>${when(signoff.expiresAt)}</strong>` : stateTag(operation)}</p>
${figures(operation, known)}
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
${open && ended.length > 0 ? html`<div class="error" role="note"><strong>Ended since it was asked</strong><ul>${ended.map((each) => html`<li>${quoted(each)}</li>`)}</ul>What rests on it cannot be approved: reject it, or ask the customer.</div>` : ''}
<div class="why"><strong>Why a person is asked</strong><ul>${signoff.reasons.map((reason) => html`<li>${reason}</li>`)}${voided(operation, signoff)}</ul></div>
${words === undefined ? '' : meaning(words)}
<div class="grid decide"><div class="plan">${planCard(operation)}${claimsCard(claims)}</div><div class="rest">${offersCard(operation)}${conversationCard(operation)}</div>
<div class="side">${open ? decisionCard(operation, signoff, { session, returned }) : outcomeCard(operation, signoff)}${whoCard(operation)}</div></div>`;
}

function meaning({ request, approval, reversal, law }: Words): Html {
  return html`<p>${request} <strong>If you approve:</strong> ${approval} <strong>To take it back:</strong> ${reversal}${
    law === undefined ? '' : html` <span class="said">${law}</span>`
  }</p>`;
}

/** Plans of this operation that people were asked about before, and why they no longer stand. */
function voided({ signoffs }: Operation, signoff: Signoff): Html[] {
  return signoffs
    .slice(0, signoffs.indexOf(signoff))
    .flatMap(({ decision }) =>
      decision?.kind === 'void'
        ? [html`<li>An earlier plan is void: ${quoted(decision.reason ?? 'the record changed')}</li>`]
        : [],
    );
}

function whoCard(operation: Operation): Html {
  const { agent, mandate } = operation;
  return html`<section class="card"><h2>Who asks</h2><dl>
<dt>Agent</dt><dd>${agent.name === undefined ? 'unnamed' : html`“${quoted(agent.name)}” <span class="said">claimed, not verified</span>`}</dd>
<dt>Key</dt><dd><code>${agent.keyid}</code></dd>
<dt>For</dt><dd>${mandate === null ? 'nobody: no mandate' : quoted(mandate.subject)}</dd>
${
  mandate === null
    ? ''
    : html`<dt>Mandate</dt><dd>by the ${mandate.tier}, for ${mandate.constraints.actions.join(', ')} on ${mandate.constraints.accounts.join(', ')}; until ${when(new Date(mandate.expiresAt * 1000).toISOString())}</dd>${limitsOf(mandate)}`
}</dl></section>`;
}

/** What the customer permits at most. */
function limitsOf({ constraints }: MandateFacts): Html {
  const { max_total: total, max_total_per_period: inPeriod, max_uses, max_term_months, max_seats } = constraints;
  const limits = [
    ...(total === undefined ? [] : [`${formatMoney(total)} in all`]),
    ...(inPeriod === undefined ? [] : [`${formatMoney(inPeriod)} a ${inPeriod.period}`]),
    ...Object.entries({ uses: max_uses, months: max_term_months, seats: max_seats }).flatMap(([name, most]) =>
      most === undefined ? [] : [`${most} ${name}`],
    ),
  ];
  return limits.length === 0 ? html`` : html`<dt>At most</dt><dd>${limits.join(', ')}</dd>`;
}

function offersCard(operation: Operation): Html {
  const offers = operation.negotiation?.offers ?? [];
  if (offers.length === 0) return html``;
  const names = Object.keys(offers[0]?.terms ?? {});
  // What was accepted of a schedule is none of the offers, but a package of one.
  const { agreement } = operation;
  const chosen = agreement?.choice === undefined ? undefined : agreedOffer(operation);
  const accepted = chosen ?? offers.find(({ id }) => id === agreement?.offer);
  const row = (offer: Pick<Offer, 'by' | 'terms'>) =>
    html`<tr><th scope="row">${offer.by}${offer === accepted ? html` <span class="tag good">accepted</span>` : ''}</th>${names.map(
      (name) => {
        const text = shown(offer.terms[name]);
        return html`<td class="${isShort(text) ? 'short' : ''}">${text}</td>`;
      },
    )}</tr>`;
  return html`<section class="card"><h2>Offers both ways</h2><div class="scroll"><table><thead><tr><th scope="col">By</th>${names.map((name) => html`<th scope="col">${label(name)}</th>`)}</tr></thead><tbody>${[...offers, ...(chosen === undefined ? [] : [chosen])].map(row)}</tbody></table></div>${scheduleTable(operation)}</section>`;
}

function conversationCard(operation: Operation): Html {
  if (operation.messages.length === 0) return html``;
  return html`<section class="card"><h2>Conversation</h2>${operation.messages.map(
    ({ by, at, text, note_by }) =>
      html`<div class="said">${by === 'agent' ? `claimed by the agent, unverified` : note_by === 'model' ? `${by}, written by a language model` : by} · ${when(at)}</div><blockquote>${quoted(text)}</blockquote>`,
  )}</section>`;
}

function decisionCard(
  operation: Operation,
  signoff: Signoff,
  { session, returned }: { readonly session: Session; readonly returned: Returned | undefined },
): Html {
  const no = returned?.form.get('decision') === 'rejected' ? returned.form : undefined;
  const hidden = html`<input type="hidden" name="csrf" value="${session.csrf}"><input type="hidden" name="plan_digest" value="${signoff.planDigest}">`;
  const action = `/console/signoffs/${signoff.id}`;
  const terms = agreedOffer(operation)?.terms;
  return html`<section class="card" id="decision"><h2>Your decision</h2>
<form method="post" action="${action}">${hidden}<button class="go" name="decision" value="approved">Approve this plan</button></form>
<details${no === undefined ? '' : ' open'}><summary>Reject</summary><form method="post" action="${action}">${hidden}<label for="reason">Reason, for the company only</label><textarea id="reason" name="reason" rows="3" required maxlength="2000">${no?.get('reason') ?? ''}</textarea>
<label for="message">What the customer’s agent is told, if anything</label><textarea id="message" name="message" rows="2" maxlength="${LIMITS.personsWordsChars}">${no?.get('message') ?? ''}</textarea>
<p><button class="no" name="decision" value="rejected">Reject</button></p></form></details>
${terms === undefined || hasWritten(operation) ? '' : counterForm({ action, hidden, terms, title: 'Counter', returned })}</section>`;
}

function outcomeCard({ signoffs }: Operation, { id, decision }: Signoff): Html {
  if (decision === undefined) return html`<section class="card"><h2>No longer open</h2></section>`;
  const latest = signoffs.at(-1);
  return html`<section class="card"><h2>Decided</h2><p><span class="tag ${decision.kind === 'approved' ? 'good' : 'bad'}">${decision.kind}</span></p>
<dl><dt>When</dt><dd>${when(decision.at)}</dd>${decision.by === undefined ? '' : html`<dt>By</dt><dd>${decision.by}</dd>`}${decision.reason === undefined ? '' : html`<dt>Reason</dt><dd>${quoted(decision.reason)}</dd>`}${decision.message === undefined ? '' : html`<dt>Told to the customer</dt><dd>${quoted(decision.message)}</dd>`}</dl>
${latest === undefined || latest.id === id ? '' : html`<p><a href="/console/signoffs/${latest.id}">The plan was made anew: look at it</a></p>`}</section>`;
}

export function operationsPage(
  operations: readonly Operation[],
  scheduled: readonly Operation[],
  known: (operation: Operation) => Known,
): Html {
  return html`<h1>Operations</h1>${
    scheduled.length === 0
      ? ''
      : html`<h2>Waiting for their day</h2><section class="card inbox" aria-label="Scheduled">${scheduled.map(
          (operation) =>
            html`<a class="row" href="/console/operations/${operation.id}"><strong>${quoted(left(operation))}</strong><span class="tag">on ${operation.schedule?.on ?? ''}</span><span class="whom">${customerLine(operation, known(operation))}</span><span class="said">${operation.action} · <code>${operation.id}</code></span></a>`,
        )}</section>`
  }<p class="lede">The newest first.</p><section class="card inbox">${
    operations.length === 0
      ? html`<p class="empty">None yet.</p>`
      : operations.map(
          (operation) =>
            html`<a class="row" href="/console/operations/${operation.id}"><span class="what"><strong>${operation.action}</strong> ${worthLine(known(operation).worth)}</span>${stateTag(operation)}<span class="whom">${customerLine(operation, known(operation))}</span><span class="said">${when(operation.createdAt)} · <code>${operation.id}</code></span></a>`,
        )
  }</section>`;
}

/** What is still to be written, in words. */
function left(operation: Operation): string {
  return leftSteps(operation).map(inWords).join('; ') || operation.action;
}

/** What waits for its day, and the way to take it back. */
function scheduleCard(operation: Operation, session: Session, problem: string | undefined): Html {
  const { schedule } = operation;
  if (operation.state !== 'scheduled' || schedule === undefined) return html``;
  const taken = hasWritten(operation)
    ? 'What is written already is taken back in the CRM.'
    : 'Nothing of it is written yet.';
  return html`<section class="card"><h2>Waits for ${schedule.on}</h2>${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<p>${quoted(left(operation))}</p><p class="said">From ${when(schedule.at)}, when that day begins in ${schedule.timeZone}. Then everything is checked once more.</p>
<details><summary>Cancel it</summary><form method="post" action="/console/operations/${operation.id}/cancel"><input type="hidden" name="csrf" value="${session.csrf}">
<p>${taken}</p><label for="reason">Reason, told to the customer</label><textarea id="reason" name="reason" rows="3" required maxlength="500"></textarea>
<p><button class="no">Cancel it</button></p></form></details></section>`;
}

export function operationPage(operation: Operation, desk: CaseDesk & { readonly known: Known }): Html {
  const { session, problem, returned, known } = desk;
  const signoff = operation.signoffs.at(-1);
  const acts = isOpenCase(operation) || operation.state === 'scheduled' || openOffer(operation) !== undefined;
  return html`<h1>${whole(titleOf(operation))}</h1><p class="lede">${stateTag(operation)} ${operation.action} · <code>${operation.id}</code>${signoff === undefined ? '' : html` · <a href="/console/signoffs/${signoff.id}">sign-off</a>`}</p>
${figures(operation, known)}
${operation.advice === undefined ? '' : html`<div class="why"><strong>For you only</strong><p>${operation.advice}</p></div>`}
<div class="grid decide${acts ? ' first' : ''}"><div class="plan">${operation.plan === undefined ? '' : planCard(operation)}</div><div class="rest">${offersCard(operation)}${conversationCard(operation)}</div>
<div class="side">${caseCard(operation, desk)}${talkCard(operation, { session, problem, returned })}${scheduleCard(operation, session, problem)}<section class="card"><h2>What happened</h2><dl class="events">${operation.history.map(({ at, to, event, by }) => html`<dt>${when(at)}</dt><dd>${event} → ${to.replaceAll('_', ' ')} <span class="said">by ${by}</span></dd>`)}</dl></section>${whoCard(operation)}</div></div>`;
}

function titleOf(operation: Operation): string {
  const { plan, handoff, action } = operation;
  return (
    (isOpenCase(operation) || plan === undefined ? handoff?.topic : undefined) ??
    (plan === undefined ? action : planInWords(operation))
  );
}

function stateTag({ state }: Operation): Html {
  const tone =
    state === 'completed' ? 'good' : ['failed', 'rejected', 'needs_human', 'unknown'].includes(state) ? 'bad' : '';
  return html`<span class="tag ${tone}">${state.replaceAll('_', ' ')}</span>`;
}
