import { LIMITS } from '../../protocol/base/limits.ts';

/** How long keys that were fetched are good without a look, in seconds: as long as whoever publishes them says (RFC 9111 §5.2.2.1), within bounds. */
export function keySeconds(cacheControl: unknown): number {
  const asked = Number(/max-age=(\d{1,9})/.exec(String(cacheControl))?.[1] ?? LIMITS.directoryTtlSecondsMin);
  return Math.min(Math.max(asked, LIMITS.directoryTtlSecondsMin), LIMITS.directoryTtlSecondsMax);
}
