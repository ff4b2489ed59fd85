import { describe, expect, it } from 'vitest';
import type { Operation } from '../../engine/operation.ts';
import type { Operations } from '../operations.ts';
import { eventsOf } from './stream.ts';

const operation = {
  id: 'op_1',
  version: 3,
  state: 'executing',
  action: 'contract.renew',
  updatedAt: '2026-11-28T09:00:00.000Z',
  messages: [],
  signoffs: [],
  attempts: [],
  history: [],
} as unknown as Operation;

describe('a stream', () => {
  it('E7: ends with the gateway, whatever is under way, and asks once', async () => {
    let asked = 0;
    const operations = {
      ended: true,
      async beyond(seen: Operation) {
        asked += 1;
        return seen;
      },
    } as unknown as Operations;
    const events: unknown[] = [];
    for await (const event of eventsOf(operations, operation, () => false, new AbortController().signal))
      events.push(event);
    expect(events).toHaveLength(1);
    expect(asked).toBe(1);
  });
});
