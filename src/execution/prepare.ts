import type { Plan } from '../../adapters/sdk/index.ts';
import { digest } from '../../protocol/canonical.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Operation, Signoff } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import { type Change, notify, type World } from '../engine/world.ts';
import { crmContext, unread } from './crm.ts';

/** What policy says about a plan: whether a person must decide, of which role, and why. */
export type Verdict = { readonly required: boolean; readonly role: string; readonly reasons: readonly string[] };
export type Judge = (operation: Operation, plan: Plan | null, terms: JsonObject | null) => Verdict;

/** The company's signature on the agreement: put when the company is bound, not before. */
export type Countersign = (operation: Operation) => Promise<Operation['agreement']>;

export async function planFor(
  world: World,
  operation: Operation,
): Promise<{ plan: Plan; digest: string; plannedAt: string }> {
  const offer = operation.negotiation?.offers.find(({ id }) => id === operation.agreement?.offer);
  const plan = await world.crm.plan(crmContext(world, operation), {
    operation: operation.id,
    action: operation.action,
    input: operation.input,
    ...(offer === undefined ? {} : { terms: offer.terms }),
  });
  return { plan, digest: digest(plan), plannedAt: world.clock.now().toISOString() };
}

/** Plans the write and asks policy: either a person signs off this very plan, or it is cleared. */
export async function prepare(
  world: World,
  judge: Judge,
  countersign: Countersign,
  operation: Operation,
): Promise<Change> {
  let planned: Awaited<ReturnType<typeof planFor>>;
  try {
    planned = await planFor(world, operation);
  } catch (thrown) {
    const moved = unread(world, operation, thrown);
    return { next: moved.next, expected: moved.expected, records: [moved.record] };
  }
  const offer = operation.negotiation?.offers.find(({ id }) => id === operation.agreement?.offer);
  const verdict = judge(operation, planned.plan, offer?.terms ?? null);
  return verdict.required ? ask(world, operation, planned, verdict) : clear(world, countersign, operation, planned);
}

type Planned = NonNullable<Operation['plan']>;

function ask(world: World, operation: Operation, plan: Planned, verdict: Verdict): Change {
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
    outgoing: notify(world, 'signoff.requested', {
      signoff: signoff.id,
      operation: operation.id,
      action: operation.action,
      plan_digest: plan.digest,
      role: signoff.role,
      reasons: signoff.reasons,
      summary: plan.plan.steps.map(({ summary }) => summary),
      url: `${world.settings.origin}/console/signoffs/${signoff.id}`,
      expires_at: signoff.expiresAt,
    }),
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
