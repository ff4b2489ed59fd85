/** Lists that come in pages: read whole, or refused, never cut short in silence. */
import { AdapterError, type Ctx } from './index.ts';

export interface PageBounds {
  readonly pagesMax: number;
}

export interface CursorPage<T> {
  readonly items: readonly T[];
  /** Where the next page begins: a cursor, a link, the last key of this page. Absent on the last page. */
  readonly next?: string | undefined;
}

/** Page after page by what each says is next. A page may be empty and not the last; one that points back is the CRM’s mistake. */
export async function* byCursor<T>(
  ctx: Ctx,
  { pagesMax }: PageBounds,
  fetch: (cursor: string | undefined) => Promise<CursorPage<T>>,
): AsyncGenerator<T, void, undefined> {
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    if (ctx.signal.aborted) throw new AdapterError('retryable', 'The call was stopped between two pages.');
    const { items, next } = await fetch(cursor);
    yield* items;
    if (next === undefined) return;
    if (seen.has(next)) throw new AdapterError('bug', 'The CRM’s pages go round in a circle.');
    seen.add(next);
    cursor = next;
  }
  throw tooMany(pagesMax);
}

export interface OffsetPage<T> {
  readonly items: readonly T[];
  /** Whether the CRM says that more follow; a page with no items ends the list in any case. */
  readonly more: boolean;
}

/** Page after page by counting. Where the list changes meanwhile, an item can be there twice or not at all: page by a key where the
 * CRM can, with {@link byCursor}. What `keyOf` says was already there is left out. */
export async function* byOffset<T>(
  ctx: Ctx,
  { pagesMax }: PageBounds,
  fetch: (offset: number) => Promise<OffsetPage<T>>,
  keyOf?: (item: T) => string,
): AsyncGenerator<T, void, undefined> {
  const seen = new Set<string>();
  let offset = 0;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    if (ctx.signal.aborted) throw new AdapterError('retryable', 'The call was stopped between two pages.');
    const { items, more } = await fetch(offset);
    for (const item of items) {
      const key = keyOf?.(item);
      if (key !== undefined && seen.has(key)) continue;
      if (key !== undefined) seen.add(key);
      yield item;
    }
    if (!more || items.length === 0) return;
    offset += items.length;
  }
  throw tooMany(pagesMax);
}

function tooMany(pagesMax: number): AdapterError {
  return new AdapterError('unsupported', `The list has more than ${pagesMax} pages; ask for less of it.`);
}
