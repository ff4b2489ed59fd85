import { describe, expect, it } from 'vitest';
import type { Ctx } from './index.ts';
import { byCursor, byOffset } from './pages.ts';
import { safeText } from './redact.ts';

const ctx = (signal = new AbortController().signal): Ctx => ({
  clock: () => new Date('2026-11-02T09:00:00Z'),
  signal,
  log: () => undefined,
});
async function all(items: AsyncIterable<number>): Promise<number[]> {
  const list: number[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('pages by cursor', () => {
  const pages = new Map<string | undefined, { items: number[]; next?: string }>([
    [undefined, { items: [1, 2], next: 'a' }],
    ['a', { items: [], next: 'b' }],
    ['b', { items: [3] }],
  ]);
  const fetch = async (cursor: string | undefined) => pages.get(cursor) ?? { items: [] };

  it('are read to the end, an empty one in between too', async () => {
    expect(await all(byCursor(ctx(), { pagesMax: 3 }, fetch))).toEqual([1, 2, 3]);
  });

  it('are refused when there are too many, when they go in a circle, and when the caller is gone', async () => {
    await expect(all(byCursor(ctx(), { pagesMax: 2 }, fetch))).rejects.toMatchObject({ code: 'unsupported' });
    const round = byCursor(ctx(), { pagesMax: 100 }, async () => ({ items: [1], next: 'a' }));
    await expect(all(round)).rejects.toMatchObject({ code: 'bug' });
    const gone = byCursor(ctx(AbortSignal.abort()), { pagesMax: 3 }, fetch);
    await expect(all(gone)).rejects.toMatchObject({ code: 'retryable' });
  });

  it('are fetched no sooner than they are needed', async () => {
    let fetched = 0;
    for await (const item of byCursor(ctx(), { pagesMax: 3 }, (cursor) => {
      fetched += 1;
      return fetch(cursor);
    }))
      if (item === 2) break;
    expect(fetched).toBe(1);
  });
});

describe('pages by offset', () => {
  const list = [1, 2, 3, 4, 5];
  const fetch = async (offset: number) => ({ items: list.slice(offset, offset + 2), more: offset + 2 < list.length });

  it('are read to the end, each item once', async () => {
    expect(await all(byOffset(ctx(), { pagesMax: 3 }, fetch))).toEqual(list);
    const moving = async (offset: number) => (offset === 0 ? fetch(0) : fetch(offset - 1));
    expect(await all(byOffset(ctx(), { pagesMax: 4 }, moving, String))).toEqual(list);
  });

  it('end at an empty page, whatever the CRM says, and are refused when there are too many', async () => {
    expect(await all(byOffset(ctx(), { pagesMax: 9 }, async () => ({ items: [], more: true })))).toEqual([]);
    await expect(all(byOffset(ctx(), { pagesMax: 2 }, fetch))).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('a CRM’s own words', () => {
  it.each([
    ['sent Bearer abcdefghijk', 'sent [redacted]'],
    ['token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln is bad', 'token [redacted] is bad'],
    ['client_secret=hunter2&x=1', '[redacted]&x=1'],
    ['{"access_token":"abc","a":1}', '{"[redacted]","a":1}'],
    ['a\u0000b\u202Ec\nd', 'a b c d'],
    ['plain words stay', 'plain words stay'],
  ])('%j becomes %j', (text, safe) => {
    expect(safeText(text)).toBe(safe);
  });

  it('lose the secrets that are known, in every form, and are cut', () => {
    const secret = 'p/w+1 x';
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      expect(safeText(`it was ${form}!`, [secret])).toBe('it was [redacted]!');
    expect(safeText('x'.repeat(10_000))).toHaveLength(300);
  });
});
