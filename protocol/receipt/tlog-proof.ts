/** C2SP tlog-proof (https://c2sp.org/tlog-proof): a self-contained inclusion proof.
 *
 * ```
 * c2sp.org/tlog-proof@v1
 * extra <base64>            optional; not authenticated by anything
 * index <n>                 zero-based, decimal, no leading zeroes
 * <base64 hash>             zero or more: from the leaf's sibling to the root's child
 * <empty line>
 * <checkpoint>              signed note, verbatim
 * ``` */
import { decodeBase64, encodeBase64 } from '../base/base64.ts';
import { LIMITS } from '../base/limits.ts';
import { HASH_BYTES } from './merkle.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves, the most a safe integer counts, has paths of 53 hashes. */
const PATH_HASHES_MAX = 53;

export interface TlogProof {
  readonly index: number;
  readonly path: readonly Uint8Array[];
  /** The signed note, unverified. */
  readonly checkpoint: string;
  readonly extra?: Uint8Array;
}

export function formatTlogProof({ index, path, checkpoint, extra }: TlogProof): string {
  const head = extra === undefined ? [HEADER] : [HEADER, `extra ${encodeBase64(extra)}`];
  return `${[...head, `index ${index}`, ...path.map(encodeBase64)].join('\n')}\n\n${checkpoint}`;
}

/** Strict: what it accepts, {@link formatTlogProof} writes back byte for byte. */
export function parseTlogProof(text: string): TlogProof | undefined {
  const end = text.indexOf('\n\n');
  if (end < 0 || text.length > 2 * LIMITS.noteBytesMax) return undefined;
  const lines = text.slice(0, end).split('\n');
  if (lines.shift() !== HEADER) return undefined;
  const extra =
    lines[0]?.startsWith('extra ') === true ? decodeBase64(lines.shift()?.slice('extra '.length) ?? '') : undefined;
  const index = parseIndex(lines.shift() ?? '');
  if (index === undefined || lines.length > PATH_HASHES_MAX) return undefined;
  const path: Uint8Array[] = [];
  for (const line of lines) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return undefined;
    path.push(hash);
  }
  const proof: TlogProof = { index, path, checkpoint: text.slice(end + 2), ...(extra === undefined ? {} : { extra }) };
  return formatTlogProof(proof) === text ? proof : undefined;
}

function parseIndex(line: string): number | undefined {
  const digits = /^index (?<digits>\d{1,16})$/.exec(line)?.groups?.['digits'];
  const index = Number(digits);
  return Number.isSafeInteger(index) ? index : undefined;
}
