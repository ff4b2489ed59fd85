import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBench, tally } from '../../adapters/conformance/bench.ts';
import { check } from '../../adapters/conformance/check.ts';
import type { Outcome } from '../../adapters/conformance/outcome.ts';
import { makeRecorder } from '../../adapters/conformance/recorder.ts';
import { judge, RULES, runKit, table } from '../../adapters/conformance/run.ts';
import type { Rig } from '../../adapters/conformance/subject.ts';
import { subject } from '../../adapters/sandbox/kit.ts';
import { AdapterError } from '../../adapters/sdk/index.ts';
import { MISTAKES, type Mistake, MODEST, RIGHT, subjectWith } from './mistakes.ts';
import { BETWEEN } from './mistakes-between.ts';

const LONG_MS = 180_000;

/** One CRM for all: each sample makes its record what it must be, whatever the mistake before it left there. */
let crm: Rig;
beforeAll(async () => {
  crm = await subject.open();
});
afterAll(() => crm?.stop());

/** One action is enough to see that no other rule minds. */
const failing = async (mistake: Mistake, action: string): Promise<{ rules: number[]; seen: string }> => {
  const { results } = await runKit(subjectWith(mistake, action, crm));
  const failed = results.flatMap(({ rule, outcome }) =>
    outcome.kind === 'fail' ? [{ rule, seen: outcome.seen }] : [],
  );
  return { rules: failed.map(({ rule }) => rule), seen: failed.map(({ seen }) => seen).join('; ') };
};

async function judged(mistake: Mistake, number: number, ruleMsMax?: number): Promise<Outcome> {
  const rule = RULES.find((each) => each.number === number);
  if (rule === undefined) throw new Error(`there is no rule ${number}`);
  const rig = await subjectWith(mistake, undefined, crm).open();
  const bench = await openBench(rig);
  try {
    return await judge(rule, bench, ruleMsMax);
  } finally {
    await bench.recorder.close();
    await rig.stop();
  }
}

const cases = RULES.flatMap(({ number, title }) =>
  (({ ...MISTAKES, ...BETWEEN })[number] ?? []).map((mistake, index) => ({
    number,
    rule: title,
    mistake,
    isFirst: index === 0,
  })),
);

describe('the kit', () => {
  it('C1, C2, C4: has a mistake for every rule', () => {
    expect(RULES.filter(({ number }) => cases.every((each) => each.number !== number))).toEqual([]);
  });

  it.each(RIGHT.map((each) => [each.title, each] as const))(
    'passes: %s',
    async (_, right) => {
      const { results, ok } = await runKit(
        subjectWith(right, right.title === 'no mistake' ? undefined : 'contract.renew', crm),
      );
      expect(results.filter(({ outcome }) => outcome.kind === 'fail')).toEqual([]);
      expect(ok).toBe(true);
      const isPaged = results.find(({ rule }) => rule === 15)?.outcome.kind;
      expect(isPaged).toBe(right.title === 'all pages' ? 'pass' : 'not-applicable');
    },
    LONG_MS,
  );

  it.each(
    cases
      .filter(({ isFirst }) => isFirst)
      .map(({ number, rule, mistake }) => [number, rule, mistake.title, mistake] as const),
  )(
    'rule %i (%s) and no other finds: %s',
    async (number, _rule, _title, mistake) => {
      const { rules, seen } = await failing(mistake, number === 11 ? 'data.validate' : 'contract.renew');
      expect(rules).toEqual([number]);
      expect(seen).toMatch(mistake.seen ?? /^$/);
    },
    LONG_MS,
  );

  it.each(
    cases.filter(({ isFirst }) => !isFirst).map(({ number, mistake }) => [number, mistake.title, mistake] as const),
  )(
    'rule %i finds: %s',
    async (number, _title, mistake) => {
      expect((await judged(mistake, number)).kind).toBe('fail');
    },
    LONG_MS,
  );
});

describe('what is not claimed', () => {
  it.each([
    [6, 'declares idempotency none'],
    [7, 'declares idempotency none'],
    [8, 'declares conflict none'],
    [9, 'declares reversal none'],
  ])('rule %i is not applicable, and says why', async (number, reason) => {
    const outcome = await judged(MODEST, number);
    expect(outcome).toMatchObject({ kind: 'not-applicable', reason: expect.stringContaining(reason) });
  });

  it('what a rig cannot order is not applicable, with its own reason', async () => {
    const rig: Mistake = { title: 'no hang', rig: () => ({ unsupported: { hang: 'the sandbox org never hangs' } }) };
    expect(await judged(rig, 14)).toEqual({
      kind: 'not-applicable',
      reason: 'the rig cannot hang: the sandbox org never hangs',
    });
    const alone: Mistake = { title: 'one tenant', rig: () => ({ tenants: { none: 'one org' } }) };
    expect(await judged(alone, 12)).toEqual({ kind: 'not-applicable', reason: 'one org' });
  });

  it('a reason is not taken where the adapter claims what the rule is about', async () => {
    const why = 'not here';
    const untried: Mistake = {
      title: 'claims idempotency and never loses an answer',
      rig: () => ({ unsupported: { 'reset-after': why, '500-after': why, 'hang-after': why } }),
    };
    expect((await judged(untried, 7)).kind).toBe('fail');
    const money: Mistake = { title: 'plans money, shows none', rig: () => ({ exact: { none: why } }) };
    expect((await judged(money, 17)).kind).toBe('fail');
    const unsampled: Mistake = { title: 'no samples', rig: () => ({ samples: [] }) };
    expect((await judged(unsampled, 1)).kind).toBe('fail');
  });
});

describe('a rule that fails', () => {
  const failing = (error: AdapterError): Mistake => ({
    title: 'never answers',
    adapter: () => ({ execute: () => Promise.reject(error) }),
  });

  it('C3: prints what the calls came to, so that time-outs are told from refusals', async () => {
    const late = new AdapterError('unknown_outcome', 'The CRM gave no usable answer to a write that was sent.');
    const report = await runKit(subjectWith(failing(late), 'data.validate', crm), 5);
    const lines = table(report).join('\n');
    expect(report.results.map(({ rule }) => rule)).toEqual([5]);
    expect(lines).toMatch(/execute data.validate: unknown_outcome \(The CRM gave no usable answer/);
    expect(lines).toMatch(/verify data.validate: not_applied/);
  });

  it('C3: counts what it counted', async () => {
    const done = { ok: true, value: { state: 'already_applied' } } as const;
    const late = { ok: false, error: new AdapterError('unknown_outcome', 'No answer.') } as const;
    expect(tally([done, late, late])).toBe('1 × already_applied, 2 × unknown_outcome (No answer.)');
  });

  it('C3: is run alone where it is named, and there is no other', async () => {
    const lines: string[] = [];
    const io = { out: (line: string) => void lines.push(line), err: (line: string) => void lines.push(line) };
    const path = join(import.meta.dirname, '../../adapters/sandbox');
    expect(await check(['--rule', '2', path], io, () => [])).toBe(0);
    expect(lines.join('\n')).toMatch(/^sandbox [\d.]+\n {1}2 {2}pass/);
    expect(lines.join('\n')).not.toMatch(/^ 3 /m);
    expect(await check(['--rule', '99', path], io, () => [])).toBe(2);
  });
});

describe('C1, C2: what does not go over HTTP', () => {
  it('is told before it leaves, and waits for whoever stands between', async () => {
    const recorder = makeRecorder();
    const order: string[] = [];
    recorder.between(async ({ method }) => {
      await setImmediate();
      order.push(`edited before ${method}`);
      return undefined;
    });
    await recorder.sent('UPDATE', 'contracts').then(() => order.push('sent'));
    await recorder.close();
    expect(order).toEqual(['edited before UPDATE', 'sent']);
  });
});

describe('C3: a CRM where everything is sent to one address', () => {
  it('is described by what a request carries', async () => {
    const rpc: Mistake = {
      title: 'one address',
      rig: () => ({ writes: (_method, _path, body = '') => body.includes('"change_') }),
    };
    const rig = await subjectWith(rpc, undefined, crm).open();
    const bench = await openBench(rig);
    const isWrite = (call: string) => bench.isWrite({ method: 'POST', path: '/rpc', body: `{"call":"${call}"}` });
    expect([isWrite('get_contract'), isWrite('change_contract')]).toEqual([false, true]);
    await bench.recorder.close();
    await rig.stop();
  });
});

describe('an adapter that never comes back', () => {
  it('does not keep the kit', async () => {
    const asleep: Mistake = { title: 'sleeps', adapter: () => ({ discover: () => new Promise(() => undefined) }) };
    expect(await judged(asleep, 2, 200)).toMatchObject({ kind: 'fail', seen: expect.stringContaining('did not end') });
  });
});
