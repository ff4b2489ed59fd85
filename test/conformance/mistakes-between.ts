/** Mistakes that show between an adapter and its CRM, and in what it says of records and terms. */
import { AdapterError } from '../../adapters/sdk/index.ts';
import { as, type Mistake, rescued } from './mistakes.ts';

let made = 0;

/** As the others: of each rule’s, the first is tried against the whole kit. */
export const BETWEEN: Readonly<Record<number, readonly Mistake[]>> = {
  18: [
    {
      title: 'compares the version itself and then writes blindly',
      seen: /edited before the write, execute says success/,
      adapter: ({ execute, read, verify }) => ({
        async execute(ctx, step) {
          const [known] = step.preconditions;
          if (known !== undefined && (await read(ctx, known.ref)).version !== known.version) {
            const { state } = await verify(ctx, step);
            if (state !== 'applied') throw new AdapterError('conflict', 'The record has changed.');
          }
          return rescued(execute(ctx, step), async (error) => {
            if (error.code !== 'conflict' || known === undefined) throw error;
            const { version } = await read(ctx, known.ref);
            return execute(ctx, { ...step, preconditions: [{ ...known, version }] });
          });
        },
      }),
    },
  ],
  19: [
    {
      title: 'believes a proxy that knows nothing',
      seen: /a proxy’s 404 makes verify say not_applied/,
      adapter: ({ verify }) => ({
        verify: (ctx, step) =>
          rescued(verify(ctx, step), (error) => {
            if (!error.message.includes('404')) throw error;
            return { state: 'not_applied', diff: [] };
          }),
      }),
    },
    {
      title: 'takes a proxy’s 404 for a record that is not there',
      seen: /makes a read say not_found/,
      adapter: ({ read }) => ({
        read: (ctx, ref) =>
          rescued(read(ctx, ref), (error) => {
            throw error.code === 'retryable' ? as('not_found', error) : error;
          }),
      }),
    },
    {
      title: 'takes what is behind for somebody else’s change',
      seen: /with reads that are behind, verify says diverged/,
      adapter: ({ execute, verify }) => {
        const done = new Set<string>();
        return {
          async execute(ctx, step) {
            const result = await execute(ctx, step);
            done.add(step.idempotencyKey);
            return result;
          },
          async verify(ctx, step) {
            const seen = await verify(ctx, step);
            return seen.state === 'not_applied' && done.has(step.idempotencyKey)
              ? { ...seen, state: 'diverged' }
              : seen;
          },
        };
      },
    },
    {
      title: 'looks itself whether it has written, and believes an index that is behind',
      seen: /with reads that are behind, a repeat/,
      adapter: ({ execute, verify }) => ({
        async execute(ctx, step) {
          const { state } = await verify(ctx, step);
          // Nothing unique goes over the wire: only its own search stands between one write and two.
          if (state !== 'not_applied') return execute(ctx, step);
          made += 1;
          return execute(ctx, { ...step, idempotencyKey: `${step.idempotencyKey}~${made}` });
        },
      }),
    },
  ],
  20: [
    {
      title: 'claims an action that needs a field it does not read',
      seen: /contract\.renew: reads no contract\.notice_days/,
      adapter: ({ manifest }) => ({
        manifest: {
          ...manifest,
          fields: {
            ...manifest.fields,
            contract: (manifest.fields?.['contract'] ?? []).filter((each) => each !== 'notice_days'),
          },
        },
      }),
    },
    {
      title: 'says nothing of a term that was agreed',
      seen: /nothing writes the agreed term notice_days/,
      adapter: ({ manifest }) => ({
        manifest: {
          ...manifest,
          capabilities: manifest.capabilities.map(({ terms: { notice_days: _, ...terms } = {}, ...each }) => ({
            ...each,
            terms,
          })),
        },
      }),
    },
    {
      title: 'says that it reads what no record has',
      seen: /a record has no contract\.colour/,
      adapter: ({ manifest }) => ({
        manifest: {
          ...manifest,
          fields: { ...manifest.fields, contract: [...(manifest.fields?.['contract'] ?? []), 'colour'] },
        },
      }),
    },
  ],
};
