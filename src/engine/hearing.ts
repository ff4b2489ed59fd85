/** What the company's AI is asked, and what it may answer. */
import type { JsonObject } from '../../protocol/base/json.ts';

/** A move of the company's that code has already bounded, or a person, who is always one. */
export type SayableMove = { readonly kind: 'offer'; readonly terms: JsonObject } | { readonly kind: 'person' };

/** All that the company's AI is ever told of a negotiation: public facts and the legal moves. No policy, no bound, no other customer. */
export interface Hearing {
  readonly operation: string;
  readonly company: string;
  readonly action: string;
  /** The negotiable issues, in words. */
  readonly issues: readonly { readonly pointer: string; readonly label: string }[];
  /** What the record says of those issues: known to the customer. */
  readonly record: JsonObject;
  readonly said: readonly {
    readonly by: 'agent' | 'company' | 'person';
    readonly terms?: JsonObject;
    readonly text?: string;
  }[];
  readonly moves: readonly SayableMove[];
  readonly roundsLeft: number;
}

export interface Spoken {
  /** Index in {@link Hearing.moves}. */
  readonly move: number;
  readonly text: string;
}

/** Chooses among the moves and explains the choice. Undefined when it has nothing usable to say; it never throws. */
export interface Voice {
  speak(hearing: Hearing): Promise<Spoken | undefined>;
}
