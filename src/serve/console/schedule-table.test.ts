import { describe, expect, it } from 'vitest';
import vectors from '../../../protocol/vectors/schedule.json' with { type: 'json' };
import type { Operation } from '../../engine/operation.ts';
import { scheduleTable } from './schedule-table.ts';

const { schedule, terms } = vectors.base;
const page = async (offers: object[], agreement?: object) =>
  String(await scheduleTable({ negotiation: { offers }, agreement } as unknown as Operation));

describe('N1: the console', () => {
  it('shows the prices beside the offer that was accepted, or else the last ones', async () => {
    const cheap = { ...schedule, prices: [1_000, 900, 850, 800, 700, null] };
    const [old, now] = [
      { id: 'of_1', terms, schedule: cheap },
      { id: 'of_2', terms, schedule },
    ];
    expect(await page([old, now])).toContain('<td>47.00*</td><td>–</td>');
    expect(await page([old, now], { offer: 'of_1' })).toContain('<td>7.00*</td>');
    expect(await page([{ id: 'of_1', terms }])).toBe('');
  });

  it('shows what a value says as text', async () => {
    const forms = [{ pointer: '/form', values: ['<b>', 'b'] }];
    const odd = { main: '/days', issues: forms, prices: [1, 2], firmness: 'binding', indicative: [] };
    expect(await page([{ id: 'of_1', terms, schedule: odd }])).not.toContain('<b>');
  });
});
