import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit.ts';
import { migrate } from '../../src/store/schema.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Of what runs as a gateway: no tests, and no CRM to test against. */
const sources = ['src', 'adapters']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|\/(?:server|rig|simulator|conformance|demo)\//.test(path))
  .map(read);

/** The rows of the table under a heading, by cell. */
function rowsUnder(text: string, heading: string): string[][] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const quoted = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

const found = (pattern: RegExp): string[] =>
  [...new Set(sources.flatMap((text) => [...text.matchAll(pattern)].flatMap(([, ...names]) => names)))]
    .filter((name) => name !== undefined)
    .toSorted();

describe('O11: docs/operations.md', () => {
  const page = read('docs/operations.md');

  it('lists every event of the log, and no other', () => {
    const events = found(/\blog\(\s*(?:\w+ \? )?'([a-z_.]+)'(?: : '([a-z_.]+)')?/g);
    expect(events.length).toBeGreaterThan(40);
    expect(
      rowsUnder(page, 'Log')
        .flatMap(([cell]) => quoted(cell))
        .toSorted(),
    ).toEqual(events);
  });

  it('lists every message to a webhook, and no other', () => {
    const types = found(/\bnotify\(\s*world,\s*'([a-z_.]+)'/g);
    expect(types.length).toBeGreaterThan(8);
    expect(
      rowsUnder(page, 'Webhooks')
        .flatMap(([cell]) => quoted(cell))
        .toSorted(),
    ).toEqual(types);
  });

  it('lists every table of the database, and no other', () => {
    const db = new DatabaseSync(':memory:');
    migrate(db);
    const tables = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
      .all();
    const [, section = ''] = page.split('\n| table ');
    const rows = (section.split('\n\n')[0] ?? '').split('\n').slice(2);
    const told = rows.flatMap((row) => quoted(row.split('|')[1]));
    expect(told.toSorted()).toEqual(tables.map(({ name }) => String(name)));
  });

  it('lists every exit code, and no other', () => {
    expect(rowsUnder(page, 'Commands').map(([code]) => Number(code))).toEqual(Object.values(EXIT));
  });
});

describe('docs/approving.md', () => {
  it('lists every fact that a rule may look at, and no other', () => {
    const [policy = ''] = read('src/signoff/policy.ts').split('function environmentOver');
    const plain = [...policy.matchAll(/registerVariable\('(\w+)'/g)].map(([, name = '']) => name);
    const nested = [...policy.matchAll(/name: '(\w+)', schema: \{([^}]*)\}/g)].flatMap(([, name = '', members = '']) =>
      [...members.matchAll(/(\w+):/g)].map(([, member]) => `${name}.${member}`),
    );
    expect(plain.length + nested.length).toBeGreaterThan(10);
    const told = rowsUnder(read('docs/approving.md'), 'When a person is asked').flatMap(([cell]) => quoted(cell));
    expect(told.toSorted()).toEqual([...plain, ...nested].toSorted());
  });
});

describe('SECURITY.md', () => {
  const held = new Set([...read('test/RULES.md').matchAll(/^\| ([A-Z]\d+) \|.*\| yes \|$/gm)].map(([, id = '']) => id));
  const threats = rowsUnder(read('SECURITY.md'), 'Threats');

  it('has threats', () => {
    expect(threats.length).toBeGreaterThan(20);
  });

  it.each(threats)('%s: %s: is held by %s', (_threat, _answer, by) => {
    const names = (by ?? '').split(',').map((each) => each.trim());
    const unheld = names.filter((each) =>
      each.startsWith('`') ? !existsSync(join(ROOT, quoted(each)[0] ?? '')) : !held.has(each),
    );
    expect(names).not.toEqual(['']);
    expect(unheld).toEqual([]);
  });
});
