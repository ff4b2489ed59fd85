import { AUTHORITY } from './authority.ts';
import { BOUNDS } from './bounds.ts';
import { EVIDENCE } from './evidence.ts';
import { HEART } from './heart.ts';
import type { Mutant } from './mutant.ts';
import { PEOPLE } from './people.ts';
import { REACH } from './reach.ts';
import { REQUESTS } from './requests.ts';

/** Every guard that is switched off by `npm run mutants`, by what it guards. */
export const MUTANTS: readonly Mutant[] = [
  ...REQUESTS,
  ...AUTHORITY,
  ...BOUNDS,
  ...HEART,
  ...PEOPLE,
  ...EVIDENCE,
  ...REACH,
];
