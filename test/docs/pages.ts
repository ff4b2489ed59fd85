import { configurationPage } from './configuration.ts';
import { errorsPage } from './errors.ts';
import { exchangeVectors } from './exchange.ts';

/** By its path from the root, how each page is made. */
export const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
  'protocol/vectors/exchange.json': async () => `${JSON.stringify(await exchangeVectors(), null, 2)}\n`,
};
