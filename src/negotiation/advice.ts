import { formatMoney } from '../../protocol/base/money.ts';
import { at } from '../../protocol/base/pointer.ts';
import type { Terms } from '../../protocol/operation.ts';
import type { Issue } from '../engine/world.ts';
import { isMoney } from './issues.ts';
import { wishesOf } from './learn.ts';
import { nearest, type Proposal } from './nearness.ts';
import type { Package } from './space.ts';
import type { Table } from './table.ts';

/** Why a person is asked. */
export interface Impasse {
  readonly why: 'gap' | 'budget';
  /** Whether their nearest proposal is within the policy. */
  readonly inReach: boolean;
}

/** What a person who takes over should know. For the company's people only: whether a limit is reached is nobody else's business. */
export function adviceFor(
  table: Table,
  theirs: readonly Proposal[],
  ours: readonly Package[],
  impasse: Impasse,
): string {
  const { issues, write } = table.space;
  const [last, mine] = [nearest(table, theirs)?.levels, ours.at(-1)];
  const main = issues[table.main];
  const reason =
    impasse.why === 'budget'
      ? 'The budget of this period is used up: agreeing to anything that costs needs an exception.'
      : impasse.inReach
        ? 'The nearest they asked for is within the policy: you may agree to it.'
        : 'The nearest they asked for is beyond the policy: agreeing to it needs an exception.';
  const stand =
    main === undefined || last === undefined
      ? []
      : [
          `${main.label}: they ask for ${shown(write(last), main)}${mine === undefined ? '' : `, we last offered ${shown(write(mine), main)}`}.`,
        ];
  const wishes = wishesOf(table, theirs);
  const named = (pick: (dearness: number) => boolean) =>
    issues.flatMap(({ label }, place) => {
      const wish = wishes[place];
      return wish !== null && wish !== undefined && wish.taken.length > 1 && pick(wish.dearness) ? [label] : [];
    });
  const [firm, flexible] = [named((dearness) => dearness > 1), named((dearness) => dearness < 1)];
  return [
    reason,
    ...stand,
    ...(flexible.length === 0 ? [] : [`They moved on: ${flexible.join(', ')}.`]),
    ...(firm.length === 0 ? [] : [`They did not move on: ${firm.join(', ')}.`]),
  ].join(' ');
}

function shown(terms: Terms, issue: Issue): string {
  const value = at(terms, issue.pointer);
  return isMoney(value) ? formatMoney(value) : String(value);
}
