/** What a request claims: of one thing there is only so much, whoever asks, however often and by whichever way in. */
import type { Scope } from '../../adapters/sdk/expression.ts';
import { AdapterError } from '../../adapters/sdk/index.ts';
import { isDay, isMoney, isWhole, momentOf } from '../../adapters/sdk/values.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { formatMoney } from '../../protocol/base/money.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { State } from '../../protocol/operation.ts';
import type { Amount, Claim, ClaimedBefore } from '../engine/claimed.ts';
import type { Operation } from '../engine/operation.ts';
import { type ClaimRule, scopeOf } from '../engine/rules.ts';
import { scopeThen } from '../engine/then.ts';
import { actionOf, type World } from '../engine/world.ts';
import type { Hold, HoldSet } from '../ports.ts';
import { termsOf } from './terms.ts';

type ClaimWorld = Pick<World, 'store' | 'actions'>;

/** The claims of a request with these terms, on its records as they were read, and who claimed some of the same before. */
export function readClaims(
  world: ClaimWorld,
  operation: Operation,
  terms: JsonObject | null,
): Result<readonly Claim[], Refusal> {
  const rules = actionOf(world, operation)?.rules.claims ?? [];
  const claims: Claim[] = [];
  for (const rule of rules)
    for (const item of itemsOf(rule, operation, terms)) {
      const claim = readClaim(world, operation, { rule, item, terms });
      if (!claim.ok) return claim;
      if (claim.value !== undefined) claims.push(claim.value);
    }
  return ok(claims);
}

/** What the operation must hold for its claims. Refuses what others have already, with what is left; the store decides last. */
export function holdsOfClaims(operation: Operation, claims: readonly Claim[]): Result<readonly HoldSet[], Refusal> {
  const own = new Map<string, number>();
  const holds: Hold[] = [];
  for (const claim of claims) {
    const { name, span } = claim;
    const amount = sizeOf(claim.amount ?? 1);
    const before = own.get(name) ?? 0;
    const fits = judge(claim, before);
    if (!fits.ok) return fits;
    own.set(name, before + amount);
    const limit = limitOf(claim, before);
    holds.push(
      span !== undefined && claim.amount === null
        ? { name, amount: 0, limit: null, span, lasts: 'effect' }
        : { name, amount, limit, lasts: 'effect', ...(span === undefined ? {} : { span }) },
    );
  }
  return ok(claims.length === 0 ? [] : [{ operation: operation.id, kind: 'claim', holds }]);
}

export function claimedBefore(world: ClaimWorld, operation: Operation, terms: JsonObject | null): ClaimedBefore {
  const read = readClaims(world, operation, terms);
  const claims = read.ok ? read.value : [];
  const earlier = new Map(claims.flatMap((claim) => claim.earlier).map((each) => [each.operation, each]));
  const sums = claims.map(({ earlier: each }) => each.reduce((sum, { amount }) => sum + sizeOf(amount ?? 0), 0));
  return {
    operations: earlier.size,
    open: [...earlier.values()].filter(({ state }) => state !== 'completed').length,
    amount: Math.max(0, ...sums),
    certain: claims.every(({ amount, of }) => amount === null || of !== null),
    claims,
  };
}

/** As they are now, for a page; nothing where they cannot be told. */
export function claimsToShow(world: ClaimWorld, operation: Operation): readonly Claim[] {
  const terms = termsOf(world, operation);
  return terms.ok ? claimedBefore(world, operation, terms.value).claims : [];
}

/** For a notice to the company's own systems. */
export function claimsToTell(claims: readonly Claim[]): Json[] {
  const told = claims.flatMap(({ name, earlier }) =>
    earlier.map(({ operation, at, state, amount, span }) => ({
      of: name.slice('claim:'.length),
      operation,
      asked_at: at,
      state,
      ...(amount === null ? {} : { amount: typeof amount === 'number' ? amount : { ...amount } }),
      ...(span === undefined ? {} : { from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString() }),
    })),
  );
  return told.slice(-TOLD_MAX);
}

/** The latest of them: a notice is not a ledger. */
const TOLD_MAX = 20;

interface Reading {
  readonly rule: ClaimRule;
  readonly item: Json;
  readonly terms: JsonObject | null;
}

function itemsOf({ each }: ClaimRule, operation: Operation, terms: JsonObject | null): readonly Json[] {
  if (each === undefined) return [null];
  const items = each(scopeOf(operation, terms));
  return Array.isArray(items) ? items : [];
}

function readClaim(world: ClaimWorld, operation: Operation, reading: Reading): Result<Claim | undefined, Refusal> {
  const { rule, item, terms } = reading;
  let scope: Scope;
  let [name, wanted, from, to]: (Json | undefined)[] = [];
  try {
    scope = { ...scopeThen(world, operation, terms), item };
    [name, wanted, from, to] = [rule.name(scope), rule.amount?.(scope), rule.from?.(scope), rule.to?.(scope)];
  } catch {
    return err(refusal('record-unusable', 'What is claimed cannot be told from the request and the record.'));
  }
  if (name === undefined) return ok(undefined);
  if (typeof name !== 'string' || name === '')
    return err(refusal('record-unusable', 'What is claimed has no name on this record.'));
  const amount = rule.amount === undefined ? null : amountOf(wanted);
  if (amount === undefined || sizeOf(amount ?? 0) < 0)
    return err(refusal('record-unusable', 'What is claimed is no amount.'));
  const span = rule.from === undefined ? undefined : spanOf(from, to);
  if (span === null) return err(refusal('record-unusable', 'The time that is claimed has no end after its start.'));
  let of: Amount | undefined;
  try {
    of = amountOf(rule.of?.(scope));
  } catch {
    of = undefined;
  }
  const full = `claim:${name}`;
  const others = world.store.heldBy(full).filter((each) => each.operation !== operation.id);
  const noted = notedOf(rule, operation);
  const known = of !== undefined && (noted === undefined || sameUnit(noted, of));
  const written = countsIn(world, rule, operation);
  const sum = (state: 'in' | 'perhaps') =>
    others.reduce((total, each) => total + (written(each.operation) === state ? each.amount : 0), 0);
  const elsewhere = Math.max(0, sizeOf(noted ?? 0) - sum('in'));
  return ok({
    name: full,
    amount,
    of: known ? (of ?? null) : null,
    elsewhere,
    elsewhereAtLeast: Math.max(0, elsewhere - sum('perhaps')),
    ...(span === undefined ? {} : { span }),
    earlier: others.map((each) => {
      const { createdAt, state } = world.store.operation(each.operation) ?? { createdAt: '', state: 'forgotten' };
      const taken =
        amount === null ? null : typeof amount === 'number' ? each.amount : { ...amount, amount: each.amount };
      return {
        operation: each.operation,
        at: createdAt,
        state,
        amount: taken,
        ...(each.span === undefined ? {} : { span: each.span }),
      };
    }),
  });
}

/** In these a write is, or may be, under way. */
const BEING_WRITTEN: ReadonlySet<State> = new Set<State>(['executing', 'unknown', 'reconciling', 'reversing']);

/** Whether what another operation claimed is in the CRM’s own figure as it was read: where its plan writes that figure and that very
 * write was over before, whatever is still to be written beside it. Of an operation that is forgotten only what it had the effect of is
 * kept, and that is in it since long ago. */
function countsIn(world: ClaimWorld, { noted }: ClaimRule, { records, recordsAt, createdAt }: Operation) {
  const readAt = Date.parse(recordsAt ?? createdAt);
  const subject: Json | undefined = noted === undefined ? undefined : records?.[noted.subject];
  const id = isObject(subject) ? subject['id'] : undefined;
  return (holder: string): 'in' | 'perhaps' | 'not' => {
    const other = world.store.operation(holder);
    if (other === undefined) return noted === undefined ? 'not' : 'in';
    const writing = other.plan?.plan.steps.filter(({ changes }) =>
      changes.some(({ ref, field }) => field === noted?.field && ref.value === id),
    );
    const written = other.attempts.filter(({ step }) => writing?.some((each) => each.id === step));
    if (written.length === 0) return 'not';
    const last = written.findLast(({ result }) => result !== undefined);
    if (last === undefined) return BEING_WRITTEN.has(other.state) ? 'perhaps' : 'not';
    if (other.state === 'reversing') return 'perhaps';
    const over = other.history.find(({ event, at }) => DONE.has(event) && at >= last.intentAt);
    return over !== undefined && Date.parse(over.at) < readAt ? 'in' : 'perhaps';
  };
}

/** Events that record a write as made. */
const DONE: ReadonlySet<string> = new Set(['stepped', 'confirmed']);

function notedOf({ noted }: ClaimRule, { records }: Operation): Amount | undefined {
  const subject: Json | undefined = noted === undefined ? undefined : records?.[noted.subject];
  return isObject(subject) && noted !== undefined ? amountOf(subject[noted.field]) : undefined;
}

/** Where it cannot be read how much there is, one operation may have it: a person compares. */
function limitOf(claim: Claim, own: number): number {
  if (claim.amount === null) return 1;
  return claim.of === null ? own + sizeOf(claim.amount) : sizeOf(claim.of) - claim.elsewhere;
}

/** `own`: what this very request claims of the same already. */
function judge(claim: Claim, own: number): Result<void, Refusal> {
  const { name, amount, of, span, earlier, elsewhere, elsewhereAtLeast } = claim;
  const what = name.slice('claim:'.length);
  const across = span === undefined ? undefined : earlier.find((each) => overlap(each.span, span));
  if (across !== undefined)
    return err(
      refusal(
        'already-claimed',
        `This time was claimed before, or some of it, or what it belongs to (${what}): a person looks at the rest.`,
      ),
    );
  if (span !== undefined && amount === null) return ok(undefined);
  const taken = earlier.reduce((sum, each) => sum + sizeOf(each.amount ?? 1), own);
  if (amount === null)
    return taken === 0 ? ok(undefined) : err(refusal('already-claimed', `${what} was claimed before.`));
  if (of === null)
    return taken === own
      ? ok(undefined)
      : err(refusal('already-claimed', `${what} was claimed before, and how much there is of it cannot be read.`));
  if (!sameUnit(amount, of))
    return err(refusal('claim-exceeded', `What is claimed of ${what} must be in the record’s own currency.`));
  const left = sizeOf(of) - taken;
  if (sizeOf(amount) <= left - elsewhere) return ok(undefined);
  if (sizeOf(amount) <= left - elsewhereAtLeast)
    return err(refusal('unavailable', `An earlier claim of ${what} is being written. Try again in a moment.`));
  const most = Math.max(0, left - elsewhere);
  return err(refusal('claim-exceeded', `Of ${what}, ${worded(most, of)} of ${worded(sizeOf(of), of)} is left.`));
}

/** As thrown by a read of the CRM: a claim that cannot be judged yet is judged again later. */
export function orLater<T>(judged: Result<T, Refusal>): Result<T, Refusal> {
  if (!judged.ok && judged.error.code === 'unavailable') throw new AdapterError('retryable', judged.error.detail ?? '');
  return judged;
}

const overlap = (a: Hold['span'], b: NonNullable<Hold['span']>): boolean =>
  a !== undefined && a.from < b.to && a.to > b.from;

const sizeOf = (amount: Amount): number => (typeof amount === 'number' ? amount : amount.amount);

const sameUnit = (a: Amount, b: Amount): boolean =>
  typeof a === 'number' || typeof b === 'number' ? typeof a === typeof b : a.currency === b.currency;

const worded = (size: number, unit: Amount): string =>
  typeof unit === 'number' ? String(size) : formatMoney({ ...unit, amount: size });

function amountOf(value: Json | undefined): Amount | undefined {
  if (isWhole(value)) return value;
  return isMoney(value) ? { amount: value.amount, currency: value.currency } : undefined;
}

/** Null where it is no span. */
function spanOf(from: Json | undefined, to: Json | undefined): NonNullable<Hold['span']> | null {
  const [start, end] = [startOf(from), startOf(to)];
  return start < end ? { from: start, to: end } : null;
}

/** A day is its first moment. `NaN` is neither before nor after anything. */
function startOf(value: Json | undefined): number {
  return isDay(value) ? Date.parse(value) : momentOf(value);
}
