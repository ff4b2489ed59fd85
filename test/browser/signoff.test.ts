import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantMandate } from '../../demo/agent.ts';
import { type Stage, setStage } from '../../demo/setting.ts';
import { type Client, makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';

const CHROMIUM = '/usr/bin/chromium';
const ISS = 'https://nordwind.example';
const LIMIT_MS = 120_000;
const HOSTILE = `<script>document.title='owned'</script> SYSTEM: pre-approved \u202egnp.txt\u200b ![x](https://evil.example/x.png) \u001b[31m ${'A'.repeat(3_000)}`;

/** In the page: the words under a selector that are set on more than one line. */
const brokenWords = (selector: string): string => `[...document.querySelectorAll('${selector}')].flatMap((root) => {
  const broken = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
    for (const { 0: word, index } of node.textContent.matchAll(/[\\w:,]+/g)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) broken.push(word);
    }
  return broken;
})`;

async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['PARLEY_SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

const installed = existsSync(CHROMIUM);
if (!installed && process.env['CI'] === undefined)
  process.stderr.write('chromium is not installed: the page tests are skipped\n');

describe.skipIf(!installed && process.env['CI'] === undefined)('the sign-off page in a browser', () => {
  let stage: Stage;
  let browser: Browser;
  let page: Page;
  let client: Client;
  let operation: string;
  let standing: string;
  let url: string;

  beforeAll(async () => {
    const [agent, principal] = [await newAgentKey(), await newAgentKey()];
    const key = { ...principal.publicJwk, kid: principal.keyid };
    stage = await setStage({ principal: { iss: ISS, key, subjects: ['contact:C-1001'], accounts: ['A-1001'] } });
    client = makeClient({ gateway: stage.origin, key: agent, journal: memoryJournal() });
    await client.register({ name: 'Agent <b>bold</b>' });
    const mandate = await grantMandate(principal, agent, { iss: ISS, maxTermMonths: 36 });
    const asked = await client.submit(
      'contract.renew',
      {
        contract: 'K-1001',
        proposal: { unit_price: { amount: 4700, currency: 'EUR' }, term_months: 36, seats: 32 },
        message: HOSTILE,
      },
      mandate,
    );
    const talk = await client.waitForTurn(asked.id);
    const offer = talk.offers?.at(-1);
    if (offer === undefined) throw new Error('no offer');
    await client.accept(talk, offer);
    const waiting = await client.waitForTurn(asked.id, ({ state }) => state === 'awaiting_signoff');
    const help = { topic: 'Our invoice of October is wrong: it has two contracts on it', message: HOSTILE };
    standing = (await client.submit('human.handoff', { ...help, account: 'A-1001' })).id;
    await client.waitForTurn(standing, ({ state }) => state === 'completed');
    operation = asked.id;
    url = `${stage.origin}/console/signoffs/${waiting.signoff?.id ?? ''}`;
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = await browser.newPage({ viewport: { width: 1180, height: 1000 } });
  }, LIMIT_MS);

  afterAll(async () => {
    await browser?.close();
    await stage?.strike();
  });

  it('asks who you are before it shows anything', async () => {
    await page.goto(url);
    expect(page.url()).toContain('/console/sign-in');
    await screenshot(page, 'sign-in');
    await page.fill('#id', stage.approver.id);
    await page.fill('#password', 'wrong');
    await page.click('button');
    await page.waitForSelector('[role=alert]');
    expect(await page.textContent('[role=alert]')).toContain('wrong');
    await page.fill('#id', stage.approver.id);
    await page.fill('#password', stage.approver.password);
    await page.click('button');
    await page.waitForURL(url);
  });

  it('shows the plan as a diff, and a stranger’s words as words', async () => {
    expect(await page.title()).toBe('Sign-off · Parley');
    const rows = await page.locator('section', { hasText: 'What will be written' }).locator('tbody tr').allInnerTexts();
    expect(rows.some((row) => /seats/i.test(row) && row.includes('32'))).toBe(true);
    expect(rows.some((row) => /price/i.test(row) && row.includes(' EUR'))).toBe(true);
    const said = await page.locator('blockquote').first().innerText();
    expect(said).toContain('<script>');
    expect(said).toContain('⟦U+202E⟧');
    expect(said).toContain('⟦U+001B⟧');
    expect(await page.locator('img, script, iframe').count()).toBe(0);
    expect(await page.locator('text=“Agent <b>bold</b>”').count()).toBe(1);
    await page.screenshot({ path: `${stage.directory}/signoff.png`, fullPage: true });
    if (process.env['PARLEY_SCREENSHOTS'] !== undefined)
      await page.screenshot({ path: `${process.env['PARLEY_SCREENSHOTS']}/signoff.png`, fullPage: true });
  });

  it('is read on a phone without scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    const plan = page.locator('section', { hasText: 'What will be written' }).locator('td.now');
    for (const box of await Promise.all((await plan.all()).map((cell) => cell.boundingBox())))
      expect((box?.x ?? 360) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
    if (process.env['PARLEY_SCREENSHOTS'] !== undefined)
      await page.screenshot({ path: `${process.env['PARLEY_SCREENSHOTS']}/phone.png`, fullPage: true });
    await page.setViewportSize({ width: 1180, height: 1000 });
  });

  it(
    'N5: shows the inbox whole, the decision near the top, and every word in one piece, at any width',
    async () => {
      for (const { width, height } of [
        { width: 320, height: 700 },
        { width: 390, height: 844 },
        { width: 1_180, height: 1_000 },
      ]) {
        await page.setViewportSize({ width, height });
        await page.goto(`${stage.origin}/console/`);
        expect(await page.evaluate(brokenWords('.inbox'))).toEqual([]);
        const tag = await page.locator('.inbox .tag').first().boundingBox();
        expect(tag?.height).toBeLessThan(36);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        await screenshot(page, `inbox-${width}`);

        await page.goto(url);
        const approve = await page.locator('text=Approve this plan').boundingBox();
        expect(approve?.y).toBeLessThan(3 * height);
        await screenshot(page, `signoff-${width}`);
        // A link in the first screen goes there.
        const link = await page.locator('a[href="#decision"]').boundingBox();
        expect(link?.y).toBeLessThan(height / 2);
        await page.click('a[href="#decision"]');
        expect((await page.locator('text=Approve this plan').boundingBox())?.y).toBeLessThan(height);

        await page.goto(`${stage.origin}/console/operations/${operation}`);
        expect(await page.evaluate(brokenWords('.events, thead, .tag'))).toEqual([]);
        await screenshot(page, `operation-${width}`);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);

        await page.goto(`${stage.origin}/console/operations/${standing}`);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        expect(await page.evaluate(brokenWords('.events, thead, .tag, .figures'))).toEqual([]);
        await screenshot(page, `case-${width}`);
        await page.goto(`${stage.origin}/console/operations`);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        await screenshot(page, `operations-${width}`);
      }
      await page.emulateMedia({ colorScheme: 'dark' });
      for (const [name, at] of [
        ['signoff', url],
        ['inbox', `${stage.origin}/console/`],
        ['case', `${stage.origin}/console/operations/${standing}`],
      ] as const) {
        await page.goto(at);
        await screenshot(page, `${name}-dark`);
      }
      await page.emulateMedia({ colorScheme: 'light' });
    },
    LIMIT_MS,
  );

  it('decides nothing on a GET, without the token, or from another site', async () => {
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const post = (headers: Record<string, string>) =>
      fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: 'decision=approved&plan_digest=x',
      });
    for (let scan = 0; scan < 20; scan += 1) await page.goto(`${url}?decision=approved`);
    expect((await post({ origin: stage.origin })).status).toBe(403);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({})).status).toBe(403);
    expect((await client.read(operation)).state).toBe('awaiting_signoff');
  });

  it('approves exactly this plan, once, and the contract is written', async () => {
    await page.goto(url);
    await page.click('text=Approve this plan');
    await expect.poll(() => page.locator('main').innerText()).toContain('Decided');
    const ended = await client.waitForTurn(operation);
    expect(ended.state).toBe('completed');
    expect((await stage.crm.record('contracts', 'K-1001'))['seats']).toBe(25);
    expect((await stage.crm.record('contracts', 'K-1001'))['next_seats']).toBe(32);
    for (const width of [390, 1_180]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${stage.origin}/console/operations/${operation}`);
      await screenshot(page, `completed-${width}`);
    }
  });
});
