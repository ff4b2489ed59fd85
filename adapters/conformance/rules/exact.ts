import { isDeepStrictEqual } from 'node:util';
import { canonicalText } from '../../../protocol/base/canonical.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { ASKED_ON, type Bench, eachAction, said, settle } from '../bench.ts';
import { must, notApplicable, pass } from '../outcome.ts';
import type { Rule } from '../rule.ts';
import type { Effect } from '../subject.ts';

const HOSTILE = [
  '../x',
  'x/../../y',
  'x?_HttpMethod=DELETE',
  '%2e%2e',
  '%2e%2e%2fx',
  "x' OR Id != null OR Name = '",
  'x\\',
  '{"$ne":null}',
  'x\u0000',
  'x\r\nx-evil: 1',
  '\u202Egnp.x',
  '//evil.example/',
  'Žluťoučký 👩‍👩‍👧 e\u0301 \u{1F1E9}\u{1F1EA}',
  'x'.repeat(1_048_576),
] as const;
const show = (value: string) => JSON.stringify(value.length > 40 ? `${value.slice(0, 8)}… (${value.length})` : value);

/** 11 */
export const hostileIdsStayPut: Rule = {
  number: 11,
  title: 'hostile identifiers and values touch no other path',
  run: (bench) =>
    eachAction(
      bench,
      () => undefined,
      async (action) => {
        const { request, about } = await bench.prepare(action);
        const id = about?.ref.value;
        for (const value of HOSTILE) {
          if (about !== undefined) {
            await stays(bench, value, (each) => bench.adapter.read(bench.ctx(), { ...about.ref, value: each }));
            const input = (each: string) => swap(request.input, id ?? '', each);
            await stays(bench, value, (each) => bench.adapter.plan(bench.ctx(), { ...request, input: input(each) }));
          }
          for (const leaf of leaves(request.input).filter((each) => each !== id))
            await writesHere(
              bench,
              { ...request, operation: bench.operation(), input: swap(request.input, leaf, value) },
              value,
              id,
            );
        }
        return undefined;
      },
    ),
};

/** The same requests as for a harmless id that does not exist, with nothing but the id another. */
async function stays(bench: Bench, value: string, call: (value: string) => Promise<unknown>): Promise<void> {
  const { recorder } = bench;
  const since = await bench.mark();
  const harmless = 'kit-harmless-0';
  let mark = recorder.count();
  await settle(call(harmless));
  const shapes = new Set(recorder.since(mark).map(({ method, path }) => shape(method, path, harmless)));
  mark = recorder.count();
  const done = await settle(call(value));
  const todo = 'Build paths with the SDK’s path`` and validate ids before a query.';
  for (const { method, path } of recorder.since(mark))
    must(shapes.has(shape(method, path, value)), `${show(value)} was sent as ${method} ${path.slice(0, 80)}`, todo);
  must(
    !done.ok && ['not_found', 'invalid'].includes(done.error.code),
    `${show(value)} gives ${said(done)}`,
    'Throw not_found or invalid.',
  );
  must((await since()).length === 0, `${show(value)} wrote something`, todo);
}

function shape(method: string, path: string, value: string): string {
  const [pathname = '', query = ''] = path.split('?');
  const segments = pathname.split('/').map((each) => (decoded(each) === value ? '*' : each));
  return `${method} ${segments.join('/')}?${[...new URLSearchParams(query).keys()].join('&')}#${path.split('?').length}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A value is refused or written as it is, in this record and no other. */
async function writesHere(
  bench: Bench,
  request: Parameters<Bench['adapter']['plan']>[1],
  value: string,
  id: string | undefined,
): Promise<void> {
  const { adapter, ctx } = bench;
  const since = await bench.mark();
  const plan = await settle(adapter.plan(ctx(), request));
  must(
    plan.ok || ['invalid', 'not_found', 'unsupported'].includes(plan.error.code),
    `${show(value)} as a value: ${said(plan)}`,
    'Refuse with invalid when planning.',
  );
  if (!plan.ok) return;
  for (const step of plan.value.steps) {
    const done = await settle(adapter.execute(ctx(), step));
    must(done.ok || done.error.code === 'invalid', `${show(value)} as a value: ${said(done)}`, 'Refuse with invalid.');
    if (!done.ok) continue;
    const { state } = await adapter.verify(ctx(), step);
    must(
      state === 'applied',
      `${show(value)} was written, and verify says ${state}`,
      'Plan what the CRM will hold: check lengths and alphabets before anybody signs off.',
    );
  }
  // What the plan itself makes beside the record is no other record's change.
  const making = plan.value.steps.filter(({ preconditions }) => preconditions.length === 0);
  const keys = new Set(making.map(({ idempotencyKey }) => idempotencyKey));
  const types = new Set(making.flatMap(({ changes }) => changes.map(({ ref }) => ref.type)));
  // A rig that knows no keys knows types.
  const isMade = ({ key, type }: Effect) => (key === '' ? types.has(type) : keys.has(key));
  const elsewhere = (await since()).find((effect) => id !== undefined && effect.id !== id && !isMade(effect));
  must(
    elsewhere === undefined,
    `${show(value)} changed ${elsewhere?.type} ${elsewhere?.id}`,
    'Values belong in the body.',
  );
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

function swap(input: JsonObject, from: string, to: string): JsonObject {
  return JSON.parse(JSON.stringify(input), (_key, value: unknown) => (value === from ? to : value));
}

const ZONES = ['Pacific/Kiritimati', 'America/Los_Angeles'] as const;

/** 17 */
export const exactToTheCent: Rule = {
  number: 17,
  title: 'money to the cent, days in any time zone, leap days',
  async run(bench) {
    const { rig, adapter, ctx } = bench;
    const touched = await moneyAction(bench);
    if ('none' in rig.exact) {
      must(
        touched === undefined,
        `${touched} plans money, and the rig has no exact cases`,
        'Give the rig exact cases.',
      );
      return notApplicable(rig.exact.none);
    }
    must(rig.exact.length > 0, 'no exact cases', 'Give some, or the reason why there are none.');
    for (const [n, { title, action, prepare, shows }] of rig.exact.entries()) {
      const { input, terms, about } = await prepare(n);
      const asked = { operation: bench.operation(), asked_on: ASKED_ON };
      const request = { ...asked, action, input, ...(terms === undefined ? {} : { terms }) };
      const plans: string[] = [];
      for (const zone of ZONES)
        plans.push(await inZone(zone, async () => canonicalText(await adapter.plan(ctx(), request))));
      must(new Set(plans).size === 1, `${title}: the plan depends on the machine’s time zone`, 'Count days in UTC.');
      const { steps } = await adapter.plan(ctx(), request);
      for (const step of steps) {
        const done = await adapter.execute(ctx(), step);
        const record = await rig.record(about?.ref ?? done.ref);
        for (const [field, value] of Object.entries(shows))
          must(
            isDeepStrictEqual(record[field], value),
            `${title}: ${field} is ${JSON.stringify(record[field])}, not ${JSON.stringify(value)}`,
            'Integers of minor units, no floats; days as days.',
          );
        const { state } = await adapter.verify(ctx(), step);
        must(state === 'applied', `${title}: verify says ${state}`, 'Compare amounts as amounts, days as days.');
      }
    }
    return pass(rig.exact.map(({ title }) => title).join(', '));
  },
};

async function moneyAction(bench: Bench): Promise<string | undefined> {
  for (const { action, modes } of bench.manifest.capabilities) {
    if (!modes.includes('write')) continue;
    const { plan } = await bench.fresh(action);
    if (plan.steps.some(({ changes }) => changes.some(({ money }) => money !== undefined))) return action;
  }
  return undefined;
}

async function inZone<T>(zone: string, work: () => Promise<T>): Promise<T> {
  const { env } = process;
  const before = env['TZ'];
  env['TZ'] = zone;
  try {
    return await work();
  } finally {
    if (before === undefined) delete env['TZ'];
    else env['TZ'] = before;
  }
}
