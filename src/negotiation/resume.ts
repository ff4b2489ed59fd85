/** A talk that goes on where the last one about the same record stood: no fresh rounds, no fresh alternatives. */
import type { Package } from './space.ts';
import { companyMove, listAgain, type Move, type TalkState } from './strategy.ts';
import { admissible } from './table.ts';

/** Where the talks about a record stand, whichever of them it was. */
export interface Stood {
  /** The company's turns that were answers to something. */
  readonly rounds: number;
  /** What it offered last; empty where the record has changed since. */
  readonly last: readonly Package[];
}

export interface Answer {
  readonly move: Move;
  /** Rounds there have been, with this one. */
  readonly round: number;
}

/** `spoke`: whether they have made a proposal that is not answered yet. Only that moves the company along its path; and at its end what
 * was offered last is offered again, unless they come to meet it. */
export function answerOn(state: Omit<TalkState, 'round'>, { rounds, last }: Stood, spoke: boolean): Answer {
  const { roundsMax, mayDiscount, table } = state;
  const standing = Math.min(Math.max(1, rounds), roundsMax);
  const again: Move | undefined =
    last.length > 0 && mayDiscount && last.every((each) => admissible(table, each))
      ? {
          kind: 'offer',
          offers: last,
          matched: false,
          final: standing >= roundsMax,
          list: listAgain({ ...state, round: standing }, last),
        }
      : undefined;
  if (spoke && rounds < roundsMax) {
    const round = rounds + 1;
    return { move: companyMove({ ...state, round }), round };
  }
  const move = companyMove({ ...state, round: standing });
  const meets = spoke && move.kind === 'offer' && move.matched;
  return { move: meets ? move : (again ?? move), round: standing };
}
