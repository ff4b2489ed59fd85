import { digest } from '../../protocol/base/canonical.ts';
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { topName } from '../../protocol/base/pointer.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { accountOf } from '../engine/case.ts';
import { recordName } from '../engine/dealings.ts';
import { changedFacts } from '../engine/facts.ts';
import type { Facts, Ground, Negotiation, Operation } from '../engine/operation.ts';
import { ownerOf } from '../engine/owner.ts';
import { type ClaimRule, scopeOf } from '../engine/rules.ts';
import { type Window, windowStart } from '../engine/window.ts';
import { actionOf, type World } from '../engine/world.ts';
import type { Remember } from '../ports.ts';
import { type Said, saidIn } from './setting.ts';
import type { Space } from './space.ts';

/** One thing that was said about a record, and in which operation. */
interface SaidIn extends Said {
  readonly operation: string;
}

/** What the company remembers of the talks about one record with its customer: whichever key or binding they came by. */
export interface TalkMemory {
  readonly rounds: number;
  /** Unix ms of the company's last step on its path. */
  readonly stepped?: number;
  readonly last: readonly Terms[];
  readonly ours: readonly SaidIn[];
  readonly theirs: readonly SaidIn[];
  /** The last offer that had a schedule. */
  readonly stated?: readonly Pick<Offer, 'terms' | 'schedule'>[];
  /** What the company's offers in it rest on. */
  readonly facts: Facts;
  /** {@link baseOf} what was said: of another, only the rounds count. */
  readonly base?: string;
}

const NOTHING: TalkMemory = { rounds: 0, last: [], ours: [], theirs: [], facts: {} };
/** Four talks' worth: what was said before that changes no answer. */
const SAID_MAX = 24;

interface Recalled {
  readonly name: string;
  readonly version: number;
  readonly past: TalkMemory;
  readonly base: string;
}

/** What is remembered, with the place it is kept at; offers only as long as their facts are today's. Undefined where nothing is to be. */
export function recall(
  world: Pick<World, 'store' | 'actions' | 'clock'>,
  operation: Operation,
  { window, space }: { readonly window: Window | null; readonly space: Space },
): Recalled | undefined {
  const about = aboutOf(world, operation);
  if (window === null || about === undefined) return undefined;
  const { place } = about;
  const name = `talk:${operation.action}/${place}/${about.account}${matterOf(world, operation)}`;
  const base = baseOf(space);
  const kept = world.store.remembered(name);
  if (kept === undefined) return { name, version: 0, past: NOTHING, base };
  const { version, at } = kept;
  if (at < windowStart(window, world.clock.now()) || isConcluded(world, operation, { place, at }))
    return { name, version, past: NOTHING, base };
  // Our own, written below.
  const past = kept.doc as unknown as TalkMemory;
  if (past.base !== base)
    return {
      name,
      version,
      past: { ...NOTHING, rounds: past.rounds, ...(past.stepped === undefined ? {} : { stepped: past.stepped }) },
      base,
    };
  const stands = changedFacts(past.facts, operation.records ?? {}).length === 0;
  return { name, version, past: stands ? past : { ...past, last: [], ours: [], stated: [] }, base };
}

/** The record a talk is about. */
export function aboutOf(
  world: Pick<World, 'actions'>,
  operation: Operation,
): { readonly place: string; readonly account: string } | undefined {
  const [subject] = actionOf(world, operation)?.rules.subjects ?? [];
  const record = [operation.records?.[subject?.name ?? '']].flat()[0];
  if (subject === undefined || typeof record !== 'object' || record === null) return undefined;
  const { id } = record as JsonObject;
  if (typeof id !== 'string') return undefined;
  return {
    place: recordName(subject.type, id),
    account: accountOf({ ...operation, records: { record } }) ?? askedBy(operation),
  };
}

/** Of a record that is nobody's, a talk is of whoever asks: no two customers share a memory or a share. */
function askedBy({ mandate, agent }: Operation): string {
  return mandate === null ? `agent ${ownerOf(agent)}` : `customer ${mandate.issuer} ${mandate.subject}`;
}

/** What else tells one matter from another: the other records that are named, and what is claimed. Claims of single parts do not: asking
 * for another part of the same is no fresh start. */
export function matterOf(world: Pick<World, 'actions'>, operation: Operation): string {
  const { subjects = [], claims = [] } = actionOf(world, operation)?.rules ?? {};
  const others = subjects.slice(1).flatMap(({ name, type }) =>
    [operation.records?.[name]].flat().flatMap((record) => {
      const id = isObject(record) ? record['id'] : undefined;
      return typeof id === 'string' ? [recordName(type, id)] : [];
    }),
  );
  const claimed = claims.filter(({ each }) => each === undefined).map((claim) => claimOf(claim, operation));
  const matter = [...others, ...claimed];
  return matter.length === 0 ? '' : `/${digest(matter)}`;
}

/** Of a span the day it begins: a second's difference makes no other claim. */
function claimOf({ name, from }: ClaimRule, operation: Operation): string {
  try {
    const scope = scopeOf(operation, null);
    return `${String(name(scope) ?? '')}@${String(from?.(scope) ?? '').slice(0, 10)}`;
  } catch {
    // What cannot be told before there are terms tells nothing apart.
    return '';
  }
}

/** What a talk starts from: where its issues stand, and all that is not open in it. */
function baseOf(space: Space): string {
  const open = new Set(space.issues.map(({ pointer }) => topName(pointer)));
  const fixed = Object.entries(space.write(space.base)).filter(([name]) => !open.has(name));
  return digest({
    fixed: Object.fromEntries(fixed),
    levels: [...space.base],
    currency: space.currency,
    unit: space.perUnit,
  });
}

/** A deal ends what was talked about before it. */
function isConcluded(
  world: Pick<World, 'store'>,
  { id, action }: Operation,
  { place, at }: { readonly place: string; readonly at: number },
): boolean {
  return world.store
    .dealings({ by: 'record', value: place, since: at })
    .some((each) => each.action === action && each.operation !== id);
}

/** What to keep once this operation has said this much. */
export function memoryOf(
  recalled: Recalled,
  operation: Operation,
  now: {
    readonly round: number;
    readonly talk: Negotiation;
    readonly last: readonly Terms[];
    readonly ground: Ground;
    readonly at: Date;
  },
): Remember {
  const { name, version, past, base } = recalled;
  const added = (before: readonly SaidIn[], mine: readonly Said[]): readonly SaidIn[] =>
    [
      ...before.filter((each) => each.operation !== operation.id),
      ...mine.map((each) => ({ ...each, operation: operation.id })),
    ].slice(-SAID_MAX);
  const offered = now.talk.offers.filter(({ by }) => by === 'company').map(({ terms }) => ({ terms }));
  const priced = now.talk.offers.findLast(({ schedule }) => schedule !== undefined) ?? past.stated?.at(-1);
  const memory: TalkMemory = {
    rounds: now.round,
    ...steppedAt(past, now),
    last: now.last,
    ours: added(past.ours, offered),
    theirs: added(past.theirs, saidIn(now.talk)),
    ...(priced?.schedule === undefined ? {} : { stated: [{ terms: priced.terms, schedule: priced.schedule }] }),
    facts: now.ground.facts,
    base,
  };
  return { name, expected: version, at: now.at.getTime(), doc: { ...memory } as unknown as JsonObject };
}

/** A round that is new is a step; what stands and is said again is none. */
function steppedAt({ rounds, stepped }: TalkMemory, now: { readonly round: number; readonly at: Date }) {
  if (now.round > rounds) return { stepped: now.at.getTime() };
  return stepped === undefined ? {} : { stepped };
}
