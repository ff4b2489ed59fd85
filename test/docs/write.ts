/** `npm run docs`: writes the pages that are made from what the code goes by. test/docs/pages.test.ts holds them to it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGES } from './pages.ts';

for (const [path, page] of Object.entries(PAGES))
  writeFileSync(join(import.meta.dirname, '..', '..', path), await page());
