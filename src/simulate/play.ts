import type { Refusal } from '../../protocol/base/errors.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import type { Terms } from '../../protocol/operation.ts';
import type { Past } from '../negotiation/core.ts';
import type { Points } from '../negotiation/policy.ts';
import { packagesIn } from '../negotiation/setting.ts';
import type { Package } from '../negotiation/space.ts';
import { admissible } from '../negotiation/table.ts';
import { type Company, parley } from './companies.ts';
import type { Deal } from './frontier.ts';
import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { scheduled } from './scheduled.ts';
import { bestOf, type Opponent } from './talk.ts';

export interface Outcome {
  readonly agreed: Deal | undefined;
  readonly signed: Package | undefined;
  /** Whether everything that was offered is within the policy. */
  readonly within: boolean;
  /** Whether the customer proposed something within the policy that came to nothing, and that no person decides about. */
  readonly missed: boolean;
  /** Whether a person has it who may agree to what the customer proposed, within the policy. */
  readonly forPerson: boolean;
  /** Turns the company took. */
  readonly rounds: number;
  readonly ended: 'agreed' | 'left' | 'person';
  /** Everything the company showed, in order: all an opponent can learn from. */
  readonly shown: readonly string[];
}

/** Operations about one record, after which nobody listens any more. */
const OPERATIONS_MAX = 8;

/** One talk, to its end; over several operations where the other side begins anew. */
export function play(
  scenario: Scenario,
  opponent: Opponent,
  { random, company = parley }: { readonly random: Random; readonly company?: Company },
): Result<Outcome, Refusal> {
  const reply = opponent(scenario, random);
  const shown: string[] = [];
  let [past, within, missed, rounds]: [Past | undefined, boolean, boolean, number] = [undefined, true, false, 0];
  for (let operation = 0; operation < OPERATIONS_MAX; operation += 1) {
    const talk = talkOf(scenario, { company, past, reply, shown });
    if (!talk.ok) return talk;
    const { ended, agreed, signed, forPerson } = talk.value;
    within &&= talk.value.within;
    missed ||= talk.value.missed;
    rounds += talk.value.rounds;
    past = talk.value.past;
    if (ended !== 'again')
      return ok({
        agreed,
        signed,
        within,
        missed: missed && agreed === undefined && ended !== 'person',
        forPerson,
        rounds,
        ended,
        shown,
      });
  }
  return ok({ agreed: undefined, signed: undefined, within, missed, forPerson: false, rounds, ended: 'left', shown });
}

interface Talk extends Pick<Outcome, 'agreed' | 'signed' | 'within' | 'missed' | 'forPerson' | 'rounds'> {
  readonly ended: Outcome['ended'] | 'again';
  readonly past: Past;
}

function talkOf(
  scenario: Scenario,
  {
    company,
    past,
    reply,
    shown,
  }: {
    readonly company: Company;
    readonly past: Past | undefined;
    readonly reply: ReturnType<Opponent>;
    readonly shown: string[];
  },
): Result<Talk, Refusal> {
  const { table } = scenario;
  const rounds = LIMITS.negotiationRoundsMax;
  const side = company(scenario, { roundsMax: rounds, ...(past === undefined ? {} : { past }) });
  if (!side.ok) return side;
  const own: Package[] = [];
  const heard: (readonly Package[])[] = [];
  const before = shown.length;
  // Who leaves near an agreement has said so to a person first.
  const unmet = () => (side.value.unmet().person ? 'person' : 'left');
  const opened: (readonly Package[])[] = [];
  const best: Points[] = [];
  const inReach = () => own.some((each) => admissible(table, each) && scenario.companyGain(each) >= 0);
  let proposal: Terms | null = null;
  const end = (ended: Talk['ended'], signed?: Package): Result<Talk, Refusal> =>
    ok({
      ended,
      rounds: shown.length - before,
      within: opened.every((offers) => offers.every((each) => admissible(table, each))),
      missed: ended !== 'person' && inReach(),
      forPerson: ended === 'person' && inReach(),
      past: side.value.stood(),
      signed,
      agreed:
        signed === undefined
          ? undefined
          : { company: scenario.companyGain(signed), customer: scenario.customerGain(signed) },
    });
  for (let round = 1; round <= rounds; round += 1) {
    const moved = side.value.next(proposal);
    if (!moved.ok) return moved;
    const move = moved.value;
    // Advice for the company's person is not among what is shown.
    shown.push(JSON.stringify(move.kind === 'offer' ? move : { kind: move.kind }));
    if (move.kind === 'impasse') return end('person');
    const offers = packagesIn(table.space, move.offers);
    const liked = bestOf(scenario, scheduled(table, move));
    const open = [...(liked === undefined ? [] : [liked]), ...offers];
    opened.push(open);
    heard.push(offers);
    best.push(Math.max(...open.map(scenario.customerGain)));
    const said = reply({ open, company: heard, best, own, left: rounds - round, rounds });
    if (said.kind === 'again') return end('again');
    if (said.kind === 'leave') return end(unmet());
    if (said.kind === 'accept') return end('agreed', said.levels);
    own.push(said.levels);
    proposal = table.space.write(said.levels);
  }
  return end(unmet());
}
