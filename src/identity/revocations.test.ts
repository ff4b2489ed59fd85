import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { appendRevocation, makeRevocations } from './revocations.ts';

let path: string;
let taken: string[];
let told: { readonly event: string; readonly line?: unknown }[];
let disk = true;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'parley-revoked-')), 'revoked.jsonl');
  taken = [];
  told = [];
  disk = true;
});

function start() {
  const store = {
    isRevoked: (kind: string, id: string) => taken.includes(`${kind} ${id}`),
    revoke: async (kind: string, id: string) => {
      if (!disk) throw new Error('the disk is full');
      taken.push(`${kind} ${id}`);
    },
  };
  const log = (event: string, fields = {}) => void told.push({ event, ...fields });
  return makeRevocations({ path, store, clock: { now: () => new Date(0) }, log });
}

const line = (id: string) => `${JSON.stringify({ kind: 'mandate', id, reason: 'r' })}\n`;
const broken = () => told.filter(({ event }) => event === 'revocations.unreadable').map(({ line: at }) => at);

describe('the revocation file', () => {
  it('need not be there, and is read as far as it goes', async () => {
    const { read, unreadable } = start();
    expect([await read(), unreadable()]).toEqual([0, undefined]);
    writeFileSync(path, line('a') + line('b'));
    expect(await read()).toBe(2);
    appendFileSync(path, line('c'));
    expect([await read(), await read()]).toEqual([1, 0]);
    expect(taken).toEqual(['mandate a', 'mandate b', 'mandate c']);
  });

  it('is read by the next process to the end, without taking anything over twice', async () => {
    writeFileSync(path, line('a') + line('a') + line('b'));
    await start().read();
    expect(await start().read()).toBe(0);
    expect(taken).toEqual(['mandate a', 'mandate b']);
  });

  it.each<[string, string]>([
    ['no JSON', '{"kind":"key"'],
    ['another kind', '{"kind":"agent","id":"a"}'],
    ['no id', '{"kind":"mandate"}'],
    ['an id that is no text', '{"kind":"mandate","id":7}'],
    ['a key that is no thumbprint', '{"kind":"key","id":"abc"}'],
    ['a member twice', '{"kind":"mandate","id":"x","id":"y"}'],
    ['a list', '[]'],
    ['a client without its issuer', '{"kind":"client","id":"acme"}'],
  ])('E20: a line with %s costs its neighbours nothing, is told with its number, and stays told', async (_, wrong) => {
    writeFileSync(path, `${line('a')}${wrong}\n${line('b')}`);
    const { read, unreadable } = start();
    expect(await read()).toBe(2);
    expect(taken).toEqual(['mandate a', 'mandate b']);
    expect(unreadable()).toMatch(/^line 2 of .*revoked\.jsonl: /);
    appendFileSync(path, line('c'));
    expect(await read()).toBe(1);
    expect(unreadable()).toMatch(/^line 2 of /);
    expect(broken()).toEqual([2]);
    // The next process finds it too.
    const next = start();
    await next.read();
    expect(next.unreadable()).toMatch(/^line 2 of /);
  });

  it('E20: is mended by mending the line, or taking it out', async () => {
    const { read, unreadable } = start();
    writeFileSync(path, `${line('a')}oops\n`);
    await read();
    writeFileSync(path, `${line('a')}${line('b')}`);
    expect([await read(), unreadable()]).toEqual([1, undefined]);
    appendFileSync(path, 'oops again\n');
    await read();
    expect(unreadable()).toMatch(/^line 3 /);
    writeFileSync(path, `${line('a')}${line('b')}`);
    expect([await read(), unreadable()]).toEqual([0, undefined]);
    expect(told.filter(({ event }) => event === 'revocations.readable')).toHaveLength(2);
  });

  it.each<[string, (text: string) => void]>([
    ['emptied and filled again', (text) => writeFileSync(path, text)],
    [
      'rotated',
      (text) => {
        renameSync(path, `${path}.1`);
        writeFileSync(path, text);
      },
    ],
    [
      'taken away, looked for and put back',
      (text) => {
        rmSync(path);
        writeFileSync(path, text);
      },
    ],
  ])('E20: is read from its start when it was %s, shorter, as long or longer', async (_, replace) => {
    const { read } = start();
    writeFileSync(path, line('a') + line('b'));
    await read();
    for (const text of [line('c'), line('d'), line('e') + line('f') + line('g')]) {
      replace(text);
      await read();
    }
    expect(taken.map((each) => each.at(-1)).join('')).toBe('abcdefg');
  });

  it('E20: is unreadable where it cannot be opened, and where what it says cannot be kept', async () => {
    mkdirSync(path);
    const { read, unreadable } = start();
    await read();
    expect(unreadable()).toMatch(/cannot be read \(EISDIR\)$/);
    rmSync(path, { recursive: true });
    writeFileSync(path, line('a'));
    disk = false;
    await read();
    expect(unreadable()).toMatch(/cannot be taken over: the disk is full$/);
    disk = true;
    expect([await read(), unreadable()]).toEqual([1, undefined]);
  });

  it('a last line without its end is taken if it is whole, and told if it is not', async () => {
    writeFileSync(path, line('a') + line('b').trimEnd());
    const { read, unreadable } = start();
    expect(await read()).toBe(2);
    appendFileSync(path, `\n${line('c').slice(0, 20)}`);
    await read();
    expect(unreadable()).toMatch(/^line 3 /);
    appendFileSync(path, line('c').slice(20));
    expect([await read(), unreadable()]).toEqual([1, undefined]);
  });
});

describe('a revocation', () => {
  it('E20: is written only where it can be read, and on a line of its own', async () => {
    writeFileSync(path, line('a').trimEnd());
    const key = 'K'.repeat(43);
    expect(appendRevocation(path, { kind: 'key', id: 'K-1', reason: '' })).toMatchObject({ ok: false });
    expect(appendRevocation(path, { kind: 'client', id: 'acme', reason: '' })).toMatchObject({ ok: false });
    expect(appendRevocation(path, { kind: 'key', id: key, reason: 'two\nlines' })).toMatchObject({ ok: true });
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
    const { read, unreadable } = start();
    expect([await read(), unreadable()]).toEqual([2, undefined]);
    expect(taken).toEqual(['mandate a', `key ${key}`]);
  });
});
