/** What must be true of an operation at its end, held against what the CRM has. */
import { canonicalBytes } from '../../protocol/base/canonical.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { isFinalState } from '../../protocol/operation.ts';
import type { Operation } from '../../src/engine/operation.ts';
import { receiptFacts } from '../../src/ledger/receipts.ts';
import type { Written } from './crm.ts';
import { HOUR_MS } from './setting.ts';

export const mine = (key: string, id: string) => key.startsWith(`${id}:`);

/** What is carried out on its day is carried out when the day begins, where nothing stands in its way. */
export function lateOn(operation: Operation | undefined, version: number, written: readonly Written[]): string[] {
  if (operation?.state !== 'completed') return [];
  const { id, schedule, history } = operation;
  if (history.slice(version).some(({ event }) => event === 'voided' || event === 'conflicted')) return [];
  const last = written.filter(({ key }) => mine(key, id)).at(-1);
  const due = Date.parse(schedule?.at ?? '');
  const isThen = last !== undefined && last.at >= due && last.at <= due + 2 * HOUR_MS;
  return isThen ? [] : [`${id}: written at ${last?.at}, not on its day`];
}

export const unsettled = ({ state }: Operation) => !isFinalState(state) && state !== 'needs_human';

/** `isSeen`: by its key; else what somebody else wrote may pass for it. */
export function endedWrong(operation: Operation, keysWritten: readonly string[], isSeen: boolean): string[] {
  const { id, state, plan, history, observation } = operation;
  const story = (what: string) =>
    `${id} ${state}: ${what} (${history.map(({ event, to }) => `${event}→${to}`).join(' ')}; written ${keysWritten.filter((key) => mine(key, id)).join(' ')})`;
  const wrong: string[] = [];
  if (unsettled(operation)) wrong.push(story('has not ended'));
  const ends = history.filter(({ from, to }) => isFinalState(to) && from !== to);
  if (ends.length !== (isFinalState(state) ? 1 : 0)) wrong.push(story(`${ends.length} ends`));
  if (new Set(keysWritten).size !== keysWritten.length) wrong.push(story('a key was written twice'));
  const done = keysWritten.filter((key) => mine(key, id) && !key.endsWith(':undo'));
  const undone = keysWritten.filter((key) => mine(key, id) && key.endsWith(':undo'));
  const planned = plan?.plan.steps.map(({ idempotencyKey }) => idempotencyKey) ?? [];
  if (state === 'completed' && isSeen && planned.some((key) => !done.includes(key)))
    wrong.push(story('completed without its write'));
  if (state === 'reversed' && isSeen && done.length !== undone.length) wrong.push(story('reversed by halves'));
  const untouched = ['rejected', 'withdrawn', 'expired', 'handed_off', 'failed'];
  if (untouched.includes(state) && done.length > 0) wrong.push(story('written and yet ended so'));
  if (state === 'completed' && observation !== undefined && observation.outcome === undefined)
    wrong.push(story('no outcome after its time'));
  return wrong;
}

/** What the receipt says was written, and taken back, is what the CRM has. */
export function receiptedWrong(operation: Operation, written: readonly Written[]): string[] {
  if (!isFinalState(operation.state)) return [];
  const { effects } = receiptFacts(operation, 'http://127.0.0.1:1');
  const told = effects.flatMap(({ idempotency_key: key, reversed }) =>
    reversed === undefined ? [key] : [key, `${key}:undo`],
  );
  const held = written.map(({ key }) => key).filter((key) => mine(key, operation.id));
  const isSame = same(told.toSorted(), held.toSorted());
  return isSame ? [] : [`${operation.id} ${operation.state}: receipted ${told.join(' ')}, written ${held.join(' ')}`];
}

export function same(a: unknown, b: unknown): boolean {
  return Buffer.from(canonicalBytes(a as JsonObject)).equals(Buffer.from(canonicalBytes(b as JsonObject)));
}
