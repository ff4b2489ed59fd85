/** What the simulated action claims: pieces of its first thing, of which there are few, and hours of it, which are nobody else's. */
import { isFinalState } from '../../protocol/operation.ts';
import type { Operation } from '../../src/engine/operation.ts';
import type { ClaimRule } from '../../src/engine/rules.ts';
import type { Store } from '../../src/ports.ts';
import type { Tape } from './crm.ts';

/** Of each thing. */
const PIECES = 5;
const HOURS = 12;

const name = (what: string, { input }: Pick<Operation, 'input'>) => `${what}/${String(input['first'])}`;
const hour = (value: unknown) => `2026-10-01T${String(value).padStart(2, '0')}:00:00Z`;

export const CLAIMS: readonly ClaimRule[] = [
  { name: (scope) => name('pieces', scope), amount: ({ input }) => input['pieces'], of: () => PIECES },
  {
    name: (scope) => name('hours', scope),
    from: ({ input }) => hour(input['hour']),
    to: ({ input }) => hour(Number(input['hour']) + 2),
  },
];

export const drawClaims = (tape: Tape) => ({ pieces: tape.draw(3), hour: tape.draw(HOURS) });

/** At the end: what was granted of a thing is no more than there is and each hour once; who ended without effect holds nothing. */
export function claimedWrong(
  store: Pick<Store, 'heldBy'>,
  operations: readonly Operation[],
  written: readonly string[],
): string[] {
  const granted = operations.filter((each) => each.state === 'completed' || hasWritten(each, written));
  const wrong: string[] = [];
  for (const thing of new Set(operations.map(({ input }) => String(input['first'])))) {
    const own = granted.filter(({ input }) => input['first'] === thing);
    const pieces = own.reduce((sum, { input }) => sum + Number(input['pieces']), 0);
    if (pieces > PIECES) wrong.push(`${thing}: ${pieces} pieces granted of ${PIECES}`);
    const hours = own.map(({ input }) => Number(input['hour'])).toSorted((a, b) => a - b);
    if (hours.some((each, index) => index > 0 && each < (hours[index - 1] ?? 0) + 2))
      wrong.push(`${thing}: an hour granted twice (${hours.join(', ')})`);
    const holders = new Set(store.heldBy(`claim:hours/${thing}`).map(({ operation }) => operation));
    for (const each of own) if (!holders.has(each.id)) wrong.push(`${each.id} ${each.state}: granted and not held`);
    for (const each of operations)
      if (isFinalState(each.state) && !granted.includes(each) && holders.has(each.id))
        wrong.push(`${each.id} ${each.state}: ended without effect and still holds`);
  }
  return wrong;
}

/** With a write in the CRM that was not taken back. */
export function hasWritten({ id }: Operation, written: readonly string[]): boolean {
  const own = written.filter((key) => key.startsWith(`${id}:`));
  const undone = own.filter((key) => key.endsWith(':undo')).length;
  return own.length - undone > undone;
}
