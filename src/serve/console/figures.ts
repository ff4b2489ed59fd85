/** Whose it is and what it is worth: what somebody who decides looks for first. */
import { html } from 'hono/html';
import { accountOf } from '../../engine/case.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Worth } from '../../engine/worth.ts';
import type { Html } from './layout.ts';
import { money, quoted } from './text.ts';

/** What the pages know of an operation beyond itself. */
export interface Known {
  /** The customer's name, where the CRM has told one. */
  readonly customer: string | undefined;
  readonly worth: Worth;
}

/** Where nothing says whose it is, nobody is named. */
export function customerLine(operation: Operation, { customer }: Pick<Known, 'customer'>): Html {
  const account = operation.customer?.account ?? accountOf(operation);
  const claimed = operation.input['account'];
  if (account === undefined)
    return typeof claimed === 'string'
      ? html`account ${quoted(claimed)}, <span class="said">claimed</span>`
      : html`no account is named`;
  const name = operation.customer?.name ?? customer;
  return name === undefined
    ? html`Account <span class="nb">${quoted(account)}</span>`
    : html`<b class="whose">${quoted(name)}</b> <span class="said nb">${quoted(account)}</span>`;
}

/** `51,471.36 EUR · −8.8 %`: for a row. */
export function worthLine({ value, price }: Worth): Html {
  const parts = [
    ...(value === undefined || value.amount === 0 ? [] : [html`${money(value)}`]),
    ...(price === undefined || price.percent === 0
      ? []
      : [html`<span class="${wayOf(price.percent)}">${percent(price.percent)}</span>`]),
  ];
  return parts.length === 0
    ? html``
    : html`<span class="worth">${parts.map((part, index) => html`${index === 0 ? '' : ' · '}${part}`)}</span>`;
}

/** The same, whole, above a decision. */
export function figures(operation: Operation, known: Known): Html {
  const { value, price } = known.worth;
  const change = price === undefined || price.percent === 0 ? undefined : price;
  return html`<dl class="figures"><div><dt>Customer</dt><dd>${customerLine(operation, known)}</dd></div>
${value === undefined ? '' : html`<div><dt>Value</dt><dd><b>${money(value)}</b></dd></div>`}
${price === undefined ? '' : html`<div><dt>Price</dt><dd>${change === undefined ? html`<b>${money(price.to)}</b> <span class="said">as today</span>` : html`${money(price.from)} → <b>${money(price.to)}</b> <span class="${wayOf(change.percent)}">${percent(change.percent)}</span>`}</dd></div>`}
${change?.difference === undefined ? '' : html`<div><dt>Difference in all</dt><dd class="${wayOf(change.percent)}">${change.difference.amount > 0 ? '+' : ''}${money(change.difference)}</dd></div>`}</dl>`;
}

/** Direction is a sign and a shape, and then a colour. */
function percent(of: number): string {
  const size = Math.abs(of).toFixed(1);
  return of < 0 ? `▼ −${size} %` : `▲ +${size} %`;
}

const wayOf = (of: number): string => (of < 0 ? 'down' : 'up');
