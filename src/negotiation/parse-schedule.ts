import { isObject, type Json } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Issue } from '../engine/world.ts';
import type { Mistakes } from './parse-parts.ts';
import type { Position, SideIssue } from './policy.ts';

/** More than a schedule has room for beside one other position of another issue. */
const POSITIONS_MAX = LIMITS.schedulePackagesMax / 8;

interface Setting {
  readonly issues: readonly Issue[];
  readonly sides: ReadonlyMap<string, SideIssue>;
}

/** `schedule` of a policy: `false`, or by pointer the positions that schedules name: `{"/term_months": [12, 18, 24], "/seats": ["100%", "125%"],
 * "/notice_days": []}`. */
export function readSchedule(
  json: Json | undefined,
  setting: Setting,
  mistakes: Mistakes,
): ReadonlyMap<string, readonly Position[]> | null {
  if (json === undefined) return new Map();
  if (json === false) return null;
  if (!isObject(json)) {
    mistakes.add('/schedule must be false, or an object of positions by issue');
    return null;
  }
  return new Map(
    Object.entries(json).map(([pointer, value]) => [pointer, readPositions(pointer, value, { ...setting, mistakes })]),
  );
}

function readPositions(
  pointer: string,
  value: Json,
  { issues, sides, mistakes }: Setting & { readonly mistakes: Mistakes },
): readonly Position[] {
  const path = `/schedule/${pointer}`;
  const [issue, side] = [issues.find((each) => each.pointer === pointer), sides.get(pointer)];
  if (issue === undefined || side === undefined) {
    mistakes.add(`${path} must be one of the policy’s /issues`);
    return [];
  }
  if (!Array.isArray(value) || value.length > POSITIONS_MAX) {
    mistakes.add(`${path} must be a list of at most ${POSITIONS_MAX} positions`);
    return [];
  }
  const positions = value.map((each, place) => {
    const read = positionOf(issue, side, each);
    if (typeof read === 'string') mistakes.add(`${path}/${place} ${read}`);
    return typeof read === 'string' ? { relative: false, at: side.min } : read;
  });
  if (new Set(positions.map(({ relative, at }) => `${at}${relative ? '%' : ''}`)).size < positions.length)
    mistakes.add(`${path} names a position twice`);
  return positions;
}

/** A position, or what is wrong with it. */
function positionOf(issue: Issue, { min, max, allowed }: SideIssue, value: Json): Position | string {
  if (issue.kind === 'choice') {
    const index = typeof value === 'string' ? (issue.choices ?? []).indexOf(value) : -1;
    return allowed?.includes(index) === true
      ? { relative: false, at: index }
      : 'must be an allowed choice of the issue';
  }
  if (typeof value === 'string' && issue.kind !== 'date' && /^\d{1,4}%$/.test(value))
    return { relative: true, at: Number.parseInt(value, 10) };
  if (typeof value !== 'number' || !Number.isInteger(value)) return 'must be a whole number, or percent as in "125%"';
  return value < min || value > max ? 'must lie in the issue’s range' : { relative: false, at: value };
}
