import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/** One guard, switched off. */
export interface Mutant {
  readonly id: string;
  /** What no longer holds, as a sentence. */
  readonly what: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test that must fail then: its file, and its title or a part of it. */
  readonly caughtBy: { readonly file: string; readonly title: string };
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** How often `find` stands in the text. */
export function timesIn(text: string, find: string): number {
  return text.split(find).length - 1;
}

export function mutated(text: string, { find, replace }: Mutant): string {
  return text.split(find).join(replace);
}
