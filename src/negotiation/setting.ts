import type { Refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { topName } from '../../protocol/base/pointer.ts';
import type { Result } from '../../protocol/base/result.ts';
import type { Terms } from '../../protocol/operation.ts';
import type { Negotiation, Operation } from '../engine/operation.ts';
import type { Window } from '../engine/window.ts';
import type { ActionDefinition } from '../engine/world.ts';
import type { Proposal } from './nearness.ts';
import type { PolicyBook } from './segments.ts';
import { hasStart, type Package, type Space, type SpaceFacts } from './space.ts';
import { layTable, type Table } from './table.ts';

/** `today`: the day the operation began, in the company's zone. */
export function factsOf(
  { negotiable, terms }: ActionDefinition,
  record: JsonObject,
  input: JsonObject,
  today: string,
): SpaceFacts {
  const { properties: members, required } = terms ?? {};
  const needed = Array.isArray(required) ? required : [];
  return {
    // What the terms may do without and the record knows nothing of is not there to be talked about.
    issues: negotiable.filter((issue) => needed.includes(topName(issue.pointer)) || hasStart(issue, record)),
    members: typeof members === 'object' && members !== null ? Object.keys(members) : [],
    record,
    input,
    today,
  };
}

/** The policy of the operation's segment, laid over its facts; `undefined` where no policy can be told. */
export function tableOf(
  books: ReadonlyMap<string, PolicyBook>,
  operation: Operation,
  {
    record,
    space,
    before,
  }: { readonly record: JsonObject; readonly space: Space; readonly before: (window: Window) => JsonObject },
): Result<Table, Refusal> | undefined {
  const book = books.get(operation.action);
  const policy = book?.policyFor({ record, before, tier: operation.mandate?.tier ?? 'none' });
  return policy === undefined ? undefined : layTable(policy, space, before(policy.numbers.since));
}

/** What they said, and which terms of it are not theirs: left out, and completed from our last offer. */
export interface Said {
  readonly terms: Terms;
  readonly unnamed?: readonly string[];
}

/** The names that a proposal leaves to what stands. */
export function unnamedIn(partial: JsonObject, whole: Terms): readonly string[] {
  return Object.keys(whole).filter((name) => !Object.hasOwn(partial, name));
}

/** What the agent has proposed in a talk, oldest first. */
export function saidIn({ offers, unnamed }: Pick<Negotiation, 'offers' | 'unnamed'>): readonly Said[] {
  return offers.flatMap(({ id, by, terms }) => {
    const left = unnamed?.[id];
    return by === 'agent' ? [{ terms, ...(left === undefined ? {} : { unnamed: left }) }] : [];
  });
}

/** What of these can still be said about the record, as proposals under a policy. */
export function proposalsIn({ space, main }: Table, all: readonly Said[]): readonly Proposal[] {
  const price = topName(space.issues[main]?.pointer ?? '');
  return all.flatMap(({ terms, unnamed }) => {
    const levels = space.read(terms);
    return levels.ok ? [{ levels: levels.value, priced: unnamed?.includes(price) !== true }] : [];
  });
}

/** What of these can still be said about the record. */
export function packagesIn(space: Space, all: readonly Terms[]): readonly Package[] {
  return all.flatMap((terms) => {
    const levels = space.read(terms);
    return levels.ok ? [levels.value] : [];
  });
}
