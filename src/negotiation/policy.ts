import type { JsonObject } from '../../protocol/base/json.ts';
import type { Window } from '../engine/window.ts';
import type { Level } from './issues.ts';
import type { Period } from './period.ts';

/** Hundredths of what a policy is written in: of a percent, or of a minor unit, day or piece. All arithmetic is in integers. */
export type Points = number;

/** Which way the company's wishes run on the main issue: 1 upwards (a price), -1 downwards (a refund). */
export type Sign = 1 | -1;

/** The scale between points and the main issue's levels. */
export interface Scale {
  readonly sign: Sign;
  /** The level that is 100 %; null where the policy speaks in the issue's own units. */
  readonly reference: Level | null;
  /** Levels of the main issue in one of its own units: more than one where a price is finer than the minor unit. */
  readonly perUnit: number;
}

const PARTS = 10_000n;

/** The level worth at least this many points to the company: what does not come out even is rounded in its favour. */
export function levelAt({ sign, reference, perUnit }: Scale, points: Points): Level {
  const [factor, parts] = reference === null ? [BigInt(perUnit), 100n] : [BigInt(reference), PARTS];
  const product = factor * BigInt(Math.max(0, points));
  return Number(sign === 1 ? (product + parts - 1n) / parts : product / parts);
}

/** A level of the main issue in points. */
export function pointsAt({ reference, perUnit }: Scale, level: Level): Points {
  return reference === null ? (level * 100) / perUnit : (level * 10_000) / Math.max(1, reference);
}

/** Of two levels of the main issue, the one the company would rather have. */
export function better(sign: Sign, a: Level, b: Level): Level {
  return sign === 1 ? Math.max(a, b) : Math.min(a, b);
}

/** Whether a level is at least as good for the company as another. */
export function reaches(sign: Sign, level: Level, wanted: Level): boolean {
  return sign * level >= sign * wanted;
}

/** What a position on a side issue is worth to the company, in points of the main issue: straight lines between the given points. */
export interface Worth {
  /** Positions are in percent of today's value. */
  readonly relative: boolean;
  /** Rising positions; level beyond the first and the last. */
  readonly knots: readonly (readonly [position: number, points: Points])[];
}

/** A position on a side issue as a policy names it: a level, or percent of today's value. */
export interface Position {
  readonly relative: boolean;
  readonly at: number;
}

export interface SideIssue {
  readonly min: Level;
  readonly max: Level;
  /** The choices the company offers; null for issues that are numbers. */
  readonly allowed: readonly Level[] | null;
  /** Where the company opens; null: where it is today. */
  readonly open: Level | null;
  readonly worth: Worth;
}

/** What all side issues together are worth at most. */
export function worthMost(sides: ReadonlyMap<string, SideIssue>): Points {
  return [...sides.values()].reduce((sum, { allowed, worth: { knots } }) => {
    // Of choices, those that are not named are worth nothing; so is an issue without worth.
    const nothing = allowed?.some((each) => !knots.some(([at]) => at === each)) ?? knots.length === 0;
    return sum + Math.max(...knots.map(([, points]) => points), ...(nothing ? [0] : []));
  }, 0);
}

export interface BudgetRule {
  readonly period: Period;
  readonly currency: string;
  /** Minor units; private to the store's comparison. */
  readonly limit: number;
  /** Issues the main one is multiplied by to give money: seats, months. */
  readonly times: readonly string[];
  readonly exhausted: 'no_discount' | 'person';
  /** Whose budget it is: segments that share a policy's budget share its name. */
  readonly name: string;
}

/** What of their time people give to talks that end without an agreement. */
export interface PeopleRule {
  /** How far from where concessions end, in percent of that. */
  readonly withinPercent: number;
  readonly period: Period;
  readonly cases: number;
  /** Of these, how many may be one account's. */
  readonly perAccount: number;
  /** Whose time it is: segments share their action's. */
  readonly name: string;
}

/** How time passes in a talk, in seconds. */
export interface Pace {
  /** The company moves on its path at most once in this time. */
  readonly between: number;
  /** How long an offer stands. */
  readonly offers: number;
}

/** What may be known inside the negotiation: everything but where it ends. */
export interface PolicyNumbers {
  /** Pointer of the issue everything else is measured in. */
  readonly main: string;
  readonly sign: Sign;
  /** Pointer into the record: what 100 % is; null for the issue's own units. */
  readonly percentOf: string | null;
  /** As it was so long ago, as far as the other side's own requests have moved it since. */
  readonly since: Window;
  /** How long a talk about a record goes on where it stood; null: every talk begins anew. */
  readonly memory: Window | null;
  /** The first ask may be no further than this from where the record stands, in percent; further is a mistake of the policy. */
  readonly far: number;
  /** A record such as the policy is for, where it names one. */
  readonly sample: JsonObject;
  /** The first ask. */
  readonly open: Points;
  /** Where concessions end by themselves. */
  readonly concedeTo: Points;
  /** 1: even steps; below 1: gives late (Boulware); above 1: gives early (Faratin, Sierra and Jennings 1998). */
  readonly beta: number;
  readonly pace: Pace;
  /** The last part of the path that is walked only as far as they come near: from 0 to 1. */
  readonly reciprocity: number;
  /** By pointer. An issue that is not here stays as it is today. */
  readonly sides: ReadonlyMap<string, SideIssue>;
  /** Offers made at once, all worth the same to the company. */
  readonly alternatives: number;
  /** By pointer, the positions that the company's schedules name; issues that are not here, where they are worth something, by their
   * worth's own positions, and an empty list never. null: no schedules. */
  readonly schedule: ReadonlyMap<string, readonly Position[]> | null;
  readonly hold: 'never' | 'final' | 'always';
  /** When a person decides at the end; null: never. */
  readonly people: PeopleRule | null;
  readonly budget: BudgetRule | null;
}

/** A negotiation policy. Its reservation values are held where nothing can print them: they are only ever compared with, here. */
export class NegotiationPolicy {
  readonly numbers: PolicyNumbers;
  readonly #limit: Points;
  readonly #never: Points | null;

  /** `limit`: the reservation utility, in points of the main issue with nothing else on the table. `never`: what no package is worth. */
  constructor(numbers: PolicyNumbers, limit: Points, never: Points | null) {
    this.numbers = numbers;
    this.#limit = limit;
    this.#never = never;
  }

  /** The main issue's last level for a package whose side issues are worth this much: rounded in the company's favour. */
  last(scale: Scale, worth: Points): Level {
    const level = levelAt(scale, this.#limit - scale.sign * worth);
    return this.#never === null ? level : better(scale.sign, level, levelAt(scale, this.#never));
  }

  toJSON(): string {
    return '[negotiation policy]';
  }

  /** What a log line or an error would show of it (node:util). */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toJSON();
  }
}
