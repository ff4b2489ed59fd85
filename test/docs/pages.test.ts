import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settings } from './configuration.ts';
import { PAGES } from './pages.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('O11: pages that are made', () => {
  it.each(Object.entries(PAGES))('%s is what `npm run docs` makes', async (path, page) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(await page());
  });

  it('say something of every setting', () => {
    expect(settings().length).toBeGreaterThan(80);
    expect(settings().filter(({ schema }) => typeof schema['description'] !== 'string')).toEqual([]);
  });
});
