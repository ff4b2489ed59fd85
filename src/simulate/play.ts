import type { Refusal } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Terms } from '../../protocol/operation.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { makeCompanySide } from '../negotiation/core.ts';
import type { Package } from '../negotiation/space.ts';
import { admissible } from '../negotiation/table.ts';
import type { Deal } from './frontier.ts';
import type { Opponent } from './opponents.ts';
import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';

export interface Outcome {
  readonly agreed: Deal | undefined;
  /** Whether what was signed is within the policy. */
  readonly within: boolean;
  /** Turns the company took. */
  readonly rounds: number;
  readonly ended: 'agreed' | 'left' | 'person';
  /** Everything the company showed, in order: all an opponent can learn from. */
  readonly shown: readonly string[];
}

/** One talk, to its end. */
export function play(scenario: Scenario, opponent: Opponent, random: Random): Result<Outcome, Refusal> {
  const { policy, facts, table } = scenario;
  const rounds = LIMITS.negotiationRoundsMax;
  const side = makeCompanySide(policy, facts, { roundsMax: rounds });
  if (!side.ok) return side;
  const reply = opponent(scenario, random);
  const own: Package[] = [];
  const company: (readonly Package[])[] = [];
  const shown: string[] = [];
  let proposal: Terms | null = null;
  for (let round = 1; round <= rounds; round += 1) {
    const moved = side.value.next(proposal);
    if (!moved.ok) return moved;
    const move = moved.value;
    // Advice for the company's person is not among what is shown.
    shown.push(JSON.stringify(move.kind === 'offer' ? move : { kind: move.kind }));
    if (move.kind === 'impasse') return ok(none(round, 'person', shown));
    const open = move.offers.flatMap((terms) => {
      const read = table.space.read(terms);
      return read.ok ? [read.value] : [];
    });
    company.push(open);
    const said = reply({ open, company, own, left: rounds - round, rounds });
    if (said.kind === 'leave') return ok(none(round, 'left', shown));
    if (said.kind === 'accept') {
      const agreed = { company: scenario.companyGain(said.levels), customer: scenario.customerGain(said.levels) };
      return ok({ agreed, within: admissible(table, said.levels), rounds: round, ended: 'agreed', shown });
    }
    own.push(said.levels);
    proposal = table.space.write(said.levels);
  }
  return ok(none(rounds, 'left', shown));
}

function none(rounds: number, ended: 'left' | 'person', shown: readonly string[]): Outcome {
  return { agreed: undefined, within: true, rounds, ended, shown };
}
