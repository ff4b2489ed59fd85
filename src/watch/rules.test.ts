import { describe, expect, it } from 'vitest';
import type { Operation } from '../engine/operation.ts';
import { outcomeOf, overtaken, type Seen } from './rules.ts';

const ref = { type: 'contract', by: 'id', value: 'K-1' } as const;

/** The members these rules read. */
function waiting(version: string, more: object = {}): Operation {
  const plan = { steps: [{ preconditions: [{ ref, version }] }], warnings: [] };
  const signoffs = [{ id: 'so_1', decision: { kind: 'void' } }, { id: 'so_2' }];
  return { state: 'awaiting_signoff', plan: { plan }, signoffs, ...more } as unknown as Operation;
}
const seen = (version: string, versionKind: 'counter' | 'timestamp' | 'etag' | 'hash'): Seen => ({
  ref,
  version,
  versionKind,
});

describe('overtaken', () => {
  it.each([
    ['the same', '7', seen('7', 'counter'), false],
    ['a later count', '9', seen('10', 'counter'), true],
    ['an earlier count: a stale read', '10', seen('9', 'counter'), false],
    ['a later time', '2026-01-01T00:00:00Z', seen('2026-01-01T00:00:00.001Z', 'timestamp'), true],
    ['an earlier time', '2026-01-01T00:00:00.001Z', seen('2026-01-01T00:00:00Z', 'timestamp'), false],
    ['a time that is none', 'x', seen('y', 'timestamp'), true],
    ['another hash', 'b', seen('a', 'hash'), true],
    ['another etag', 'b', seen('a', 'etag'), true],
    ['no record at all', '7', { ref, gone: true } as Seen, true],
    ['another record', '7', { ...seen('8', 'counter'), ref: { ...ref, value: 'K-2' } }, false],
    ['another type', '7', { ...seen('8', 'counter'), ref: { ...ref, type: 'account' } }, false],
  ])('%s', (_what, planned, found, expected) => {
    expect(overtaken(waiting(planned), found)?.id).toBe(expected ? 'so_2' : undefined);
  });

  it('leaves a decided sign-off and every other state alone', () => {
    const found = seen('8', 'counter');
    expect(overtaken(waiting('7', { signoffs: [{ id: 'so_1', decision: { kind: 'approved' } }] }), found)).toBe(
      undefined,
    );
    for (const state of ['authorized', 'executing', 'completed', 'negotiating'])
      expect(overtaken(waiting('7', { state }), found)).toBe(undefined);
  });
});

describe('outcomeOf', () => {
  const DAY_MS = 86_400_000;
  const until = 1_000 * DAY_MS;
  it.each([
    ['all there, too early', ['applied', 'applied'], until - 1, false, undefined],
    ['all there at the end', ['applied', 'applied'], until, false, 'kept'],
    ['one is not as written', ['applied', 'diverged'], 0, false, 'overturned'],
    ['one is not there', ['not_applied'], 0, false, 'overturned'],
    ['its record is gone', ['gone'], 0, false, 'overturned'],
    ['ours came after it', ['diverged'], 0, true, 'superseded'],
    ['ours came after it and left it', ['applied'], until, true, 'kept'],
    ['cannot be told yet', ['applied', 'unknown'], until + DAY_MS - 1, false, undefined],
    ['could not be told for a day', ['applied', 'unknown'], until + DAY_MS, false, 'unknown'],
    ['one is off, whatever the other is', ['unknown', 'diverged'], 0, false, 'overturned'],
  ] as const)('%s: %j', (_what, found, now, superseded, outcome) => {
    expect(outcomeOf(found, { until }, now, superseded)).toBe(outcome);
  });
});
