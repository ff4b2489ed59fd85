import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { serveDocuments } from './documents.ts';

const body = JSON.stringify({ text: 'as it is '.repeat(10_000) });
const documents = [{ path: '/a', type: 'application/json', body }];
const app = serveDocuments(['/a'], () => documents);
const get = (headers: Record<string, string>) => app.request('/a', { headers });

describe('a public document', () => {
  it.each([
    ['gzip', true],
    ['br, gzip, deflate', true],
    ['gzip;q=0.5', true],
    ['deflate,gzip ; q=1', true],
    ['gzip;q=0', false],
    ['gzip;q=0.0, br', false],
    ['x-gzip', false],
    ['br', false],
    ['', false],
  ])('D5: for Accept-Encoding %j is packed: %s, once', async (accepted, isPacked) => {
    const answer = await get({ 'accept-encoding': accepted });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('content-encoding')).toBe(isPacked ? 'gzip' : null);
    expect(answer.headers.get('vary')).toBe('accept-encoding');
    expect((isPacked ? gunzipSync(bytes) : bytes).toString()).toBe(body);
    if (isPacked) expect(bytes.length).toBeLessThan(body.length / 10);
  });

  it('D5: is asked about by HEAD with nothing sent, and has what a cache needs in every answer', async () => {
    const [head, whole] = [await app.request('/a', { method: 'HEAD' }), await get({})];
    expect([head.status, (await head.arrayBuffer()).byteLength]).toEqual([200, 0]);
    const known = await get({ 'if-none-match': whole.headers.get('etag') ?? '' });
    expect([known.status, (await known.arrayBuffer()).byteLength]).toEqual([304, 0]);
    for (const name of ['etag', 'vary', 'cache-control', 'access-control-allow-origin'])
      expect([name, head.headers.get(name), known.headers.get(name)]).toEqual([
        name,
        whole.headers.get(name),
        whole.headers.get(name),
      ]);
  });

  it('has a tag in each form, and is not sent again to whoever has it', async () => {
    const [plain, packed] = [await get({}), await get({ 'accept-encoding': 'gzip' })];
    const [one = '', other = ''] = [plain, packed].map((each) => each.headers.get('etag') ?? '');
    expect(one).not.toBe(other);
    expect((await get({ 'if-none-match': one })).status).toBe(304);
    expect((await get({ 'if-none-match': other, 'accept-encoding': 'gzip' })).status).toBe(304);
    expect((await get({ 'if-none-match': other })).status).toBe(200);
    // RFC 9110 §13.1.2: a list, compared weakly, or anything.
    for (const known of [`W/${one}`, `"another", ${one}`, `${one},W/"another"`, '*', `"a, b", ${one}`])
      expect((await get({ 'if-none-match': known })).status, known).toBe(304);
    for (const unknown of ['"another"', 'W/"another"', one.slice(1, -1), '', `"x${one.slice(1)}`])
      expect((await get({ 'if-none-match': unknown })).status, unknown).toBe(200);
  });
});
