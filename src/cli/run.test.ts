import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { COMMANDS } from './commands.ts';
import { endOf } from './exit.ts';
import { tooOld } from './node-version.ts';
import { runParley } from './run.ts';

const directory = mkdtempSync(join(tmpdir(), 'parley-run-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function parley(...words: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    readFile: async (path: string) => readFileSync(path, 'utf8'),
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
  };
  const { code } = await runParley(words, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('O8: help', () => {
  it.each(COMMANDS.map(({ name }) => name))(
    'O8: parley %s --help says what it takes, and ends with 0',
    async (name) => {
      const { code, out, err } = await parley(name, '--help');
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatchSnapshot();
      expect((await parley(name, '-h')).out).toBe(out);
    },
  );

  it('O8: parley --help, help and nothing name every command', async () => {
    const { code, out } = await parley('--help');
    expect(code).toBe(0);
    expect(out).toMatchSnapshot();
    expect([await parley('help'), await parley()]).toEqual([
      { code, out, err: '' },
      { code, out, err: '' },
    ]);
    expect(await parley('--version')).toEqual({ code: 0, out: manifest.version, err: '' });
  });
});

const noKey = join(directory, 'none.json');
const badKey = join(directory, 'bad.json');
writeFileSync(badKey, '{"kty":');
const MISTAKES = [
  [['mandat'], 64, /no command mandat: did you mean mandate\?/],
  [['mandate'], 64, /--subject, --account, --action, --key must be given/],
  [['mandate', '--suject', 'x'], 64, /--suject/],
  [['revoke', 'kee', 'x'], 64, /KIND is one of key, mandate, .*not kee: did you mean key\?/],
  [['revoke', 'key'], 64, /which key/],
  [['revoke', 'key', 'abc'], 64, /43 characters/],
  [['revoke', 'key', 'A'.repeat(43), '--dta', directory], 64, /no option --dta: did you mean --data\?/],
  [['revoke', 'subject', 'C-1'], 64, /contact:ID or account:ID/],
  [['revoke', 'issuer', 'nonsense', '--data', directory], 64, /its iss, an address/],
  [['revoke', 'mandate', 'm-1', '--data', directory], 1, /parley\.db is not there/],
  [['agents', '--data', directory], 1, /parley\.db is not there/],
  [['agents', 'x'], 64, /positional/],
  [['mandates', '--config', noKey], 78, /ENOENT/],
  [['revocations', '--config', badKey], 78, /line 1, column 8/],
  [['config', 'chek'], 64, /parley config check FILE/],
  [['config', 'check', badKey], 78, /line 1, column 8/],
  [['password', 'a good long password'], 64, /standard input/],
  [['start', '--nonsense'], 64, /--nonsense/],
  [['start', noKey], 78, /ENOENT/],
  [['start', 'a', 'b'], 64, /one configuration, not 2/],
  [['mcp'], 64, /--url must be given/],
  [['mcp', '--url', 'x'], 64, /no address/],
  [['mcp', '--url', 'http://127.0.0.1:1', '--key', badKey], 1, /holds no private key/],
  [['keys', 'rotate', 'evidense'], 64, /PURPOSE one of/],
  [['keys', 'rotate', 'evidence', '--data', directory], 1, /parley\.db is not there/],
  [['log', 'verfy'], 64, /parley log verify/],
  [['log', 'verify', '--data', directory], 2, /parley\.db is not there/],
  [['outbox', 'list'], 64, /DATA_DIR/],
  [['outbox', 'list', directory], 1, /is not there/],
  [['action'], 64, /parley action check DIR/],
  [['action', 'list', '--confg', 'x'], 64, /--confg/],
  [['adapter', 'new', 'A/B'], 64, /lower-case/],
  [['adapter'], 64, /parley adapter new/],
  [['adapter', 'check', directory, '--jsn'], 64, /--jsn/],
  [['simulate', '--nonsense'], 64, /--nonsense/],
  [['simulate', noKey], 2, /none\.json/],
  [['verify'], 64, /Usage/],
] as const;

/** What comes before the options, where a command needs it. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  config: ['check', badKey],
  keys: ['rotate', 'evidence'],
  log: ['verify'],
  outbox: ['list', directory],
  action: ['list'],
  adapter: ['check', directory],
  revoke: ['key', 'A'.repeat(43)],
  verify: [badKey],
};

describe('O8: a mistake', () => {
  it.each(MISTAKES)('O8: %j is answered in words, with %i', async (words, code, said) => {
    const ran = await parley(...words);
    expect(ran).toMatchObject({ code, out: '', err: expect.stringMatching(said) });
    expect(ran.err).not.toMatch(/^\s+at /m);
  });

  it('O8: a gateway that nobody answers at is one, too', () => {
    const unreached = new TypeError('fetch failed', {
      cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }),
    });
    expect(endOf(unreached, 'mcp')).toEqual({ code: 1, words: 'parley mcp: fetch failed (ECONNREFUSED)' });
  });

  it('O8: what is ours ends with 70, and its trace', () => {
    expect(endOf(new TypeError('x is not a function'), 'log')).toEqual({
      code: 70,
      words: expect.stringMatching(/report(.|\n)+\n\s+at /),
    });
  });
});

it('O8: Node.js is looked at before anything it could not read', () => {
  expect([tooOld('22.19.0'), tooOld('24.1.0')]).toEqual([undefined, undefined]);
  for (const each of ['20.19.4', '22.18.9', '18.0.0'])
    expect(tooOld(each)).toMatch(new RegExp(`needs Node\\.js 22\\.19 or later, and this is ${each}`));
  expect(manifest.engines.node).toBe('>=22.19');
  const main = readFileSync(join(import.meta.dirname, 'main.ts'), 'utf8');
  expect(main.match(/^import .*$/gm)).toEqual(["import { tooOld } from './node-version.ts';"]);
  expect(readFileSync(join(import.meta.dirname, 'node-version.ts'), 'utf8')).not.toMatch(/^import /m);
});

it('O8: of every command a mistake in how it is written is held to its code', () => {
  const [mistaken, whole] = [new Set<string>(MISTAKES.flatMap(([[name]]) => [name])), COMMANDS.map(({ name }) => name)];
  expect(whole.filter((name) => !mistaken.has(name))).toEqual([]);
});

describe('O8: an option that no command knows', () => {
  it.each(COMMANDS.map(({ name }) => name))('O8: parley %s --nonsense is wrong usage, in words', async (name) => {
    const { code, out, err } = await parley(name, ...(VERBS[name] ?? []), '--nonsense');
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/--nonsense|[Uu]sage|See: parley/);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

it('O8: whoever reads no more of what is said ends it, without a word', () => {
  const words = ['sh', process.execPath, join(import.meta.dirname, 'main.ts')];
  const piped = spawnSync('sh', ['-c', '"$1" "$2" action list | true', ...words], { encoding: 'utf8' });
  expect([piped.stdout, piped.stderr]).toEqual(['', '']);
});
