/** Many operations on one record by one customer who looks for more than a single one would give: renewals in a row, talks broken off and
 * begun again, several side by side by several keys. Limits are reckoned anew from where the record stood before the first. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Terms } from '../../protocol/operation.ts';
import { recordsBefore } from '../../src/engine/baseline.ts';
import type { Dealing } from '../../src/engine/dealings.ts';
import type { Operation } from '../../src/engine/operation.ts';
import {
  acceptable,
  type Move,
  makeCompanySide,
  type Past,
  parseNegotiationPolicy,
} from '../../src/negotiation/core.ts';
import { type Case, OPPONENTS, type Random, ROUNDS_MAX, within } from './bargain.ts';

const NOTHING: Past = { rounds: 0, last: [], ours: [], theirs: [] };
/** What a deal writes; dates are left as they are. */
const WRITTEN = ['unit_price', 'term_months', 'seats', 'notice_days'] as const;

export interface Many {
  readonly moves: number;
  readonly deals: number;
  /** Everything the company said, to the byte. */
  readonly said: readonly string[];
  /** What must not be. */
  readonly wrong: readonly string[];
}

/** `given`: of a renewal. */
export function playMany(given: Case, random: Random, operations = 12): Many {
  const parsed = parseNegotiationPolicy(given.policy, given.facts.issues, 'many');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  const policy = parsed.value;
  let record: JsonObject = { id: 'K-1', ...given.facts.record };
  const dealings: Dealing[] = [];
  let past = NOTHING;
  let final: string | undefined;
  /** Proposals since the last deal, and the first request without one. */
  let asked = 0;
  let moves = 0;
  const wrong: string[] = [];
  const all: string[] = [];

  function answer(proposal: JsonObject | null): Move | undefined {
    const side = makeCompanySide(
      policy,
      { ...given.facts, record },
      { roundsMax: ROUNDS_MAX, past, before: before(record, dealings) },
    );
    if (!side.ok) throw new Error(side.error.code);
    const exhausted = past.rounds >= ROUNDS_MAX;
    const move = side.value.next(proposal);
    // What cannot be offered is refused and costs nothing.
    if (!move.ok) return undefined;
    moves += 1;
    past = side.value.stood();
    if (proposal !== null || asked === 0) asked += 1;
    if (past.rounds !== Math.min(ROUNDS_MAX, asked)) wrong.push('a fresh round');
    if (move.value.kind === 'impasse') return move.value;
    wrong.push(...acceptable(move.value).flatMap((terms) => given.breach(terms) ?? []));
    const said = JSON.stringify(move.value.offers);
    all.push(said);
    if (exhausted && !move.value.matched && final !== undefined && said !== final) wrong.push('a fresh alternative');
    if (past.rounds >= ROUNDS_MAX) final = said;
    return move.value;
  }

  function deal(terms: Terms): void {
    const after: JsonObject = { ...record, ...Object.fromEntries(WRITTEN.map((name) => [name, terms[name] ?? null])) };
    const changes = WRITTEN.flatMap((field) => {
      const [from, to]: readonly Json[] = [record[field] ?? null, after[field] ?? null];
      return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ field, from: from ?? null, to: to ?? null }];
    });
    dealings.push(dealingOf(changes, dealings.length));
    record = after;
    past = NOTHING;
    asked = 0;
    final = undefined;
  }

  for (let operation = 0; operation < operations; operation += 1) {
    // Several talks at once, each by a way of its own; what they say meets the same memory.
    const talks = Array.from({ length: within(random, 1, 3) }, () => opponentOf(given, random));
    let offers: readonly Terms[] = [];
    for (let turn = within(random, 1, ROUNDS_MAX); turn > 0; turn -= 1)
      for (const talk of talks) {
        const move = answer(talk());
        if (move !== undefined) talk(move);
        if (move?.kind === 'offer') offers = acceptable(move);
      }
    // The cheapest, or none: broken off, or given to a person.
    const cheapest = offers.toSorted((a, b) => given.amountOf(a) - given.amountOf(b))[0];
    if (cheapest !== undefined && random() < 0.6) deal(cheapest);
  }
  return { moves, deals: dealings.length, said: all, wrong };
}

/** Called with a move, it hears it; without one, it says what it proposes. */
function opponentOf(given: Case, random: Random): (heard?: Move) => JsonObject | null {
  const names = Object.keys(OPPONENTS);
  const next = OPPONENTS[names[within(random, 0, names.length - 1)] ?? '']?.(given, random) ?? (() => null);
  const heard: Move[] = [];
  return (move) => {
    if (move === undefined) return next(heard);
    heard.push(move);
    return null;
  };
}

function dealingOf(changes: Dealing['changes'], at: number): Dealing {
  return {
    operation: `op-${at}`,
    record: 'contract/K-1',
    account: 'A-1',
    agent: 'k',
    issuer: 'i',
    action: 'contract.renew',
    at,
    changes,
  };
}

function before(record: JsonObject, dealings: readonly Dealing[]): JsonObject {
  const world = {
    actions: { action: () => ({ rules: { subjects: [{ name: 'contract', type: 'contract' }] } }) },
    store: { dealings: () => dealings },
  };
  const operation = { id: 'now', action: 'contract.renew', records: { contract: record } };
  const records = recordsBefore(world as never, operation as unknown as Operation, 0);
  return { ...(records['contract'] as JsonObject) };
}
