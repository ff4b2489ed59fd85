import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { recordsBefore } from '../engine/baseline.ts';
import { changedUnder, factsDigest, overlaid, watchFields } from '../engine/facts.ts';
import type { Ground, Negotiation, NotSeen, Operation, Seen } from '../engine/operation.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { askedOn } from '../engine/rules.ts';
import { type Window, windowStart } from '../engine/window.ts';
import { actionOf, type World } from '../engine/world.ts';
import { isFar } from './first-offer.ts';
import type { PolicyBook } from './segments.ts';
import { factsOf, tableOf } from './setting.ts';
import { makeSpace, type Space } from './space.ts';
import type { Table } from './table.ts';
import { lastCompanyOffer } from './talk.ts';

export interface StandDeps {
  readonly policies: ReadonlyMap<string, PolicyBook>;
  /** The records as the CRM has them now. */
  readonly look: (operation: Operation) => Promise<Result<Seen, NotSeen>>;
  /** The terms there would be without a talk; null for an action that has none. */
  readonly standardTerms: (operation: Operation) => Result<JsonObject | null, Refusal>;
}

/** Where the company stands on the facts that an operation's records are. */
export interface Stand {
  readonly space: Space;
  /** `undefined` where no policy can be told. */
  readonly table: Result<Table, Refusal> | undefined;
  /** The operation, its records noting what of them is looked at. */
  readonly talking: Operation;
  readonly revision: string | null;
  /** All that was looked at until now. */
  ground(): Ground;
}

export type Stands = ReturnType<typeof makeStands>;

export function makeStands(world: World, deps: StandDeps) {
  /** The operation on today's records, and what its talk starts from. */
  async function today(operation: Operation): Promise<Result<Seen & { readonly facts: JsonObject }, NotSeen>> {
    const seen = await deps.look(operation);
    if (!seen.ok) return seen;
    const facts = startOf(seen.value.operation);
    return facts.ok
      ? ok({ ...seen.value, facts: facts.value })
      : err({ refusal: facts.error, passing: false, dueAt: 0, seen: seen.value.operation });
  }

  /** Whether the company could make a first offer on the records as they are. */
  async function canBegin(operation: Operation): Promise<Result<Operation, Refusal>> {
    const seen = await today(operation);
    if (!seen.ok) return err(seen.error.refusal);
    const stand = standOn(seen.value.operation, seen.value.revision);
    if (!stand.ok) return stand;
    const { table } = stand.value;
    if (table === undefined)
      return err(refusal('record-unusable', 'Which negotiation policy applies to this record cannot be decided.'));
    if (!table.ok) return table;
    return isFar(table.value)
      ? err(refusal('record-unusable', 'The first offer would be further from the record than its policy calls far.'))
      : ok(seen.value.operation);
  }

  /** The record and, where there are any, the terms there would be without a talk. */
  function startOf(operation: Operation): Result<JsonObject, Refusal> {
    const possible = meetsRequirements(world, operation, null);
    if (!possible.ok) return possible;
    const standard = deps.standardTerms(operation);
    return standard.ok ? ok({ ...mainRecord(world, operation), ...standard.value }) : standard;
  }

  function standOn(operation: Operation, revision: string | null): Result<Stand, Refusal> {
    const action = actionOf(world, operation);
    if (action === undefined) return err(refusal('not-found', 'This action is no longer offered.'));
    const watched = watchFields(operation.records ?? {});
    const talking: Operation = { ...operation, records: watched.records };
    const possible = meetsRequirements(world, talking, null);
    if (!possible.ok) return possible;
    const standard = deps.standardTerms(talking);
    if (!standard.ok) return standard;
    const record = overlaid(mainRecord(world, talking), standard.value ?? {});
    const before = (window: Window) => {
      const records = recordsBefore(world, operation, windowStart(window, world.clock.now()));
      const then = deps.standardTerms({ ...operation, records });
      return { ...mainRecord(world, { ...operation, records }), ...(then.ok ? then : standard).value };
    };
    const space = makeSpace(factsOf(action.definition, record, operation.input, askedOn(talking).asked_on));
    if (!space.ok) return space;
    return ok({
      space: space.value,
      table: tableOf(deps.policies, operation, { record, space: space.value, before }),
      talking,
      revision,
      ground() {
        const read = watched.facts();
        return { digest: factsDigest(operation.salt, read), facts: read };
      },
    });
  }

  /** What one side names, with everything else as it was last offered; whole terms that the action's own rules allow. */
  function completed(stand: Stand, talk: Negotiation, partial: JsonObject): Result<Terms, Refusal> {
    const whole = stand.space.complete(partial, lastCompanyOffer(talk.offers)?.terms ?? null);
    const sensible = whole.ok ? meetsRequirements(world, stand.talking, whole.value) : whole;
    return sensible.ok ? whole : sensible;
  }

  return { today, canBegin, startOf, standOn, completed };
}

/** The record the action is about first of all. */
function mainRecord(world: World, operation: Operation): JsonObject {
  const [first] = actionOf(world, operation)?.rules.subjects ?? [];
  const named = operation.records?.[first?.name ?? ''];
  const record = Array.isArray(named) ? named[0] : named;
  return typeof record === 'object' && record !== null && !Array.isArray(record) ? record : {};
}

/** The company's offers that the facts still bear. */
export function standing(talk: Negotiation, records: JsonObject): readonly Offer[] {
  return talk.offers.filter((offer) => offer.by !== 'agent' && changedUnder(offer, talk, records).length === 0);
}

/** The grounds with one more, each once, without those that no offer names any more. */
export function withGround(talk: Negotiation, ground: Ground, offers: readonly Offer[]): readonly Ground[] {
  const named = new Set(offers.map(({ facts }) => facts?.digest));
  const others = (talk.grounds ?? []).filter(({ digest }) => digest !== ground.digest);
  return [...others, ground].filter(({ digest }) => named.has(digest));
}
