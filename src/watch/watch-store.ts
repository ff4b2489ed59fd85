import type { Ref } from '../../adapters/sdk/index.ts';
import type { Operation } from '../engine/operation.ts';

/** Which operations depend on which record. The index is written with the operation, in its transaction (`watchesOf`).
 * One implementation for SQLite: `src/store/watches-sqlite.ts`. */
export interface Watches {
  /** Operations that depend on this record, the longest watched first. */
  on(ref: Ref): readonly Operation[];
  /** Types of record that any operation depends on. */
  types(): readonly string[];
  /** Records of sign-offs that began to wait after this position (0 for all that wait), in order. */
  since(position: number, limit: number): readonly { readonly position: number; readonly ref: Ref }[];
  /** Operations whose observation is over and has no outcome, the earliest first; after a place, those behind it. */
  ended(nowMs: number, limit: number, after?: EndedPlace): readonly Ended[];
  /** How far the CRM's changes of this type were followed. */
  cursor(type: string): string | undefined;
  /** Null forgets it: the type is followed from the beginning again. */
  saveCursor(type: string, cursor: string | null): void;
}

/** Where an observation stands in the order of their ends. */
export interface EndedPlace {
  readonly until: number;
  readonly id: number;
}

export interface Ended {
  readonly place: EndedPlace;
  readonly operation: Operation;
}

/** One row of the index. */
export interface Watch {
  readonly ref: Ref;
  /** Unix ms of the end of the observation; null for a sign-off, which ends by itself. */
  readonly until: number | null;
}

/** The records an operation depends on now: those its plan was made from while a person looks at it, those it wrote while its outcome is observed. */
export function watchesOf(operation: Operation): Watch[] {
  const { state, plan, attempts, observation } = operation;
  if (state === 'awaiting_signoff') {
    const read = plan?.plan.steps.flatMap(({ preconditions }) => preconditions.map(({ ref }) => ref)) ?? [];
    return distinct(read).map((ref) => ({ ref, until: null }));
  }
  if (state !== 'completed' || observation === undefined || observation.outcome !== undefined) return [];
  const written = attempts.flatMap(({ result }) => (result === undefined ? [] : [result.ref]));
  return distinct(written).map((ref) => ({ ref, until: observation.until }));
}

/** Whether this change of the operation may have changed what it depends on. */
export function mayWatch({ state, history }: Operation): boolean {
  return state === 'awaiting_signoff' || state === 'completed' || history.at(-1)?.from === 'awaiting_signoff';
}

export function refKey({ type, by, value }: Ref): string {
  return JSON.stringify([type, by, value]);
}

function distinct(refs: readonly Ref[]): Ref[] {
  return [...new Map(refs.map((ref) => [refKey(ref), ref])).values()];
}
