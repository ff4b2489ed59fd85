import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './list.ts';
import { mutated, textOf, timesIn } from './mutant.ts';

/** The test's text, and that of the tables of cases it reads. */
function textsOf(file: string): readonly string[] {
  const text = textOf(file);
  const tables = [...text.matchAll(/from '(\.[\w./-]+\.json)'/g)].map(([, path = '']) => join(dirname(file), path));
  return [text, ...tables.map(textOf)];
}

describe('the guards that are switched off', () => {
  it('are many, each under a name of its own', () => {
    const ids = MUTANTS.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(40);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  it('stand where the list says, once, and are another text without it', () => {
    const wrong = MUTANTS.filter((each) => {
      const text = textOf(each.file);
      return timesIn(text, each.find) !== 1 || mutated(text, each) === text;
    });
    expect(wrong.map(({ id, file, find }) => `${id}: ${file} has not once ${find}`)).toEqual([]);
  });

  it('are caught by tests that are there', () => {
    const gone = MUTANTS.filter(({ caughtBy: { file, title } }) => !textsOf(file).some((text) => text.includes(title)));
    expect(gone.map(({ id, caughtBy }) => `${id}: ${caughtBy.file} has no “${caughtBy.title}”`)).toEqual([]);
  });
});
