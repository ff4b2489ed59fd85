import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
/** The title of a test that holds a rule: `'T1: …'`, `"E2, E19: …"`. */
const TITLE = /(?:it|test|describe)(?:\.each)?\b[^\n]*\(\s*['"`]((?:[A-Z]\d+(?:, )?)+): /g;
const ROW = /^\| ([A-Z]\d+) \| (.+?) \| (open|yes) \|$/;

interface Rule {
  readonly id: string;
  readonly words: string;
  readonly held: 'open' | 'yes';
}

function readTable(): readonly Rule[] {
  const lines = readFileSync(join(ROOT, 'test', 'RULES.md'), 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, id, words, held] = ROW.exec(line) ?? [];
    return id === undefined || words === undefined ? [] : [{ id, words, held: held === 'yes' ? 'yes' : 'open' }];
  });
}

/** Id → the files whose tests name it. */
function readTests(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const folder of ['protocol', 'src', 'adapters', 'test'])
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.test.ts')) continue;
      const text = readFileSync(join(ROOT, folder, name), 'utf8');
      for (const [, ids = ''] of text.matchAll(TITLE))
        for (const id of ids.split(', ')) found.set(id, [...(found.get(id) ?? []), `${folder}/${name}`]);
    }
  return found;
}

describe('the table of rules', () => {
  const rules = readTable();
  const tests = readTests();

  it('has every rule once', () => {
    const ids = rules.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(40);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says of every rule whether a test holds it', () => {
    const untrue = rules.filter(({ id, held }) => (held === 'yes') !== tests.has(id)).map(({ id }) => id);
    expect(untrue).toEqual([]);
  });

  it('has every rule that a test names', () => {
    const known = new Set(rules.map(({ id }) => id));
    expect([...tests.keys()].filter((id) => !known.has(id))).toEqual([]);
  });
});
