import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { OperationView } from '../../protocol/operation.ts';
import { type BuyerMove, buyerMove, openOffers, type Stood, settlingFor } from './buyer.ts';
import type { BuyerGoals } from './goals.ts';

/** What the buyer remembers of its talks, by what they were about. */
export interface BuyerMemory {
  recall(about: string): Stood | undefined;
  keep(about: string, stood: Stood): void;
  forget(about: string): void;
}

export interface Buyer {
  /** The next move in a talk, from its newest view. */
  move(view: OperationView): BuyerMove;
  /** A deal ends what was talked about; anything else does not. */
  ended(view: OperationView): void;
}

/** A buyer that goes on where it stood: neither a withdrawal nor another operation takes back what it has settled for. `about`: the record,
 * and whatever else makes it the same matter. */
export function makeBuyer({
  goals,
  about,
  memory,
  roundsMax,
}: {
  readonly goals: BuyerGoals;
  readonly about: string;
  readonly memory: BuyerMemory;
  readonly roundsMax?: number;
}): Buyer {
  const rounds = roundsMax === undefined ? {} : { roundsMax };
  const said = new Set<string>();
  return {
    move(view) {
      const stood = memory.recall(about);
      const move = buyerMove(goals, view, { ...rounds, stood, lastWordSaid: said.has(view.id) });
      if (move.kind === 'counter' && move.last === true) said.add(view.id);
      // Kept before it is said: a crash in between loses nothing that the other side knows.
      if (move.kind === 'counter') {
        const enough = settlingFor(openOffers(view), view.rounds_left ?? 0, roundsMax);
        memory.keep(about, { enough: Math.min(enough, stood?.enough ?? 1) });
      }
      return move;
    },
    ended({ state }) {
      if (state === 'completed') memory.forget(about);
    },
  };
}

/** Forgets with the process. */
export function processMemory(): BuyerMemory {
  const kept = new Map<string, Stood>();
  return {
    recall: (about) => kept.get(about),
    keep: (about, stood) => void kept.set(about, stood),
    forget: (about) => void kept.delete(about),
  };
}

/** One small JSON file, replaced whole. */
export function fileMemory(path: string): BuyerMemory {
  const memory = new Map<string, Stood>(existsSync(path) ? readAll(path) : []);
  const write = (): void => {
    writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(memory)), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  return {
    recall: (about) => memory.get(about),
    keep(about, stood) {
      memory.set(about, stood);
      write();
    },
    forget(about) {
      if (memory.delete(about)) write();
    },
  };
}

function readAll(path: string): [string, Stood][] {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return Object.entries(value ?? {}).flatMap(([about, stood]: [string, unknown]): [string, Stood][] =>
    typeof stood === 'object' && stood !== null && 'enough' in stood && typeof stood.enough === 'number'
      ? [[about, { enough: stood.enough }]]
      : [],
  );
}
