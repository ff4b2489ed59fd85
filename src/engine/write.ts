import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { isFinalState } from '../../protocol/operation.ts';
import {
  type Committed,
  type Held,
  type Outgoing,
  PUSH_ENDPOINT,
  type Release,
  type Store,
  type Unit,
} from '../ports.ts';
import { mayLeaveEffect } from './effects.ts';
import type { Operation } from './operation.ts';
import type { Change } from './world.ts';

export interface Written {
  /** The change itself, or what was done instead. */
  readonly change: Change;
  readonly committed: Exclude<Committed, Held>;
}

/** Writes what a step wants written. Where others hold what it would hold, what the step says is done instead. */
export async function write(
  store: Pick<Store, 'commit'>,
  wanted: Change,
  /** What goes into the same transaction. */
  beside: (change: Change) => Unit = () => ({}),
): Promise<Result<Written, Refusal>> {
  let change = wanted;
  for (;;) {
    const committed = await store.commit({ ...toUnit(change), ...beside(change) });
    if (committed.ok || committed.reason !== 'held') return ok({ change, committed });
    const instead = (await change.otherwise?.(committed)) ?? err(refusalOf(committed));
    if (!instead.ok) return instead;
    change = instead.value;
  }
}

/** How it is told that others hold what an operation would. */
export function refusalOf({ kind, name, by }: Held): Refusal {
  const what = name.slice(kind.length + 1);
  switch (kind) {
    case 'claim':
      return by === null
        ? refusal('claim-exceeded', `There is not as much as is claimed of ${what}.`)
        : refusal('already-claimed', `Another request claims ${what} at the same time.`);
    case 'mandate':
    case 'grant':
      return refusal('mandate-exceeded', 'It has no room for this beside what was done under it before.');
    case 'record':
    case 'talk':
      return refusal('record-busy', `Another request on ${what} is open.`);
    case 'budget':
    case 'people':
      return refusal('offer-unavailable');
  }
}

export function toUnit({ next, expected, beside = [], records, outgoing = [], holds = [], memory }: Change): Unit {
  const releases = released(next);
  return {
    operations: [{ next, expected }, ...beside],
    records,
    outgoing: [...outgoing, ...pushesOf(next)],
    ...(holds.length === 0 ? {} : { holds }),
    ...(releases.length === 0 ? {} : { releases }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** What an operation gives back in the transaction that ends it: all of it, unless something of it stays. */
function released(operation: Operation): readonly Release[] {
  if (!isFinalState(operation.state)) return [];
  return [{ operation: operation.id, what: mayLeaveEffect(operation) ? 'operation' : 'all' }];
}

/** News of a change for whoever asked for it: what is sent is made from the operation when it is sent. */
function pushesOf(next: Operation): Outgoing[] {
  return (next.pushes ?? []).map(({ id }) => ({
    id: `${next.id}.${next.version}.${id}`,
    endpoint: `${PUSH_ENDPOINT}${next.id}/${id}`,
    type: 'operation.changed',
    payload: { operation: next.id, version: next.version },
    dueAt: Date.parse(next.updatedAt),
  }));
}
