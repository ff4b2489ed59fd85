/** Days as people count them: in a place. An instant is a day only together with a time zone (IANA). */

/** A time zone by its IANA name; an offset such as `+02:00` has no summer and is none. */
export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && formatOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** The calendar day, `2027-01-31`, that it is there at this instant. */
export function dayIn(timeZone: string, atMs: number): string {
  const parts = formatOf(timeZone).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

const DAY_MS = 86_400_000;

/** Unix ms of the first instant of a day there. Where the clocks skip midnight the day begins later; where they skip a whole day, it
 * begins with the next. */
export function startOfDay({ day, timeZone }: { readonly day: string; readonly timeZone: string }): number {
  // No place is more than a day away from UTC.
  let before = Date.parse(`${day}T00:00:00Z`) - DAY_MS - 1;
  let from = before + 2 * DAY_MS + 2;
  while (from - before > 1) {
    const between = Math.floor((before + from) / 2);
    if (dayIn(timeZone, between) < day) before = between;
    else from = between;
  }
  return from;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const found = formats.get(timeZone);
  if (found !== undefined) return found;
  const made = new Intl.DateTimeFormat('en-US', {
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone,
  });
  formats.set(timeZone, made);
  return made;
}
