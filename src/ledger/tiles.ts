/** C2SP tlog-tiles (https://c2sp.org/tlog-tiles): the log as static files of 256 hashes or entries. Pure but for reading. */
import { concatBytes } from '@noble/hashes/utils.js';
import type { LogStore } from './log-store.ts';
import { storedHashIndex } from './tree.ts';

const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;
/** 2^53 leaves, the most a safe integer counts, fill levels 0 to 6. */
const LEVEL_MAX = 6;

export interface TileName {
  /** `entries` names an entry bundle. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 255 for a partial tile, 256 for a full one. */
  readonly width: number;
}

/** The name in a path `<L>/<N>[.p/<W>]`, e.g. `0/x001/x234/067.p/8`; canonical spellings only. */
export function parseTilePath(path: string): TileName | undefined {
  const match = /^(?<level>\d|entries)\/(?<index>(x\d{3}\/){0,4}\d{3})(\.p\/(?<width>\d{1,3}))?$/.exec(path)?.groups;
  if (match === undefined) return undefined;
  const { level, index = '', width } = match;
  const name: TileName = {
    level: level === 'entries' ? level : Number(level),
    index: Number(index.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  return isTile(name) && formatTilePath(name) === path ? name : undefined;
}

export function formatTilePath({ level, index, width }: TileName): string {
  const groups =
    String(index)
      .padStart(Math.ceil(String(index).length / 3) * 3, '0')
      .match(/\d{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tile's bytes: its hashes, or its entries each after its length as big-endian uint16.
 * Undefined when a tree of `size` leaves does not have it (a partial tile is there as soon as it is that full). */
export async function readTile(
  store: Pick<LogStore, 'readHashes' | 'readLeaves'>,
  size: number,
  name: TileName,
): Promise<Uint8Array | undefined> {
  const { level, index, width } = name;
  const first = index * TILE_WIDTH;
  if (!isTile(name) || first + width > nodesAt(level === 'entries' ? 0 : level, size)) return undefined;
  if (level === 'entries') return concatBytes(...(await store.readLeaves(first, width)).map(withLength));
  const indexes = Array.from({ length: width }, (_, at) => storedHashIndex(TILE_HEIGHT * level, first + at));
  return concatBytes(...(await store.readHashes(indexes)));
}

function isTile({ level, index, width }: TileName): boolean {
  return (
    (level === 'entries' || level <= LEVEL_MAX) &&
    Number.isSafeInteger(index * TILE_WIDTH) &&
    width >= 1 &&
    width <= TILE_WIDTH
  );
}

/** Complete subtrees of height 8·level in a tree. */
function nodesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

function withLength(entry: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry);
}
