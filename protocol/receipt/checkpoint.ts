/** C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): the text of a signed tree head.
 *
 * ```
 * <origin>                  unique name of the log
 * <size>                    leaves, decimal, no leading zeroes
 * <base64 root hash>        RFC 6962 root at that size
 * ```
 * Extension lines are refused: Parley's log writes none, and monitors cannot audit them. */
import { decodeBase64, encodeBase64 } from '../base/base64.ts';
import { HASH_BYTES, type TreeHead } from './merkle.ts';
import { isKeyName } from './note.ts';

export interface Checkpoint extends TreeHead {
  readonly origin: string;
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/** Canonical by construction: parsed, written again and compared. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, sizeText, rootText] = text.split('\n', 3);
  if (origin === undefined || !isKeyName(origin) || sizeText === undefined || rootText === undefined) return undefined;
  const size = /^\d{1,16}$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  const root = decodeBase64(rootText);
  if (!Number.isSafeInteger(size) || root?.length !== HASH_BYTES) return undefined;
  const checkpoint = { origin, size, root };
  return formatCheckpoint(checkpoint) === text ? checkpoint : undefined;
}

/** The log's name: its URL prefix without scheme (tlog-tiles, "Parameters"). `https://gw.example` → `gw.example/log`. */
export function logOrigin(companyOrigin: string): string {
  return `${new URL(companyOrigin).host}/log`;
}
