/** What a data rights request asks for, as an operation of ours: a person matches who it is about, and fulfils it. */

import type { Refusal } from '../../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { cutInSight, revealed } from '../../../protocol/words/revealed.ts';
import type { Operation } from '../../engine/operation.ts';
import { invalid } from './message.ts';

const RIGHTS = ['access', 'access:categories', 'access:specific', 'deletion', 'sale:opt-out', 'sale:opt-in'];
const REGIMES = ['ccpa', 'gdpr', 'voluntary'];
/** Claims of schema.org/Person as §3.04 lists them. */
const PERSON = [
  'name',
  'email',
  'email_verified',
  'phone_number',
  'phone_number_verified',
  'address',
  'address_verified',
  'power_of_attorney',
];
/** All of them fit into one message. */
const CLAIM_CHARS_MAX = 350;
/** CCPA 1798.130: within 45 days; GDPR Art. 12(3): within one month. */
const DAYS: Readonly<Record<string, number>> = { ccpa: 45 };
const DAYS_ELSE = 30;
const DAY_MS = 86_400_000;

export const DRP_ACTION = 'human.handoff';

/** The input of the operation: the same request is the same input, whenever it was issued. */
export function exerciseOf(claims: JsonObject): Result<JsonObject, Refusal> {
  const { exercise, regime = 'voluntary', relationships = [] } = claims;
  if (!isOneOf(RIGHTS, exercise)) return err(invalid('/exercise', `must be one of ${RIGHTS.join(', ')}`));
  if (!isOneOf(REGIMES, regime)) return err(invalid('/regime', `must be one of ${REGIMES.join(', ')}`));
  const person = PERSON.flatMap((name) => (claims[name] === undefined ? [] : [`${name}: ${said(claims[name])}`]));
  if (person.length === 0) return err(invalid('', 'says nothing of the person it is about'));
  const { email } = claims;
  return ok({
    topic: `Data right: ${String(exercise)} (${String(regime)})`,
    urgency: 'high',
    message: [
      'Asked through the Data Rights Protocol 1.0 by an agent that says it has verified these claims. Match the person before anything is shown or deleted.',
      ...person,
      ...(Array.isArray(relationships) && relationships.length > 0 ? [`relationships: ${said(relationships)}`] : []),
    ].join('\n'),
    ...(typeof email === 'string' && email.length <= 254 ? { contact_back: email } : {}),
  });
}

const isOneOf = (known: readonly string[], value: Json | undefined): boolean => known.some((each) => each === value);

/** The topic of the operation that takes a request back. */
export function revocationOf(operation: Operation, reason: Json | undefined): JsonObject {
  return {
    topic: `Revoked: ${String(operation.input['topic'] ?? '')}`.slice(0, 200),
    urgency: 'high',
    operation: operation.id,
    message: typeof reason === 'string' ? `The person's reason: ${said(reason)}` : 'No reason was given.',
  };
}

/** The Exercise Status object (§3.03). Whether it was fulfilled is a person's to tell the customer: here it stays in progress. */
export function statusOf(operation: Operation, requestId: string | undefined, isRevoked: boolean): JsonObject {
  const received = Date.parse(operation.createdAt);
  const regime = /\((\w+)\)$/.exec(String(operation.input['topic'] ?? ''))?.[1] ?? '';
  const expected = new Date(received + (DAYS[regime] ?? DAYS_ELSE) * DAY_MS);
  const failed = operation.state === 'rejected' || operation.state === 'failed';
  const status = isRevoked ? 'revoked' : failed ? 'denied' : operation.state === 'received' ? 'open' : 'in_progress';
  return {
    request_id: operation.id,
    received_at: operation.createdAt,
    expected_by: expected.toISOString(),
    status,
    ...(failed && !isRevoked ? { reason: 'other' } : {}),
    ...(status === 'in_progress'
      ? { processing_details: 'A person at the company matches who it is about and fulfils it.' }
      : {}),
    ...(requestId === undefined ? {} : { agent_request_id: requestId }),
  };
}

/** On one line, whatever it holds: a line that begins like a claim is one. */
function said(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return cutInSight(revealed(text, { lines: false }), CLAIM_CHARS_MAX);
}
