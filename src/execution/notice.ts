/** What the company's endpoints are told of a plan that waits for a person: all that the page shows, as data, and no more than they can take. */
import type { Change, Plan } from '../../adapters/sdk/index.ts';
import { isMoney } from '../../adapters/sdk/values.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { formatMoney, type Price } from '../../protocol/base/money.ts';
import { cutInSight, revealed } from '../../protocol/words/revealed.ts';
import type { Operation, Signoff } from '../engine/operation.ts';
import { inWords } from '../engine/schedule.ts';
import type { World } from '../engine/world.ts';
import { worthOf } from '../engine/worth.ts';
import { claimedBefore, claimsToTell } from './claims.ts';

export interface Noticed {
  /** With the customer that was found. */
  readonly operation: Operation;
  readonly terms: JsonObject | null;
  readonly plan: Plan;
  readonly signoff: Signoff;
  readonly ended: readonly string[];
}

export function signoffNotice(world: World, { operation, terms, plan, signoff, ended }: Noticed): JsonObject {
  const { mandate, agent, customer } = operation;
  const { changes, left } = changesTold(plan);
  return {
    signoff: signoff.id,
    operation: operation.id,
    action: operation.action,
    plan_digest: signoff.planDigest,
    role: signoff.role,
    reasons: signoff.reasons,
    asked_at: signoff.askedAt,
    expires_at: signoff.expiresAt,
    url: `${world.settings.origin}/console/signoffs/${signoff.id}`,
    customer: {
      ...(customer === undefined ? {} : { account: customer.account }),
      ...(customer?.name === undefined ? {} : { name: customer.name }),
      ...(mandate === null ? {} : { subject: mandate.subject, tier: mandate.tier }),
    },
    agent: { key: agent.keyid, ...(agent.name === undefined ? {} : { claimed_name: shown(agent.name) }) },
    summary: plan.steps.map(inWords),
    terms: terms === null ? {} : (small(terms) ?? {}),
    money: moneyOf(world, operation, terms),
    changes,
    changes_left_out: left,
    claimed_before: claimsToTell(claimedBefore(world, operation, terms).claims),
    ended,
  };
}

function moneyOf(world: World, operation: Operation, terms: JsonObject | null): JsonObject {
  const { value, price } = worthOf(world, operation, terms);
  return {
    ...(value === undefined ? {} : { value: { ...value } }),
    ...(price === undefined
      ? {}
      : {
          price: {
            from: { ...price.from },
            to: { ...price.to },
            percent: price.percent,
            ...(price.difference === undefined ? {} : { difference: { ...price.difference } }),
          },
        }),
  };
}

/** The diff, step by step, as much as fits. */
function changesTold(plan: Plan): { readonly changes: readonly JsonObject[]; readonly left: number } {
  const all = plan.steps.flatMap(({ changes, not_before: on }) => changes.map((each) => told(each, on)));
  const changes: JsonObject[] = [];
  let bytes = 0;
  for (const each of all) {
    bytes += Buffer.byteLength(JSON.stringify(each));
    if (bytes > LIMITS.noticeChangesBytes) break;
    changes.push(each);
  }
  return { changes, left: all.length - changes.length };
}

function told({ ref, field, label, from, to }: Change, on: string | undefined): JsonObject {
  const [before, after] = [small(from), small(to)];
  const isCut = before === undefined || after === undefined;
  return {
    record: { type: ref.type, by: ref.by, value: ref.value },
    field,
    label,
    ...(isCut ? { cut: true } : { from: before, to: after }),
    text: `${label}: ${inText(from)} → ${inText(to)}`,
    ...(on === undefined ? {} : { on }),
  };
}

/** The value itself; undefined for one that only the page shows whole. */
function small<T extends Json>(value: T): T | undefined {
  return JSON.stringify(value).length <= LIMITS.noticeValueChars ? value : undefined;
}

function inText(value: Json): string {
  if (value === null || value === '') return '—';
  if (isMoney(value)) return formatMoney(value as Price);
  return shown(typeof value === 'string' ? value : JSON.stringify(value));
}

/** For a person's eyes, on one line, and cut in sight. */
function shown(text: string): string {
  return revealed(cutInSight(text, LIMITS.noticeTextChars).toWellFormed(), { lines: false });
}
