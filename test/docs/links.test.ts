import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
/** A scaffold's page is about files that are copied; what was measured once names what was there then. */
const NOT_ABOUT_US = /^adapters\/template\/|^bench\/RESULTS/;

interface Page {
  readonly path: string;
  readonly text: string;
}

function walk(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return [];
    return entry.isDirectory() ? walk(path) : [path];
  });
}

const files = walk('');
const pages: readonly Page[] = files
  .filter((path) => path.endsWith('.md') && !NOT_ABOUT_US.test(path))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** Without code, where brackets are no links. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');

/** As GitHub makes them of headings. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = readFileSync(join(ROOT, path), 'utf8').matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, words = '']) =>
      words
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}

function broken({ path, text }: Page): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const at = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file));
    if (!existsSync(join(ROOT, at))) return [`${path}: ${target}`];
    return anchor === undefined || anchorsOf(at).has(anchor) ? [] : [`${path}: ${target} has no such heading`];
  });
}

/** `src/engine/ask.ts`, `test/flows/`, `protocol/vectors/*.json`: what begins with a folder of ours is a path. */
const PATH = /`((?:src|protocol|adapters|test|bench|docs|examples)\/[\w./@*{},<>-]*)/g;
/** `gate.ts`, `engine/ask.ts`: the end of a path. */
const FILE = /`((?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:ts|md|mjs))`/g;

function missing({ path, text }: Page): string[] {
  const named = [...text.matchAll(PATH)].flatMap(([, each = '']) => expand(each.replace(/[.,]$/, '')));
  return named.filter((each) => !isThere(each)).map((each) => `${path}: ${each}`);
}

/** `src/{actions,engine}/` names two. */
function expand(path: string): string[] {
  const [whole, before = '', list = '', after = ''] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return whole === undefined ? [path] : list.split(',').flatMap((each) => expand(`${before}${each}${after}`));
}

function isThere(path: string): boolean {
  if (!/[*<]/.test(path)) return existsSync(join(ROOT, path));
  const pattern = path
    .split(/\*+|<[^>]*>/)
    .map((each) => each.replace(/[.+^$()|[\]\\]/g, '\\$&'))
    .join('[^/]+');
  return files.some((each) => new RegExp(`^${pattern}`).test(each));
}

describe('O11: the documents', () => {
  it('are seen by these checks', () => {
    expect(pages.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'protocol/SPEC.md', 'docs/operations.md']),
    );
  });

  it.each(pages.map(({ path }) => path))('%s: every link leads somewhere', (path) => {
    const page = pages.find((each) => each.path === path);
    expect(page === undefined ? ['unread'] : broken(page)).toEqual([]);
  });

  it('name no path that is not there', () => {
    // What changed may name what was.
    expect(pages.filter(({ path }) => path !== 'CHANGELOG.md').flatMap(missing)).toEqual([]);
  });

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'protocol/SPEC.md'])(
    '%s names no file that is not there',
    (path) => {
      const names = [...(pages.find((each) => each.path === path)?.text ?? '').matchAll(FILE)].map(
        ([, name = '']) => name,
      );
      expect(names.filter((name) => !files.some((each) => each === name || each.endsWith(`/${name}`)))).toEqual([]);
    },
  );
});
