/** Families of customers' agents, from the textbook to the hostile. */
import * as adversary from './adversaries.ts';
import * as choose from './choices.ts';
import * as pace from './paces.ts';
import { bargainer, type Opponent } from './talk.ts';

interface Kind {
  readonly play: Opponent;
  /** `apart`: proposes what it would not sign itself, so that its agreements say nothing of the company's offers. */
  readonly group: 'cooperative' | 'hard' | 'apart';
}

const cooperative = (play: Opponent): Kind => ({ play, group: 'cooperative' });
const hard = (play: Opponent): Kind => ({ play, group: 'hard' });

export const OPPONENTS = {
  'boulware 0.1': cooperative(bargainer(pace.byTime(0.1), choose.ideal)),
  'boulware 0.2, trades': cooperative(bargainer(pace.byTime(0.2), choose.tradeOff)),
  'boulware 0.5': cooperative(bargainer(pace.byTime(0.5), choose.ideal)),
  linear: cooperative(bargainer(pace.byTime(1), choose.ideal)),
  'linear, trades': cooperative(bargainer(pace.byTime(1), choose.tradeOff)),
  'linear, copies': cooperative(bargainer(pace.byTime(1), choose.copied)),
  'conceder 2, trades': cooperative(bargainer(pace.byTime(2), choose.tradeOff)),
  'conceder 5': cooperative(bargainer(pace.byTime(5), choose.ideal)),
  'tit for tat, absolute': cooperative(bargainer(pace.absolute, choose.ideal)),
  'tit for tat, relative': cooperative(bargainer(pace.relative, choose.ideal)),
  'tit for tat, averaged': cooperative(bargainer(pace.averaged, choose.ideal)),
  'nice tit for tat': cooperative(bargainer(pace.nice, choose.byFrequency)),
  micro: cooperative(bargainer(pace.micro, choose.tradeOff)),
  frequency: cooperative(bargainer(pace.byTime(0.5), choose.byFrequency)),
  'random walker': hard(bargainer(pace.erratic, choose.wandering)),
  random: hard(adversary.random),
  late: hard(bargainer(pace.late, choose.ideal)),
  hardliner: hard(bargainer(pace.never, choose.ideal)),
  imitator: hard(adversary.imitator),
  mapper: hard(adversary.mapper),
  misreporter: hard(bargainer(pace.byTime(0.5), choose.misreported)),
  outwaiter: hard(adversary.outwaiter),
  prober: hard(adversary.prober),
  'asks again': hard(adversary.returning(bargainer(pace.byTime(1), choose.ideal))),
  'one cent': { play: adversary.oneCent, group: 'apart' },
  echo: { play: adversary.echo, group: 'apart' },
} as const satisfies Readonly<Record<string, Kind>>;

export type Family = keyof typeof OPPONENTS;
export const FAMILIES = Object.keys(OPPONENTS).filter((name): name is Family => Object.hasOwn(OPPONENTS, name));

/** Those who want an agreement and move towards one. */
export const isCooperative = (family: Family): boolean => OPPONENTS[family].group === 'cooperative';
/** Those that count in a mean, all of them equally. */
export const WEIGHED: readonly Family[] = FAMILIES.filter((family) => OPPONENTS[family].group !== 'apart');
