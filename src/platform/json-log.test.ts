import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEVELS, levelOf, makeJsonLog } from './json-log.ts';

const clock = { now: () => new Date('2026-11-28T12:00:00Z') };

describe('the log', () => {
  it('O9: is one JSON object a line, each with its level, of at least the level that was set', () => {
    const told = LEVELS.map((least) => {
      const lines: string[] = [];
      const log = makeJsonLog({ least, clock, write: (line) => void lines.push(line) });
      log('crm.retried');
      log('listening', { url: 'http://x', text: 'two\nlines' });
      log('not_ready');
      log('bug');
      return lines;
    });
    expect(told.map(({ length }) => length)).toEqual([4, 3, 2, 1]);
    expect(told[1]?.[0]).toBe(
      '{"at":"2026-11-28T12:00:00.000Z","level":"info","event":"listening","url":"http://x","text":"two\\nlines"}\n',
    );
  });

  it('O9: calls an error what the documents wake somebody for, and nothing else', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
    const section = page.split('\n## Log\n')[1]?.split('\n## ')[0] ?? '';
    const listed = [...section.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) => [
      ...cell.matchAll(/`([^`]+)`( ●)?/g),
    ]);
    expect(listed.length).toBeGreaterThan(40);
    for (const [, event = '', isLoud] of listed) {
      const level = levelOf(event, { ok: false });
      expect([event, level === 'error']).toEqual([event, isLoud !== undefined]);
    }
  });

  it('O9: is calm when something is well again', () => {
    expect([levelOf('crm.health', { ok: true }), levelOf('crm.health', { ok: false })]).toEqual(['info', 'error']);
    expect([levelOf('voice.status', { state: 'resting' }), levelOf('voice.status', { state: 'answering' })]).toEqual([
      'warn',
      'info',
    ]);
  });
});
