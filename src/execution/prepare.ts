import type { Plan } from '../../adapters/sdk/index.ts';
import { digest } from '../../protocol/base/canonical.ts';
import { type Refusal, toProblem } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import { caseFacts } from '../engine/case.ts';
import { grantedBy } from '../engine/grants.ts';
import { type Operation, PLAN_FORMAT, type Signoff } from '../engine/operation.ts';
import { heldRefusal } from '../engine/record-holds.ts';
import { meetsRequirements } from '../engine/requirements.ts';
import { askedOn } from '../engine/rules.ts';
import { doneSteps } from '../engine/schedule.ts';
import { move } from '../engine/transitions.ts';
import { type Change, notify, type World } from '../engine/world.ts';
import type { HoldSet } from '../ports.ts';
import { endedSince, waitsFor, withinMandate } from './authority.ts';
import { holdsOf } from './binding.ts';
import { orLater } from './claims.ts';
import { crmContext, unread, wait } from './crm.ts';
import { customerOf } from './customer.ts';
import { signoffNotice } from './notice.ts';
import { endOfRest, mayTakeBack, undone } from './overtake.ts';
import { readSubjects, withRecords } from './subjects.ts';
import { termsOf } from './terms.ts';
import { keepsToPrincipal } from './touched.ts';

/** What policy says about a plan: whether a person must decide, of which role, and why. */
export type Verdict = { readonly required: boolean; readonly role: string; readonly reasons: readonly string[] };
export type Judge = (operation: Operation, plan: Plan | null, terms: JsonObject | null) => Verdict;

/** The company's signature on the agreement: put when the company is bound, not before. */
export type Countersign = (operation: Operation) => Promise<Operation['agreement']>;

/** What would be done now, and for what. */
export interface Ready {
  /** With its records as they are now. */
  readonly operation: Operation;
  readonly terms: JsonObject | null;
  readonly plan: Planned;
  /** What it must hold from now on, for what it claims. */
  readonly holds: readonly HoldSet[];
}

/** Reads afresh, checks afresh, plans afresh: after every wait the records may be others', the mandate void and the terms too much.
 * Throws the adapter's errors. */
export async function makeReady(world: World, from: Operation): Promise<Result<Ready, Refusal>> {
  const reads = await readSubjects(world, from);
  if (!reads.ok) return reads;
  const operation = withRecords(from, reads.value);
  const possible = meetsRequirements(world, operation, null);
  if (!possible.ok) return possible;
  const terms = termsOf(world, operation);
  if (!terms.ok) return terms;
  const sensible = meetsRequirements(world, operation, terms.value);
  if (!sensible.ok) return sensible;
  const allowed = await withinMandate(world, operation, terms.value ?? {});
  if (!allowed.ok) return allowed;
  const holds = orLater(holdsOf(world, operation, terms.value));
  if (!holds.ok) return holds;
  const done = doneSteps(from);
  const left = await world.crm.plan(crmContext(world, operation), {
    operation: operation.id,
    action: operation.action,
    input: operation.input,
    asked_on: askedOn(operation).asked_on,
    accounts: operation.mandate?.constraints.accounts ?? [],
    ...(operation.handoff === undefined ? {} : { handoff: caseFacts(operation) }),
    ...(terms.value === null ? {} : { terms: terms.value }),
    ...(done.length === 0 ? {} : { done }),
  });
  // What is written stays a part of the plan, and is never written again.
  const isDone = new Set(done.map(({ id }) => id));
  const plan = { ...left, steps: [...done, ...left.steps.filter(({ id }) => !isDone.has(id))] };
  const kept = await keepsToPrincipal(world, operation, plan, reads.value);
  if (!kept.ok) return kept;
  const granted = grantedBy(world, operation, { terms: terms.value ?? {} });
  const planned = {
    plan,
    digest: digest(plan),
    plannedAt: world.clock.now().toISOString(),
    format: PLAN_FORMAT,
    ...(granted === undefined ? {} : { granted }),
  };
  return ok({ operation, terms: terms.value, plan: planned, holds: holds.value });
}

/** Plans the write and asks policy: either a person signs off this very plan, or it is cleared. */
export async function prepare(world: World, judge: Judge, countersign: Countersign, from: Operation): Promise<Change> {
  let ready: Awaited<ReturnType<typeof makeReady>>;
  try {
    ready = await makeReady(world, from);
  } catch (thrown) {
    const moved = unread(world, from, thrown);
    return { next: moved.next, expected: moved.expected, records: [moved.record] };
  }
  if (!ready.ok) return refuse(world, from, ready.error);
  const { operation, terms, plan, holds } = ready.value;
  const verdict = judge(operation, plan.plan, terms);
  // A person's yes is to the whole: half of it does not wait for them.
  if (verdict.required && mayTakeBack(world, operation)) {
    const moved = move(
      operation,
      'rejected',
      'engine',
      world.clock.now(),
      { problem: undone() },
      { why: 'planned anew' },
    );
    return { next: moved.next, expected: moved.expected, records: [moved.record] };
  }
  const ended = verdict.required ? (await endedSince(world, operation)).map(({ words }) => words) : [];
  const change = verdict.required
    ? await ask(world, { operation, terms }, plan, { ...verdict, ended })
    : await clear(world, countersign, operation, plan);
  return { ...change, holds, otherwise: (held) => ok(refuse(world, from, heldRefusal(world, operation, held))) };
}

type Planned = NonNullable<Operation['plan']>;

async function ask(
  world: World,
  { operation: from, terms }: Pick<Ready, 'operation' | 'terms'>,
  plan: Planned,
  verdict: Verdict & { readonly ended: readonly string[] },
): Promise<Change> {
  const customer = await customerOf(world, from);
  const operation = customer === undefined ? from : { ...from, customer };
  const now = world.clock.now();
  const signoff: Signoff = {
    id: world.ids.make('so'),
    askedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + world.settings.signoffLifetimeSeconds * 1000).toISOString(),
    planDigest: plan.digest,
    reasons: verdict.reasons,
    role: verdict.role,
  };
  const moved = move(
    operation,
    'asked',
    'engine',
    now,
    { plan, signoffs: [...operation.signoffs, signoff], dueAt: Date.parse(signoff.expiresAt) },
    {
      signoff: signoff.id,
      plan: plan.digest,
    },
  );
  return {
    next: moved.next,
    expected: moved.expected,
    records: [moved.record],
    outgoing: notify(
      world,
      'signoff.requested',
      signoffNotice(world, { operation, terms, plan: plan.plan, signoff, ended: verdict.ended }),
    ),
  };
}

async function clear(world: World, countersign: Countersign, operation: Operation, plan: Planned): Promise<Change> {
  const now = world.clock.now();
  const agreement = await countersign(operation);
  const moved = move(
    operation,
    'cleared',
    'engine',
    now,
    { plan, ...(agreement === undefined ? {} : { agreement }), dueAt: now.getTime() },
    {
      plan: plan.digest,
    },
  );
  return { next: moved.next, expected: moved.expected, records: [moved.record] };
}

/** Ends an operation that may not be carried out, with the reason; looks again later where nobody can say now. */
export function refuse(world: World, operation: Operation, error: Refusal): Change {
  const why = waitsFor(operation, error);
  if (why !== undefined) {
    const waiting = wait(world, operation, why);
    return { next: waiting.next, expected: operation.version, records: [waiting.record] };
  }
  const moved = move(
    operation,
    endOfRest(world, operation, error),
    'engine',
    world.clock.now(),
    { problem: toProblem(error) },
    { problem: error.code },
  );
  return { next: moved.next, expected: operation.version, records: [moved.record] };
}
