import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Decision } from './decide.ts';

const KINDS = { approve: 'approved', reject: 'rejected', counter: 'countered' } as const;

/** The body of a signed webhook answer: `{plan_digest, decision: approve|reject|counter, approver, reason?, message?, terms?}`. */
export function parseAnswer(
  signoff: string,
  body: Json,
): Result<{ readonly decision: Decision; readonly approver: string }, Refusal> {
  const invalid = (detail: string) => err(refusal('schema-violation', detail));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return invalid('The answer must be an object.');
  const { plan_digest, decision, approver, reason, message, terms, ...rest } = body as JsonObject;
  if (Object.keys(rest).length > 0) return invalid('The answer has unknown members.');
  if (typeof plan_digest !== 'string' || typeof approver !== 'string')
    return invalid('plan_digest and approver are required.');
  const kind =
    typeof decision === 'string' && Object.hasOwn(KINDS, decision) ? KINDS[decision as keyof typeof KINDS] : undefined;
  if (kind === undefined) return invalid('decision must be approve, reject or counter.');
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > 2_000))
    return invalid('reason must be a short text.');
  if (message !== undefined && (typeof message !== 'string' || message.length > LIMITS.personsWordsChars))
    return invalid(`message must be a text of at most ${LIMITS.personsWordsChars} characters.`);
  if (terms !== undefined && (typeof terms !== 'object' || terms === null || Array.isArray(terms)))
    return invalid('terms must be an object.');
  return ok({
    approver,
    decision: {
      signoff,
      planDigest: plan_digest,
      kind,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      ...(terms === undefined ? {} : { terms: terms as JsonObject }),
    },
  });
}
