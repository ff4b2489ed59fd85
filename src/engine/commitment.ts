import { digest } from '../../protocol/canonical.ts';
import type { Json } from '../../protocol/json.ts';

/** A salted commitment to a value: what the log holds instead of the value. Guessing needs the operation's salt,
 * which lives only in the operation and dies with it. */
export function commitment(salt: string, value: Json): string {
  return digest([salt, value]);
}
