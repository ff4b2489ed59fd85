import type { Bench } from './bench.ts';
import type { Outcome } from './outcome.ts';

/** One promise an adapter makes, and how to see whether it is kept. */
export interface Rule {
  readonly number: number;
  readonly title: string;
  run(bench: Bench): Promise<Outcome>;
}
