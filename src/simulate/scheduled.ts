import { withAt } from '../../protocol/base/pointer.ts';
import type { Move } from '../negotiation/core.ts';
import { statedIn } from '../negotiation/schedule.ts';
import type { Package } from '../negotiation/space.ts';
import type { Table } from '../negotiation/table.ts';

/** Every package that a move's schedule prices. Each value of an issue is read once, not once a package: a simulation reads a million. */
export function scheduled({ space, main }: Table, move: Extract<Move, { kind: 'offer' }>): readonly Package[] {
  const { schedule, offers } = move;
  const terms = offers.at(-1);
  const beside = terms === undefined ? undefined : space.read(terms);
  if (schedule === undefined || terms === undefined || beside?.ok !== true) return [];
  // A day is not a number on the wire.
  if (schedule.prices.some((price) => typeof price === 'string'))
    return statedIn(space, [{ terms, schedule: { ...schedule, jws: '' } }]);
  const axes = schedule.issues.map(({ pointer, values }) => {
    const place = space.issues.findIndex((issue) => issue.pointer === pointer);
    const levels = values.map((value) => {
      const read = space.read(withAt(terms, pointer, value));
      return read.ok ? (read.value[place] ?? 0) : 0;
    });
    return { place, levels };
  });
  return schedule.prices.flatMap((price, at) => {
    if (typeof price !== 'number') return [];
    const levels = [...beside.value];
    let rest = at;
    for (const axis of axes.toReversed()) {
      levels[axis.place] = axis.levels[rest % axis.levels.length] ?? 0;
      rest = Math.floor(rest / axis.levels.length);
    }
    levels[main] = price;
    return [levels];
  });
}
