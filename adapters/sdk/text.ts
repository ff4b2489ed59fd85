/** A text that is shortened says so. */
const MORE = '…';

/** At most so many characters, without half a surrogate pair and without white space that a CRM would drop. */
export function shortened(text: string, chars: number): string {
  const whole = text.toWellFormed().trim();
  if (whole.length <= chars) return whole;
  const kept = whole.slice(0, chars - MORE.length).toWellFormed();
  // Half of a pair became a replacement character.
  return `${kept.replace(/\uFFFD$/u, '').trimEnd()}${MORE}`;
}
