import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { ActionDefinition } from '../engine/world.ts';

/** What keeps a customer in a term, as data of a contract. */
const KEEPS = ['minimum_until', 'minimum_months', 'notice_to'];

export const UNKEPT =
  'The policy gives up price for a longer term, and no contract here can say that the term is kept: map minimum_until, minimum_months or notice_to, or set one in record_defaults.';

/** Whether a policy gives up price for a longer term where no contract can say that the term is to be kept: whoever buys long and cheaply
 * leaves after the notice period. `fields`: that a contract has, in the CRM or by default. */
export function sellsUnkept(
  { negotiable }: Pick<ActionDefinition, 'negotiable'>,
  { policy, fields }: { readonly policy: JsonObject; readonly fields: readonly string[] },
): boolean {
  const terms = negotiable.filter(({ kind }) => kind === 'months').map(({ pointer }) => pointer);
  return !KEEPS.some((field) => fields.includes(field)) && sellsLonger(policy, terms);
}

/** Whether the longest term named is worth more to the company than the shortest, in the policy or a segment of it. */
function sellsLonger(policy: JsonObject, terms: readonly string[]): boolean {
  const segments: Json = policy['segments'] ?? [];
  return [policy, ...(Array.isArray(segments) ? segments : [])].some((each) => {
    const issues = isObject(each) ? each['issues'] : undefined;
    return terms.some((pointer) => {
      const issue = isObject(issues) ? issues[pointer] : undefined;
      const worth = isObject(issue) ? issue['worth'] : undefined;
      const points = Object.entries(isObject(worth) ? worth : {}).map(([months, points]) => [Number(months), points]);
      const sorted = points.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, worthOf]) => Number(worthOf));
      return (sorted.at(-1) ?? 0) > (sorted[0] ?? 0);
    });
  });
}
