import { configurationPage } from './configuration.ts';
import { errorsPage } from './errors.ts';

/** By its path from the root, how each page is made. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
};
