import type { JsonObject } from '../../../protocol/base/json.ts';
import { makeCustomerNames } from '../../crm/customers.ts';
import type { CrmHealth } from '../../crm/health.ts';
import { accountOf } from '../../engine/case.ts';
import type { Operation } from '../../engine/operation.ts';
import { actionOf, type World } from '../../engine/world.ts';
import { worthOf } from '../../engine/worth.ts';
import { endedSince } from '../../execution/authority.ts';
import { claimsToShow } from '../../execution/claims.ts';
import { termsOf } from '../../execution/terms.ts';
import { outcomesOf } from '../../handoff/settle.ts';
import type { Pipeline } from '../../pipeline.ts';
import { type Desk, INBOX_PAGE } from './desk.ts';

export interface DeskDeps {
  readonly world: World;
  readonly pipeline: Pipeline;
  readonly closed: Desk['closed'];
  readonly crm: CrmHealth['now'];
  readonly model: Desk['model'];
}

const PAGE = 100;

export function makeDesk({ world, pipeline, closed, crm, model }: DeskDeps): Desk {
  const { store } = world;
  const names = makeCustomerNames(world);
  return {
    inbox: (after) => store.forPerson({ limit: INBOX_PAGE, ...(after === undefined ? {} : { after }) }),
    closed,
    crm,
    model,
    operations: () => store.newest(PAGE),
    scheduled: () => store.inState(['scheduled'], 10 * PAGE).toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0)),
    async known(operations) {
      const found = await names(operations);
      return (operation) => ({
        customer: found.get(accountOf(operation) ?? ''),
        worth: worthOf(world, operation, termsToShow(world, operation)),
      });
    },
    now: () => world.clock.now(),
    outcomes: outcomesOf,
    settle: (operation, settling, person) => pipeline.settle(operation, { ...settling, approver: person.id }),
    say: (operation, word, person) => pipeline.say(operation, word, person),
    cancel: (operation, reason, person) => pipeline.cancel(operation, reason, person),
    operation: (id) => store.operation(id),
    bySignoff: (id) => store.bySignoff(id),
    words: (operation) => actionOf(world, operation)?.definition.words,
    claims: (operation) => claimsToShow(world, operation),
    ended: async (operation) => (await endedSince(world, operation)).map(({ words }) => words),
    decide: (operation, decision, person) => pipeline.decide(operation, decision, person, 'page'),
  };
}

/** What was agreed on, or is talked about: the last that was offered by either side. */
function termsToShow(world: World, operation: Operation): JsonObject | null {
  const agreed = termsOf(world, operation);
  const terms = agreed.ok ? agreed.value : null;
  return terms ?? operation.negotiation?.offers.at(-1)?.terms ?? null;
}
