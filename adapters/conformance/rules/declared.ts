import { type Bench, settle } from '../bench.ts';
import { must, pass } from '../outcome.ts';
import type { Rule } from '../rule.ts';

const VALUES = {
  idempotency: ['key', 'external_id', 'lookup', 'none'],
  conflict: ['etag', 'timestamp', 'detect', 'none'],
  reversal: ['undo', 'compensate', 'none'],
  preview: ['native', 'computed'],
  stability: ['ga', 'beta'],
} as const;

/** 1 */
export const manifestIsValid: Rule = {
  number: 1,
  title: 'manifest is valid and static',
  async run({ manifest, adapter, make, rig }: Bench) {
    const todo = 'Correct the manifest.';
    must(/^[a-z][a-z0-9-]*$/.test(manifest.name), `name ${JSON.stringify(manifest.name)}`, todo);
    must(/^\d+\.\d+\.\d+/.test(manifest.version), `version ${JSON.stringify(manifest.version)}`, todo);
    must(manifest.title.trim() !== '', 'no title', todo);
    must(manifest.capabilities.length > 0, 'no capability', todo);
    const actions = manifest.capabilities.map(({ action }) => action);
    must(new Set(actions).size === actions.length, 'an action is declared twice', todo);
    const again = (await make()).manifest;
    must(JSON.stringify(again) === JSON.stringify(manifest), 'two instances differ', 'A manifest is a constant.');
    for (const capability of manifest.capabilities) {
      const { action, objects, modes } = capability;
      must(/^[a-z]+(\.[a-z_]+)+$/.test(action), `action ${JSON.stringify(action)}`, todo);
      must(objects.length > 0 && modes.length > 0, `${action} names no objects or modes`, todo);
      for (const [member, allowed] of Object.entries(VALUES)) {
        const value: unknown = Object.entries(capability).find(([name]) => name === member)?.[1];
        must(
          allowed.some((each) => each === value),
          `${action}: ${member} is ${JSON.stringify(value)}`,
          todo,
        );
      }
      must(
        capability.reversal === 'none' || adapter.compensate !== undefined,
        `${action} declares reversal ${capability.reversal}, and there is no compensate`,
        'Implement compensate, or declare reversal none.',
      );
      must(
        !modes.includes('write') || rig.samples.some((each) => each.action === action),
        `${action} has no sample`,
        'What is claimed is tested: give the rig a sample.',
      );
    }
    return pass(`${actions.length} capabilities`);
  },
};

/** 2 */
export const discoversNoMore: Rule = {
  number: 2,
  title: 'discover is a subset of the manifest',
  async run({ manifest, adapter, ctx }: Bench) {
    const found = await settle(adapter.discover(ctx()));
    must(found.ok, 'discover failed', 'It must work on a reachable CRM.');
    const claimed = new Set(manifest.capabilities.map((each) => JSON.stringify(Object.entries(each).sort())));
    for (const each of found.value) {
      const text = JSON.stringify(Object.entries(each).sort());
      must(
        claimed.has(text),
        `discovered ${each.action} is not as in the manifest`,
        'Only leave out what a tenant lacks.',
      );
    }
    const health = await settle(adapter.health(ctx()));
    must(health.ok && health.value.ok, 'health is not ok on a healthy CRM', 'Return { ok: true }.');
    return pass(`${found.value.length} of ${manifest.capabilities.length}`);
  },
};
