import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { AdapterError } from '../sdk/index.ts';
import { type Bench, openBench } from './bench.ts';
import { Broken, type Outcome } from './outcome.ts';
import type { Rule } from './rule.ts';
import { editIsNotWrittenOver, strangersAreNoWord } from './rules/between.ts';
import { discoversNoMore, manifestIsValid } from './rules/declared.ts';
import { exactToTheCent, hostileIdsStayPut } from './rules/exact.ts';
import { abortIsHonoured, partIsNotWhole, refusalsAreBounded, secretsStay, verifyDecides } from './rules/failing.ts';
import { needsAreThere } from './rules/needs.ts';
import { pagesAreComplete, tenantsAreApart, versionsTell } from './rules/reading.ts';
import { effectIsReadBack, foreignChangeIsSeen, onceIsOnce, planWritesNothing, undoIsWhole } from './rules/writing.ts';
import type { KitSubject } from './subject.ts';
import { tallied } from './trace.ts';

/** The promises, in order. */
export const RULES: readonly Rule[] = [
  manifestIsValid,
  discoversNoMore,
  versionsTell,
  planWritesNothing,
  effectIsReadBack,
  onceIsOnce,
  verifyDecides,
  foreignChangeIsSeen,
  undoIsWhole,
  refusalsAreBounded,
  hostileIdsStayPut,
  tenantsAreApart,
  secretsStay,
  abortIsHonoured,
  pagesAreComplete,
  partIsNotWhole,
  exactToTheCent,
  editIsNotWrittenOver,
  strangersAreNoWord,
  needsAreThere,
];

export interface Result {
  readonly rule: number;
  readonly title: string;
  readonly outcome: Outcome;
  /** What the calls came to, where the rule failed or it alone was run. */
  readonly calls?: readonly string[];
  /** How long it took: where an adapter is slow, here it shows. */
  readonly ms: number;
}

export interface Report {
  readonly adapter: string;
  readonly version: string;
  readonly ok: boolean;
  readonly results: readonly Result[];
}

/** Every rule on one subject, one after the other: they share a CRM. `only`: this one alone. */
export async function runKit(subject: KitSubject, only?: number): Promise<Report> {
  // A call's time limit keeps no process alive, and not every rig has a server that does.
  const awake = setInterval(() => undefined, 60_000);
  const rig = await subject.open();
  let bench: Bench | undefined;
  try {
    bench = await openBench(rig);
    const results: Result[] = [];
    for (const rule of RULES.filter(({ number }) => only === undefined || number === only)) {
      const before = performance.now();
      bench.trace.length = 0;
      const outcome = await judge(rule, bench);
      const ms = Math.round(performance.now() - before);
      const calls = outcome.kind === 'fail' || only !== undefined ? { calls: tallied(bench.trace) } : {};
      results.push({ rule: rule.number, title: rule.title, outcome, ms, ...calls });
    }
    const ok = results.every(({ outcome }) => outcome.kind !== 'fail');
    return { adapter: subject.name, version: bench.manifest.version, ok, results };
  } finally {
    await bench?.recorder.close();
    await rig.stop();
    clearInterval(awake);
  }
}

/** The slowest rule ends in a tenth of this; an adapter that hangs for ever must not hang the kit. */
const RULE_MS_MAX = 120_000;

export async function judge(rule: Rule, bench: Bench, ruleMsMax = RULE_MS_MAX): Promise<Outcome> {
  const ended = new AbortController();
  try {
    return await Promise.race([rule.run(bench), late(ruleMsMax, ended.signal)]);
  } catch (error) {
    if (error instanceof Broken) return { kind: 'fail', seen: error.message, todo: error.todo };
    if (error instanceof AdapterError)
      return {
        kind: 'fail',
        seen: `${error.code}: ${error.message}`,
        todo: 'A plain call on a seeded record must succeed.',
      };
    return {
      kind: 'fail',
      seen: inspect(error).slice(0, 500),
      todo: 'The rig or the adapter failed outside the contract.',
    };
  } finally {
    ended.abort();
    bench.recorder.between(undefined);
    bench.recorder.hears(undefined);
    await bench.rig.clearFaults();
  }
}

async function late(ms: number, ended: AbortSignal): Promise<never> {
  await sleep(ms, undefined, { signal: ended }).catch(() => undefined);
  throw new Broken(`the rule did not end in ${ms / 1_000} s`, 'Bound every call in time, and honour ctx.signal.');
}

const MARK = { pass: 'pass', fail: 'FAIL', 'not-applicable': 'n/a ' } as const;

/** Of what a failing rule saw, the last calls say most. */
const CALLS_SHOWN = 12;

/** The report as lines for a terminal; `isWhole`: with every call. */
export function table({ adapter, version, ok, results }: Report, isWhole = false): string[] {
  const width = Math.max(...results.map(({ title }) => title.length));
  const lines = results.flatMap(({ rule, title, outcome, calls = [] }) => {
    const shown = isWhole ? calls : calls.slice(-CALLS_SHOWN);
    const more = calls.length > shown.length ? [`          … ${calls.length - shown.length} calls before`] : [];
    const seen = [...more, ...shown.map((each) => `          ${printable(each)}`)];
    const said = outcome.kind === 'pass' ? outcome.detail : outcome.kind === 'fail' ? outcome.seen : outcome.reason;
    const line = `${String(rule).padStart(2)}  ${MARK[outcome.kind]}  ${title.padEnd(width)}  ${printable(said)}`;
    return outcome.kind === 'fail' ? [line, ...seen, `          → ${printable(outcome.todo)}`] : [line, ...seen];
  });
  return [`${adapter} ${version}`, ...lines, ok ? 'conformant' : 'NOT conformant'];
}

/** What a CRM or an adapter said must not drive the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD').slice(0, 300);
}
