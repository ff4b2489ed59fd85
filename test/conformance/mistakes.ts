/** The sandbox adapter with one mistake built in, to see that the kit finds it: each a mistake that real adapters make. */
import { request } from 'undici';
import type { AdapterOptions, KitSubject, Rig } from '../../adapters/conformance/subject.ts';
import { subject as sandbox } from '../../adapters/sandbox/kit.ts';
import {
  type Adapter,
  AdapterError,
  type Capability,
  type Change,
  type Ctx,
  type Plan,
  type PlanStep,
  type Ref,
} from '../../adapters/sdk/index.ts';
import type { Dispatcher } from '../../adapters/sdk/public.ts';
import type { JsonObject } from '../../protocol/base/json.ts';

export interface Mistake {
  readonly title: string;
  /** What the rule says it saw: the mistake is found for what it is. */
  readonly seen?: RegExp;
  readonly adapter?: (right: Adapter, options: AdapterOptions, wire: Wire) => Partial<Adapter>;
  /** Changes what goes over the wire, past the adapter. */
  readonly wire?: (sent: Dispatcher.DispatchOptions) => Dispatcher.DispatchOptions;
  readonly rig?: (right: Rig) => Partial<Rig>;
}

interface Wire {
  /** Where the last request went. */
  readonly origin: () => string;
}

/** The sandbox’s own subject with the mistake in it; without one, it is conformant. `opened`: a rig that is there already, and stays. */
export function subjectWith({ title, adapter, wire, rig }: Mistake, action?: string, opened?: Rig): KitSubject {
  return {
    name: title,
    async open() {
      const right = opened === undefined ? await sandbox.open() : { ...opened, stop: async () => undefined };
      const made: Rig['makeAdapter'] = async (options) => {
        let origin = '';
        const dispatcher = options.dispatcher.compose((dispatch) => (sent, handler) => {
          origin = String(sent.origin);
          return dispatch(wire?.(sent) ?? sent, handler);
        });
        const whole = await right.makeAdapter({ ...options, dispatcher });
        const inner = action === undefined ? whole : only(action, whole);
        return { ...inner, ...adapter?.(inner, options, { origin: () => origin }) };
      };
      const wrong = { ...right, makeAdapter: made };
      return { ...wrong, ...rig?.(wrong) };
    },
  };
}

function only(action: string, { manifest, ...rest }: Adapter): Adapter {
  const capabilities = manifest.capabilities.filter((each) => each.action === action);
  return { ...rest, manifest: { ...manifest, capabilities }, discover: async () => capabilities };
}

/** Runs a call; an error goes through the given hands. */
export async function rescued<T>(call: Promise<T>, hands: (error: AdapterError) => T | Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AdapterError) return hands(error);
    throw error;
  }
}
export const as = (code: AdapterError['code'], error: AdapterError) =>
  new AdapterError(code, error.message, error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs });

const deaf = (ctx: Ctx): Ctx => ({ ...ctx, signal: AbortSignal.timeout(10_000) });

const headersOf = ({ headers }: Dispatcher.DispatchOptions): Record<string, string> => {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) if (typeof value === 'string') all[name] = value;
  return all;
};

let made = 0;
const seen = new Map<string, Awaited<ReturnType<Adapter['read']>>>();

/** For each rule the mistakes that it alone must find; of each, the first is tried against the whole kit. */
export const MISTAKES: Readonly<Record<number, readonly Mistake[]>> = {
  1: [
    {
      title: 'a version that is none',
      seen: /version "one"/,
      adapter: ({ manifest }) => ({ manifest: { ...manifest, version: 'one' } }),
    },
    {
      title: 'an undo that is declared and not there',
      seen: /there is no compensate/,
      adapter: ({ compensate: _, ...rest }) => ({ ...rest, compensate: undefined as never }),
    },
  ],
  2: [
    {
      title: 'discovers more than the manifest claims',
      seen: /not as in the manifest/,
      adapter: ({ manifest }) => ({
        discover: async () => manifest.capabilities.map((each) => ({ ...each, preview: 'native' as const })),
      }),
    },
  ],
  3: [
    {
      title: 'takes the version from the time of reading',
      seen: /with nothing changed/,
      adapter: ({ read }) => ({
        async read(ctx, ref) {
          made += 1;
          return { ...(await read(ctx, ref)), version: `v${made}` };
        },
      }),
    },
    {
      title: 'takes an answer of another shape for an empty record',
      seen: /bad-schema: a read says success/,
      adapter: ({ read }) => ({
        read: (ctx, ref) =>
          rescued(read(ctx, ref), (error) => {
            if (error.code !== 'retryable') throw error;
            return { ref, version: '0', versionKind: 'counter', readAt: ctx.clock().toISOString(), data: {} };
          }),
      }),
    },
  ],
  4: [
    {
      title: 'writes while planning',
      seen: /plan sent PATCH/,
      adapter: ({ plan }, { dispatcher }, { origin }) => ({
        async plan(ctx, asked) {
          const planned = await plan(ctx, asked);
          if (origin() !== '') {
            const url = `${origin()}/v1/contacts/preview`;
            await (await request(url, { method: 'PATCH', body: '{}', dispatcher })).body.dump();
          }
          return planned;
        },
      }),
    },
    {
      title: 'plans something else each time',
      seen: /two plans/,
      adapter: ({ plan }) => ({
        async plan(ctx, asked) {
          made += 1;
          return { ...(await plan(ctx, asked)), warnings: [`planned at ${made}`] };
        },
      }),
    },
  ],
  5: [
    {
      title: 'reads another version back than it wrote',
      seen: /verify saw/,
      adapter: ({ verify }) => ({
        async verify(ctx, step) {
          const { after, ...rest } = await verify(ctx, step);
          return after === undefined ? rest : { ...rest, after: { ...after, version: `${after.version}+` } };
        },
      }),
    },
    {
      title: 'believes a stale read',
      seen: /stale read makes verify say not_applied/,
      adapter: ({ verify }) => ({
        async verify(ctx, step) {
          const said = await verify(ctx, step);
          return said.state === 'unknown' ? { ...said, state: 'not_applied' } : said;
        },
      }),
    },
    {
      title: 'says applied without looking',
      seen: /before anything was done/,
      adapter: () => ({ verify: async () => ({ state: 'applied', diff: [] }) }),
    },
  ],
  6: [
    {
      title: 'says of a duplicate that it was applied',
      seen: /second execute says applied/,
      adapter: ({ execute }) => ({
        execute: async (ctx, step) => ({ ...(await execute(ctx, step)), state: 'applied' }),
      }),
    },
    {
      title: 'makes a new key for every try',
      seen: /second execute says conflict/,
      wire(sent) {
        const headers = headersOf(sent);
        if (headers['external-id'] === undefined) return sent;
        made += 1;
        return { ...sent, headers: { ...headers, 'external-id': `${headers['external-id'].slice(0, 100)}-${made}` } };
      },
    },
  ],
  7: [
    {
      title: 'says of a write without an answer that it was not sent',
      seen: /reset-after: retryable, and the write happened/,
      adapter: ({ execute }) => ({
        execute: (ctx, step) =>
          rescued(execute(ctx, step), (error) => {
            throw error.code === 'unknown_outcome' ? as('retryable', error) : error;
          }),
      }),
    },
    {
      title: 'takes a 5xx after the write for a refusal',
      seen: /500-before: invalid/,
      adapter: ({ execute }) => ({
        execute: (ctx, step) =>
          rescued(execute(ctx, step), (error) => {
            throw error.message.includes('500') ? as('invalid', error) : error;
          }),
      }),
    },
  ],
  8: [
    {
      title: 'writes over a foreign change',
      seen: /execute says success/,
      adapter: ({ execute, read }) => ({
        execute: async (ctx, step) => {
          const [known] = step.preconditions;
          if (known === undefined) return execute(ctx, step);
          // Guards its own write well, on the version that it finds instead of the planned one.
          const { version } = await read(ctx, known.ref);
          return execute(ctx, { ...step, preconditions: [{ ...known, version }] });
        },
      }),
    },
  ],
  9: [
    {
      title: 'undoes nothing',
      seen: /not as it was/,
      adapter: () => ({ compensate: async (_ctx, _step, done) => done }),
    },
    {
      title: 'undoes over a foreign change',
      seen: /after a foreign edit it says success/,
      adapter: ({ compensate, read }) => ({
        async compensate(ctx, step, done) {
          if (compensate === undefined) throw new AdapterError('bug', 'there is no undo');
          return compensate(ctx, step, { ...done, version: (await read(ctx, done.ref)).version });
        },
      }),
    },
  ],
  10: [
    {
      title: 'loses Retry-After',
      seen: /Retry-After loses it/,
      adapter: ({ execute }) => ({
        execute: (ctx, step) =>
          rescued(execute(ctx, step), (error) => {
            throw error.code === 'rate_limited' ? new AdapterError('rate_limited', error.message) : error;
          }),
      }),
    },
    {
      title: 'hammers a CRM that refuses',
      seen: /10 requests/,
      adapter: ({ execute }) => ({
        async execute(ctx, step) {
          for (let tries = 0; tries < 9; tries += 1)
            try {
              return await execute(ctx, step);
            } catch {
              // And again.
            }
          return execute(ctx, step);
        },
      }),
    },
    {
      title: 'never renews an expired token',
      seen: /expired token execute still says unauthorised/,
      rig: (right) => sessions(right, false),
    },
  ],
  11: [
    {
      title: 'writes what a mapping to ASCII leaves',
      seen: /was written, and verify says diverged/,
      wire: (sent) =>
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the very characters this mistake keeps
        typeof sent.body === 'string' ? { ...sent, body: sent.body.replaceAll(/[^\u0000-\u007f]/g, '?') } : sent,
    },
    {
      title: 'sends identifiers as they are',
      seen: /was sent as GET/,
      wire: (sent) => ({ ...sent, path: unencoded(sent.path) }),
    },
  ],
  12: [
    {
      title: 'keeps one cache for all tenants',
      seen: /tenant/,
      adapter: ({ read }) => ({
        async read(ctx, ref) {
          if (ref.type !== 'account') return read(ctx, ref);
          const found = seen.get(ref.value) ?? (await read(ctx, ref));
          seen.set(ref.value, found);
          return found;
        },
      }),
    },
  ],
  13: [
    {
      title: 'logs its token when something fails',
      seen: /a token is in a log line/,
      adapter: ({ execute }, { token = 'sandbox-kit-token-b41f' }) => ({
        execute: (ctx, step) =>
          rescued(execute(ctx, step), (error) => {
            ctx.log('crm.failed', { headers: `authorization: Bearer ${token}` });
            throw error;
          }),
      }),
    },
    {
      title: 'quotes its token in a cause',
      seen: /a token is in a log line/,
      adapter: ({ execute }, { token = 'sandbox-kit-token-b41f' }) => ({
        execute: (ctx, step) =>
          rescued(execute(ctx, step), ({ code, message }) => {
            throw new AdapterError(code, message, { cause: { request: { headers: { authorization: token } } } });
          }),
      }),
    },
  ],
  14: [
    {
      title: 'reads on after an abort',
      seen: /read goes on a second after the abort/,
      adapter: ({ read }) => ({ read: (ctx, ref) => read(deaf(ctx), ref) }),
    },
    {
      title: 'sends what was stopped before',
      seen: /aborted call still sends/,
      adapter: ({ execute }) => ({
        execute: (ctx, step) => execute(ctx.signal.aborted ? deaf(ctx) : ctx, step),
      }),
    },
  ],
  15: [{ title: 'stops after three pages', seen: /are missing/, rig: (right) => paged(right, 3) }],
  16: [
    {
      title: 'takes a part for the whole',
      seen: /of what was done in part/,
      adapter: ({ verify }) => ({
        async verify(ctx, step) {
          const said = await verify(ctx, step);
          return said.state === 'diverged' ? { ...said, state: 'applied', diff: [] } : said;
        },
      }),
    },
  ],
  17: [
    {
      title: 'takes every currency for one of two digits',
      seen: /1 JPY: unit_price/,
      adapter: ({ plan }) => ({ plan: async (ctx, asked) => inCents(await plan(ctx, asked)) }),
    },
    {
      title: 'counts days where the machine stands',
      seen: /time zone/,
      adapter: ({ plan }) => ({
        async plan(ctx, asked) {
          const planned = await plan(ctx, asked);
          const [step] = planned.steps;
          const end = step?.changes.find(({ field }) => field === 'end_date')?.to;
          if (step === undefined || typeof end !== 'string') return planned;
          const local = new Date(`${end}T00:00:00Z`).getDate();
          return { ...planned, warnings: [`the day is ${local}`] };
        },
      }),
    },
  ],
};

/** Controls: conformant, though they do what the mistakes beside them do. */
export const RIGHT: readonly Mistake[] = [
  { title: 'no mistake' },
  { title: 'all pages', rig: (right) => paged(right, 1_000) },
  { title: 'renews an expired token', rig: (right) => sessions(right, true) },
];

/** Claims none of what can be left unclaimed. */
export const MODEST: Mistake = {
  title: 'claims nothing',
  adapter({ manifest }) {
    const none = (each: Capability): Capability => ({
      ...each,
      idempotency: 'none',
      conflict: 'none',
      reversal: 'none',
    });
    return { manifest: { ...manifest, capabilities: manifest.capabilities.map(none) } };
  },
};

function unencoded(path: string): string {
  const plain = path.split('/').map((each) => {
    try {
      return decodeURIComponent(each);
    } catch {
      return each;
    }
  });
  // What undici itself refuses to send is none of this mistake’s.
  return plain.join('/').replaceAll(/[^\u0021-\u007e]/g, (char) => encodeURIComponent(char.toWellFormed()));
}

function inCents(planned: Plan): Plan {
  const wrong = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'currency' in value && 'amount' in value && value.currency !== 'EUR'
      ? { ...value, amount: Number(value.amount) * 10 }
      : value;
  const steps = planned.steps.map((step): PlanStep => {
    const payload: JsonObject = JSON.parse(JSON.stringify(step.payload), (_key, value) => wrong(value));
    const changes = step.changes.map((each): Change => ({ ...each, to: JSON.parse(JSON.stringify(wrong(each.to))) }));
    return { ...step, payload, changes };
  });
  return { ...planned, steps };
}

/** Tokens that end: a request under an ended one carries one that the CRM does not know. */
function sessions(right: Rig, renews: boolean): Partial<Rig> {
  let current = 0;
  return {
    expire: async () => {
      current += 1;
    },
    async makeAdapter(options) {
      let mine = current;
      const dispatcher = options.dispatcher.compose((dispatch) => (sent, handler) => {
        const headers = { ...headersOf(sent), ...(mine === current ? {} : { authorization: 'Bearer ended' }) };
        return dispatch({ ...sent, headers }, handler);
      });
      const inner = await right.makeAdapter({ ...options, dispatcher });
      const renewed = <T>(call: () => Promise<T>): Promise<T> =>
        rescued(call(), (error) => {
          if (error.code !== 'unauthorised' || mine === current || !renews) throw error;
          mine = current;
          return call();
        });
      return {
        ...inner,
        read: (ctx, ref) => renewed(() => inner.read(ctx, ref)),
        plan: (ctx, asked) => renewed(() => inner.plan(ctx, asked)),
        execute: (ctx, step) => renewed(() => inner.execute(ctx, step)),
        verify: (ctx, step) => renewed(() => inner.verify(ctx, step)),
      };
    },
  };
}

const LIST: Ref = { type: 'ticket_list', by: 'id', value: 'all' };

interface ListAnswer {
  readonly record?: { readonly id: string };
  readonly records?: readonly { readonly id: string }[];
  readonly next?: string | null;
}

/** An adapter that also reads a list, two at a time: whole, or the first pages only. */
function paged(right: Rig, pagesMax: number): Partial<Rig> {
  const [token = ''] = right.secrets;
  const ids: string[] = [];
  let origin = '';
  let dispatcher: Dispatcher | undefined;
  async function call(target: string, key?: string): Promise<ListAnswer> {
    const headers = { authorization: `Bearer ${token}` };
    const written = {
      method: 'POST',
      body: '{"subject":"a","body":"b","priority":"normal","operation":"op"}',
    } as const;
    const { body } = await request(`${origin}${target}`, {
      ...(dispatcher === undefined ? {} : { dispatcher }),
      ...(key === undefined ? { headers } : { ...written, headers: { ...headers, 'external-id': key } }),
    });
    return JSON.parse(await body.text());
  }
  async function open(): Promise<string> {
    made += 1;
    const { record } = await call('/v1/tickets', `person:kit-${made}`);
    if (record === undefined) throw new Error('no ticket was made');
    return record.id;
  }
  return {
    async makeAdapter(options) {
      dispatcher = options.dispatcher;
      const noting = options.dispatcher.compose((dispatch) => (sent, handler) => {
        origin = String(sent.origin);
        return dispatch(sent, handler);
      });
      const adapter = await right.makeAdapter({ ...options, dispatcher: noting });
      if (ids.length === 0) {
        const ctx = { clock: () => new Date(0), signal: AbortSignal.timeout(5_000), log: () => undefined };
        await adapter.health(ctx);
        for (let n = 0; n < 10; n += 1) ids.push(await open());
      }
      return {
        ...adapter,
        async read(ctx, ref) {
          if (ref.type !== LIST.type) return adapter.read(ctx, ref);
          const found: string[] = [];
          let after: string | null = '';
          for (let pages = 0; pages < pagesMax && after !== null; pages += 1) {
            const page: ListAnswer = await call(`/v1/tickets?limit=2${after === '' ? '' : `&after=${after}`}`);
            found.push(...(page.records ?? []).map(({ id }) => id));
            after = page.next ?? null;
          }
          return { ref, version: '1', versionKind: 'hash', readAt: ctx.clock().toISOString(), data: { ids: found } };
        },
      };
    },
    paged: { ref: LIST, field: 'ids', ids, move: async () => void (await open()) },
  };
}
