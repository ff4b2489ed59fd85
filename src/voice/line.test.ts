import { describe, expect, it } from 'vitest';
import { makeLine } from './line.ts';

const PROMPT = { system: '', data: '' };

function line(call: () => Promise<string>) {
  const at = { ms: 0 };
  const told: unknown[] = [];
  const made = makeLine({
    call,
    slowMs: 1_000,
    monotonic: () => at.ms,
    log: (event, fields) => void told.push([event, fields?.['state']]),
  });
  return { ...made, at, told };
}

describe('the line to a model', () => {
  it('D22: rests after three failures in a row, and is tried again aside', async () => {
    let isDown = false;
    const { ask, attempt, status, at, told } = line(async () => {
      if (isDown) throw new Error('down');
      return 'ok';
    });
    await attempt();
    isDown = true;
    for (let tries = 0; tries < 3; tries += 1) expect((await ask(PROMPT)).ok).toBe(false);
    expect(status()).toEqual({ state: 'resting', why: 'Error' });
    expect(await ask(PROMPT)).toEqual({ ok: false, error: 'resting' });
    isDown = false;
    at.ms += 30_000;
    expect(await ask(PROMPT)).toEqual({ ok: false, error: 'resting' });
    await attempt();
    expect(await ask(PROMPT)).toEqual({ ok: true, value: 'ok' });
    expect(told).toEqual([
      ['voice.status', 'answering'],
      ['voice.status', 'resting'],
      ['voice.status', 'answering'],
    ]);
  });

  it('D22: takes eight questions at once, and none while an answer is long overdue', async () => {
    const answers: ((text: string) => void)[] = [];
    const { ask, status, at } = line(() => new Promise((resolve) => void answers.push(resolve)));
    const asked = Array.from({ length: 7 }, () => ask(PROMPT));
    at.ms += 900;
    asked.push(ask(PROMPT));
    expect(await ask(PROMPT)).toEqual({ ok: false, error: 'busy' });
    answers[7]?.('first');
    await asked[7];
    at.ms += 900;
    // Slow, and answering.
    asked.push(ask(PROMPT));
    answers[0]?.('second');
    await asked[0];
    at.ms += 1_100;
    expect(status().state).toBe('answering');
    const late = line(() => new Promise(() => undefined));
    void late.ask(PROMPT);
    late.at.ms += 1_100;
    expect(await late.ask(PROMPT)).toEqual({ ok: false, error: 'hangs' });
    expect(late.status()).toEqual({ state: 'resting', why: 'hangs' });
  });
});
