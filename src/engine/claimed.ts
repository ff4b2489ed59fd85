/** What is known of claims: who holds how much of what, for rules and for the people who decide. */
import type { Money } from '../../protocol/base/money.ts';
import type { State } from '../../protocol/operation.ts';
import type { Hold } from '../ports.ts';

export type Amount = Money | number;

/** Another operation that holds some of the same. */
export interface EarlierClaim {
  readonly operation: string;
  readonly at: string;
  readonly state: State | 'forgotten';
  readonly amount: Amount | null;
  readonly span?: Hold['span'];
}

export interface Claim {
  readonly name: string;
  /** Null: a span, or the whole thing. */
  readonly amount: Amount | null;
  /** How much there is in all; null where that cannot be read. */
  readonly of: Amount | null;
  /** How much of it others than this gateway granted, as far as the CRM says so. */
  readonly elsewhere: number;
  /** The same, if what is being written now is in the CRM’s figure already. */
  readonly elsewhereAtLeast: number;
  readonly span?: Hold['span'];
  readonly earlier: readonly EarlierClaim[];
}

/** What is known of earlier claims on the same, for sign-off rules and people. */
export interface ClaimedBefore {
  readonly operations: number;
  readonly open: number;
  /** The largest sum, in minor units or pieces. */
  readonly amount: number;
  /** Whether of every claim it is known how much there is. */
  readonly certain: boolean;
  readonly claims: readonly Claim[];
}
