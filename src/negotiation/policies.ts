/** The negotiation policies of a configuration, held against what the CRM has and against a record such as they are for. */

import type { Adapter } from '../../adapters/sdk/index.ts';
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { dayIn } from '../../protocol/base/zone.ts';
import type { Action, ActionDefinition, Actions } from '../engine/world.ts';
import type { Clock, Log } from '../ports.ts';
import { sellsUnkept, UNKEPT } from './caution.ts';
import { firstOffer, sampleFor } from './first-offer.ts';
import { type PolicyBook, parsePolicies } from './segments.ts';

export interface PolicyDeps {
  readonly config: {
    /** By action. */
    readonly negotiation: Readonly<Record<string, JsonObject>>;
    readonly time_zone: string;
    readonly record_defaults?: Readonly<Record<string, JsonObject>>;
  };
  readonly crm: Pick<Adapter, 'manifest'>;
  readonly contract: Pick<Actions, 'action'> & { readonly all: readonly ActionDefinition[] };
  readonly clock: Clock;
  readonly log: Log;
}

/** By action; or every mistake of every policy. */
export function readPolicies({
  config,
  crm,
  contract,
  clock,
  log,
}: PolicyDeps): Result<ReadonlyMap<string, PolicyBook>, readonly string[]> {
  const policies = new Map<string, PolicyBook>();
  const problems: string[] = [];
  const today = dayIn(config.time_zone, clock.now().getTime());
  for (const [name, json] of Object.entries(config.negotiation)) {
    const action = contract.action(name);
    const issues = action?.definition.negotiable ?? [];
    const isKnown = contract.all.some((each) => each.name === name && each.negotiable.length > 0);
    const why =
      action === undefined && isKnown ? ' is for an action that the CRM cannot do here' : ' is not a negotiable action';
    const read =
      action === undefined || issues.length === 0
        ? err([why])
        : parsePolicies(name, json, issues, { fields: fieldsOf(action, crm.manifest.fields) });
    if (read.ok) policies.set(name, read.value);
    const fields = [
      ...(crm.manifest.fields?.['contract'] ?? []),
      ...Object.keys(config.record_defaults?.['contract'] ?? {}),
    ];
    if (action !== undefined && sellsUnkept(action.definition, { policy: json, fields }))
      log('negotiation.term_not_kept', { action: name, detail: UNKEPT });
    const told = read.ok ? mistakenOf(read.value, { definition: action?.definition, today, log }) : read.error;
    problems.push(...told.map((each) => `/negotiation/${name}${each}`));
  }
  return problems.length > 0 ? err(problems) : ok(policies);
}

/** The record's fields that a policy may name: what the adapter reads of it, and what its terms begin with. */
function fieldsOf({ rules, definition }: Action, fields: Adapter['manifest']['fields']): readonly string[] | undefined {
  const [subject] = rules.subjects;
  const read = subject === undefined ? undefined : fields?.[subject.type];
  const terms = definition.terms?.['properties'];
  return read === undefined
    ? undefined
    : [...new Set(['id', 'account', ...read, ...Object.keys(isObject(terms) ? terms : {})])];
}

/** Tells in money what each policy would say first; and gives those that would say what nobody means. */
function mistakenOf(
  book: PolicyBook,
  {
    definition,
    today,
    log,
  }: { readonly definition: ActionDefinition | undefined; readonly today: string; readonly log: Log },
): readonly string[] {
  return book.all.flatMap(({ segment, policy }) => {
    if (definition === undefined) return [];
    const first = firstOffer(policy, { definition, record: sampleFor(definition, policy, today), today });
    if (!first.ok) return [];
    const { record, offer, with: besides, far } = first.value;
    log('negotiation.first_offer', { action: definition.name, segment, sample: record, offer, with: [...besides] });
    const whose = segment === null ? '' : `/segments, ${segment}`;
    return far
      ? [
          `${whose}: where the record says ${record}, the first offer would be ${offer}. Mend /main/open or its unit, name a record like yours in /main/sample, or allow it in /main/far (percent)`,
        ]
      : [];
  });
}
