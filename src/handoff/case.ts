import type { Operation } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import type { Change, World } from '../engine/world.ts';

/** Whether the CRM is one that takes cases of this action. */
export function takesCases({ crm }: World, { action }: Operation): boolean {
  return crm.manifest.capabilities.some((each) => each.action === action);
}

/** A case that no CRM takes is in the people's inbox: who asked for a person has one, whatever becomes of the ticket. */
export function toInbox(world: World, operation: Operation): Change {
  const moved = move(operation, 'handoff', 'engine', world.clock.now(), {}, { case: operation.handoff?.caseRef ?? '' });
  return { next: moved.next, expected: operation.version, records: [moved.record] };
}
