/** A page of a configured origin, in a real browser, calls the gateway and reads what it answers. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const CHROMIUM = '/usr/bin/chromium';
const installed = existsSync(CHROMIUM);

const pages: Server[] = [];
async function servePage(): Promise<string> {
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>page'));
  pages.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!installed && process.env['CI'] === undefined)('a page in a browser', () => {
  let gateway: TestGateway;
  let browser: Browser;
  let [configured, other] = ['', ''];
  beforeAll(async () => {
    [configured, other] = [await servePage(), await servePage()];
    gateway = await startTestGateway({ config: { allowed_origins: [configured] } });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await gateway.stop();
    for (const each of pages) each.close();
  });

  /** What the page's own `fetch` gets, or why it gets nothing. */
  async function fetched(
    from: string,
    path: string,
    init: { method: string; headers: Record<string, string>; body?: string },
  ) {
    const page = await browser.newPage();
    await page.goto(from);
    const got = await page.evaluate(
      async ([url, how]) => {
        try {
          const answer = await fetch(url, how);
          const names = ['www-authenticate', 'accept-signature', 'content-digest'];
          return {
            status: answer.status,
            text: await answer.text(),
            shown: names.filter((each) => answer.headers.has(each)),
          };
        } catch (error) {
          return String(error);
        }
      },
      [`${gateway.origin}${path}`, init] as const,
    );
    await page.close();
    return got;
  }

  const list = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'mcp-protocol-version': '2025-11-25' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  };

  it('D9: of a configured origin lists the tools and reads a refusal whole', async () => {
    expect(await fetched(configured, '/mcp', list)).toMatchObject({
      status: 200,
      text: expect.stringContaining('contract_renew'),
      shown: ['content-digest'],
    });
    const headers = { signature: 'x=:AAAA:', 'signature-input': 'x=("@method")', prefer: 'wait=1' };
    const read = await fetched(configured, '/operations/op_00000000-0000-7000-8000-000000000000', {
      method: 'GET',
      headers,
    });
    expect(read).toMatchObject({ status: 401, shown: ['www-authenticate', 'accept-signature', 'content-digest'] });
  }, 60_000);

  it('D9: of another origin gets nothing', async () => {
    expect(await fetched(other, '/mcp', list)).toMatch(/TypeError/);
    expect(
      await fetched(other, '/.well-known/agent-card.json', { method: 'GET', headers: { 'a2a-version': '1.0' } }),
    ).toMatchObject({ status: 200 });
  }, 60_000);
});
