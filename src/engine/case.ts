/** A case for a person, in words for whoever reads its ticket in the CRM. Of what strangers said every line is marked as theirs. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { cutInSight, quotedLines, revealed } from '../../protocol/words/revealed.ts';
import { isWithPerson } from './open-offers.ts';
import type { Operation } from './operation.ts';

/** The topic of a case that was asked for in plain words. */
export const IN_WORDS = 'A person was asked for in words';

type Handoff = NonNullable<Operation['handoff']>;

/** What the case is about, as it stood when a person was asked for: a case in the CRM does not change with the talk. */
export function aboutOf(operation: Operation): NonNullable<Handoff['about']> {
  const account = accountOf(operation);
  return {
    operation: operation.id,
    action: operation.action,
    state: operation.state,
    ...(account === undefined ? {} : { account }),
    ...(operation.mandate === null ? {} : { customer: operation.mandate.subject }),
    said: operation.messages.slice(-LIMITS.caseMessages).map(({ at, by, text }) => ({ at, by, text: cut(text) })),
  };
}

/** Whose it is: of the records it is about, or the only one its mandate names. */
export function accountOf({ records = {}, mandate }: Pick<Operation, 'records' | 'mandate'>): string | undefined {
  for (const record of Object.values(records).flat()) {
    const account = typeof record === 'object' && record !== null && 'account' in record ? record['account'] : null;
    if (typeof account === 'string' && account !== '') return account;
  }
  const accounts = mandate?.constraints.accounts ?? [];
  return accounts.length === 1 ? accounts[0] : undefined;
}

/** Whether a person is still to say what became of the case. One that the company opened for a talk ends with the person's word there, and a
 * ticket is of the case beside it. What the machine could not settle is always one, whatever was said before it came to that. */
export function isOpenCase({ state, handoff, negotiation }: Operation): boolean {
  if (state === 'needs_human') return true;
  if (handoff === undefined || handoff.settled !== undefined) return false;
  if (negotiation?.person?.askedAt === handoff.askedAt) return false;
  return handoff.beside !== true;
}

/** Whether a talk waits for a person's word. */
export function isTalkForPerson({ state, negotiation }: Operation): boolean {
  return state === 'negotiating' && negotiation !== undefined && isWithPerson(negotiation);
}

/** A page of what waits for a person. */
export interface PersonPage {
  readonly limit: number;
  /** Where the last page ended: until when its last operation waits ({@link personBy}), and its id. */
  readonly after?: { readonly by: string; readonly id: string };
}

/** Until when a person of the company is to act on it; null where it waits for none. */
export function personBy(operation: Operation): string | null {
  const { state, signoffs, handoff, updatedAt } = operation;
  const times = [
    ...(state === 'awaiting_signoff' ? [signoffs.at(-1)?.expiresAt ?? updatedAt] : []),
    ...(isOpenCase(operation) || isTalkForPerson(operation) ? [handoff?.respondBy ?? updatedAt] : []),
  ];
  return times.toSorted()[0] ?? null;
}

/** Whose a case is, for the company's endpoints: proven by a mandate, or only claimed. */
export function whoseCase({ handoff, records = {}, mandate, input }: Operation): JsonObject {
  const account = handoff?.about?.account ?? accountOf({ records, mandate });
  const subject = handoff?.about?.customer ?? mandate?.subject;
  const claimed = account === undefined ? input['account'] : undefined;
  return {
    ...(account === undefined ? {} : { account }),
    ...(subject === undefined ? {} : { subject }),
    ...(typeof claimed === 'string' ? { claimed_account: claimed } : {}),
  };
}

/** What a recipe sees of the case as `handoff`: `head` and `said` are whole lines, of ours and quoted. */
export function caseFacts(operation: Operation): JsonObject {
  const { about, caseRef, respondBy, page: url } = operation.handoff ?? {};
  if (caseRef === undefined || respondBy === undefined || url === undefined) return {};
  return {
    case_ref: caseRef,
    respond_by: respondBy,
    url,
    head: [
      `Case ${caseRef}, to be answered by ${minute(respondBy)}`,
      `Its page: ${url}`,
      ...(about === undefined
        ? []
        : [`About ${about.action} (${about.operation}), ${about.state.replaceAll('_', ' ')}`]),
      ...whose(operation),
    ].join('\n'),
    said: (about?.said ?? [])
      .map(({ at, by, text }) => `${by}, ${minute(at)}${by === 'agent' ? ', unverified' : ''}:\n${quotedLines(text)}`)
      .join('\n'),
  };
}

function whose({ handoff, mandate, input, agent }: Operation): string[] {
  const { about } = handoff ?? {};
  const account = about?.account ?? accountOf({ mandate });
  const customer = about?.customer ?? mandate?.subject;
  const claimed = account === undefined ? input['account'] : undefined;
  return [
    ...(account === undefined ? [] : [`Account ${told(account)}, by the customer’s mandate`]),
    ...(typeof claimed === 'string' ? [`Account ${told(claimed)}, claimed by the agent`] : []),
    ...(customer === undefined ? [] : [`Customer ${told(customer)}`]),
    ...(agent.name === undefined ? [] : [`Asked for by an agent that calls itself “${told(agent.name)}”`]),
  ];
}

const told = (text: string): string => revealed(cut(text), { lines: false });

const minute = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;

const cut = (text: string): string => cutInSight(text, LIMITS.caseMessageChars);
