import { isDeepStrictEqual } from 'node:util';
import { canonicalText } from '../../../protocol/base/canonical.ts';
import type { Change } from '../../sdk/index.ts';
import { eachAction, said, settle, tally } from '../bench.ts';
import { must } from '../outcome.ts';
import type { Rule } from '../rule.ts';

const always = () => undefined;
/** A step that only makes a record, beside one that changes the record in question. */
const isCreate = (changes: readonly Change[]): boolean =>
  changes.length > 0 && changes.every(({ ref }) => ref.by === 'external');

/** 4 */
export const planWritesNothing: Rule = {
  number: 4,
  title: 'plan writes nothing and is deterministic',
  run: (bench) =>
    eachAction(bench, always, async (action) => {
      const { adapter, ctx, recorder } = bench;
      const since = await bench.mark();
      const mark = recorder.count();
      const { request, about, plan } = await bench.fresh(action);
      const again = await adapter.plan(ctx(), request);
      const wrote = bench.writes(mark);
      must(wrote.length === 0, `plan sent ${wrote[0]}`, 'Hand planners the read-only client.');
      must((await since()).length === 0, 'planning changed the CRM', 'Hand planners the read-only client.');
      must(
        canonicalText(plan) === canonicalText(again),
        'the same request gave two plans',
        'No clock, randomness or unordered data in a plan: its digest is what a person approves.',
      );
      const other = await adapter.plan(ctx(), { ...request, operation: bench.operation() });
      const keys = [...plan.steps, ...other.steps].map(({ idempotencyKey }) => idempotencyKey);
      must(new Set(keys).size === keys.length, 'two steps share a key', 'Derive keys from operation and step.');
      for (const { preconditions, changes } of plan.steps)
        must(
          about === undefined || isCreate(changes) || (preconditions.length > 0 && changes.length > 0),
          'a step on a record has no precondition or change',
          'Say which version was read and each field that changes.',
        );
      return undefined;
    }),
};

/** 5 */
export const effectIsReadBack: Rule = {
  number: 5,
  title: 'execute, then verify says applied, and it is true',
  run: (bench) =>
    eachAction(bench, always, async (action) => {
      const { adapter, ctx, rig } = bench;
      const { plan } = await bench.fresh(action);
      for (const step of plan.steps) {
        const before = await adapter.verify(ctx(), step);
        must(before.state === 'not_applied', `verify says ${before.state} before anything was done`, 'Read the CRM.');
        const since = await bench.mark();
        const done = await adapter.execute(ctx(), step);
        must(done.state === 'applied', `the first execute says ${done.state}`, 'Say what this call did.');
        must((await since()).length > 0, 'execute succeeded and nothing changed', 'Write before you say so.');
        const { state, diff, after } = await adapter.verify(ctx(), step);
        must(
          state === 'applied' && diff.length === 0,
          `verify says ${state}, ${diff.length} differ`,
          'Normalise when planning.',
        );
        must(
          after?.version === done.version,
          `execute made ${done.version}, verify saw ${after?.version}`,
          'Same version.',
        );
        const record = await rig.record(done.ref);
        for (const { field, to } of step.changes)
          must(
            isDeepStrictEqual(record[field], to),
            `${field} is ${JSON.stringify(record[field])}, planned ${JSON.stringify(to)}`,
            'Write every planned value.',
          );
        if (bench.cannot('stale-read') === undefined && step.preconditions.length > 0) {
          await rig.fault({ op: 'read', kind: 'stale-read', count: 10 });
          const stale = await settle(adapter.verify(ctx(), step));
          await rig.clearFaults();
          must(
            !stale.ok || stale.value.state === 'unknown' || stale.value.state === 'applied',
            `a stale read makes verify say ${stale.ok ? stale.value.state : ''}`,
            'A read older than the write says unknown.',
          );
        }
      }
      return undefined;
    }),
};

/** 6 */
export const onceIsOnce: Rule = {
  number: 6,
  title: 'twice, or 20 times at once, with one key is one effect',
  run: (bench) =>
    eachAction(
      bench,
      ({ idempotency }) => (idempotency === 'none' ? 'declares idempotency none' : undefined),
      async (action) => {
        const { adapter, ctx } = bench;
        const todo = 'Send the step’s own key with every write, and let the CRM keep it unique.';
        const first = await bench.fresh(action);
        const since = await bench.mark();
        await adapter.execute(ctx(), first.step);
        const expected = (await since()).length;
        must(expected > 0, 'execute had no effect', 'See rule 5.');
        const again = await settle(adapter.execute(ctx(), first.step));
        must(
          again.ok && again.value.state === 'already_applied',
          `the second execute says ${again.ok ? again.value.state : said(again)}`,
          todo,
        );
        must((await since()).length === expected, `${(await since()).length} effects instead of ${expected}`, todo);
        const { step } = await bench.fresh(action);
        const later = await bench.mark();
        const all = await Promise.all(Array.from({ length: 20 }, () => settle(adapter.execute(ctx(), step))));
        const effects = (await later()).length;
        must(effects === expected, `20 at once had ${effects} effects instead of ${expected}: ${tally(all)}`, todo);
        const applied = all.filter((each) => each.ok && each.value.state === 'applied').length;
        must(
          applied <= 1 && all.some(({ ok }) => ok),
          `${applied} of 20 say applied: ${tally(all)}`,
          'One did it, and the others are told so or to look.',
        );
        const odd = all.find(
          (each) => !each.ok && !['retryable', 'rate_limited', 'conflict', 'unknown_outcome'].includes(each.error.code),
        );
        must(odd === undefined, `one of 20 says ${odd === undefined ? '' : said(odd)}`, todo);
        return undefined;
      },
    ),
};

/** 8 */
export const foreignChangeIsSeen: Rule = {
  number: 8,
  title: 'a foreign change between plan and execute is a conflict',
  run: (bench) =>
    eachAction(
      bench,
      ({ conflict }) => (conflict === 'none' ? 'declares conflict none' : undefined),
      async (action, { conflict }) => {
        const { adapter, ctx, rig } = bench;
        const { step, about } = await bench.fresh(action);
        if (about === undefined) return 'changes no existing record';
        // HTTP dates know whole seconds.
        if (conflict === 'timestamp') await new Promise((resolve) => setTimeout(resolve, 1_100));
        await rig.edit(about.ref, about.edit);
        const since = await bench.mark();
        const done = await settle(adapter.execute(ctx(), step));
        const effects = (await since()).length;
        if (conflict === 'detect' && done.ok) {
          const { state } = await adapter.verify(ctx(), step);
          must(
            state === 'diverged',
            `verify says ${state} after a foreign change`,
            'Declared detect: report diverged.',
          );
          return undefined;
        }
        must(
          said(done) === 'conflict',
          `execute says ${said(done)}`,
          'Send the planned version as the write’s condition.',
        );
        must(
          effects === 0,
          'the foreign change was written over',
          'Send the planned version as the write’s condition.',
        );
        return undefined;
      },
    ),
};

/** 9 */
export const undoIsWhole: Rule = {
  number: 9,
  title: 'compensate restores, is harmless twice, overwrites nobody',
  run: (bench) =>
    eachAction(
      bench,
      ({ reversal }) => (reversal === 'none' ? 'declares reversal none' : undefined),
      async (action) => {
        const { adapter, ctx, rig } = bench;
        const undo = adapter.compensate?.bind(adapter);
        must(undo !== undefined, 'there is no compensate', 'Implement it or declare reversal none.');
        const first = await bench.fresh(action);
        if (first.about === undefined) return 'changes no existing record';
        const { ref } = first.about;
        const before = await rig.record(ref);
        const done = await adapter.execute(ctx(), first.step);
        await undo(ctx(), first.step, done);
        must(
          isDeepStrictEqual(await rig.record(ref), before),
          'the record is not as it was',
          'Write back every `from`.',
        );
        const since = await bench.mark();
        const twice = await settle(undo(ctx(), first.step, done));
        must(
          twice.ok && (await since()).length === 0,
          `a second compensate says ${said(twice)}`,
          'Give it its own key.',
        );
        const { step, about } = await bench.fresh(action);
        must(about !== undefined, 'the sample names no record', 'Give the sample `about`.');
        const written = await adapter.execute(ctx(), step);
        await rig.edit(about.ref, about.edit);
        const edited = await rig.record(about.ref);
        const late = await settle(undo(ctx(), step, written));
        must(
          said(late) === 'conflict',
          `after a foreign edit it says ${said(late)}`,
          'Make it conditional on done.version.',
        );
        must(
          isDeepStrictEqual(await rig.record(about.ref), edited),
          'the edit was written over',
          'Make it conditional on done.version.',
        );
        return undefined;
      },
    ),
};
