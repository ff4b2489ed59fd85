import { expect, it } from 'vitest';
import { drawMix } from '../../bench/negotiation/mix.ts';
import { makeCompanySide } from '../negotiation/core.ts';
import { statedIn } from '../negotiation/schedule.ts';
import { scheduled } from './scheduled.ts';

it('a schedule is read quickly as it is read by everybody else', () => {
  let packages = 0;
  for (const { scenario } of drawMix({ scenes: 12, seed: 77, gap: 1 })) {
    const { policy, facts, table } = scenario;
    const side = makeCompanySide(policy, facts, { roundsMax: 6 });
    const move = side.ok ? side.value.next(null) : side;
    if (!move.ok || move.value.kind !== 'offer') throw new Error('no offer');
    const { offers, schedule } = move.value;
    if (schedule === undefined) continue;
    const read = statedIn(table.space, [{ terms: offers.at(-1) ?? {}, schedule: { ...schedule, jws: '' } }]);
    expect(scheduled(table, move.value)).toEqual(read);
    packages += read.length;
  }
  expect(packages).toBeGreaterThan(200);
});
