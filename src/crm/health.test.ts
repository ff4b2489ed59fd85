import { describe, expect, it } from 'vitest';
import { type Adapter, AdapterError, type Health } from '../../adapters/sdk/index.ts';
import { inboxPage } from '../serve/console/inbox.ts';
import { makeCrmHealth } from './health.ts';

const AT = new Date('2026-11-02T09:00:00Z');
const NOTHING = {
  ...{ operations: [], total: 0, next: undefined, isFirst: true, now: AT },
  known: () => ({ customer: undefined, worth: {} }),
};

function watched(answers: (() => Health)[]) {
  const told: unknown[] = [];
  const crm = {
    manifest: { title: 'A CRM' },
    health: async () => (answers.shift() ?? (() => ({ ok: true, latencyMs: 1 })))(),
  };
  const health = makeCrmHealth({
    crm: crm as unknown as Adapter,
    clock: { now: () => AT },
    log: (event, fields) => void told.push([event, fields]),
  });
  return { health, told };
}

describe('the CRM’s health', () => {
  it('E17: is asked, told where it changes, and shown', async () => {
    const down = () => {
      throw new AdapterError('retryable', 'The CRM cannot be reached.');
    };
    const fine = () => ({ ok: true, latencyMs: 7, detail: '12 of 100 calls a day used' });
    const { health, told } = watched([fine, fine, down, down, fine]);
    expect(health.now()).toBeUndefined();
    for (let n = 0; n < 4; n += 1) await health.ask();
    expect(told).toEqual([
      ['crm.health', { ok: true, latency_ms: 7, detail: '12 of 100 calls a day used' }],
      ['crm.health', { ok: false, latency_ms: 0, detail: 'The CRM cannot be reached.' }],
    ]);
    expect(String(inboxPage(NOTHING, { closed: undefined, crm: health.now(), model: undefined }))).toContain(
      'The CRM cannot be reached.',
    );
    await health.ask();
    expect(String(inboxPage(NOTHING, { closed: undefined, crm: health.now(), model: undefined }))).toContain(
      '12 of 100 calls a day used',
    );
    expect(told).toHaveLength(3);
  });

  it('E17: of an adapter that fails otherwise is not well, and says nothing of why', async () => {
    const { health } = watched([
      () => {
        throw new Error('token sk-123');
      },
    ]);
    await health.ask();
    expect(health.now()).toMatchObject({ ok: false, detail: 'The adapter failed.', title: 'A CRM' });
  });
});
