import { digest } from '../../protocol/base/canonical.ts';
import type { Json } from '../../protocol/base/json.ts';

/** A salted commitment to a value: what the log holds instead of the value. Guessing needs the operation's salt,
 * which lives only in the operation and dies with it. */
export function commitment(salt: string, value: Json): string {
  return digest([salt, value]);
}
