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

  it('has a tag in each form, and is not sent again to whoever has it', async () => {
    const [plain, packed] = [await get({}), await get({ 'accept-encoding': 'gzip' })];
    const [one = '', other = ''] = [plain, packed].map((each) => each.headers.get('etag') ?? '');
    expect(one).not.toBe(other);
    expect((await get({ 'if-none-match': one })).status).toBe(304);
    expect((await get({ 'if-none-match': other, 'accept-encoding': 'gzip' })).status).toBe(304);
    expect((await get({ 'if-none-match': other })).status).toBe(200);
  });
});
