import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { ok } from '../../protocol/base/result.ts';
import { readDefinitions } from '../actions/files.ts';
import { fileOf } from '../config/config.ts';
import type { Operation } from '../engine/operation.ts';
import { askedOn } from '../engine/rules.ts';
import type { ActionDefinition } from '../engine/world.ts';
import { firstOffer } from '../negotiation/first-offer.ts';
import { type PolicyBook, parsePolicies } from '../negotiation/segments.ts';
import { factsOf } from '../negotiation/setting.ts';
import { systemClock } from '../platform/world-sources.ts';
import { parseDomain, scenarioFrom } from '../simulate/domain.ts';
import { playAll, resultOf, sceneOf } from '../simulate/measure.ts';
import { FAMILIES } from '../simulate/opponents.ts';
import { page } from '../simulate/page.ts';
import { type Replayed, replay } from '../simulate/replay.ts';
import {
  comparisonWords,
  LEGEND,
  type Opening,
  openingRows,
  pointsRows,
  replayRows,
  rowsOf,
  table,
} from '../simulate/report.ts';
import { study } from '../simulate/study.ts';
import { readOperations } from '../store/read-operations.ts';
import { EXIT, type Io, UsageError } from './exit.ts';

export const SIMULATE_USAGE =
  'parley simulate [CONFIG] [--action contract.renew] [--policy FILE] [--against FILE] [--records FILE] [--runs 250] [--seed 1] [--html FILE] [--json]\n' +
  'parley simulate --domain FILE [--seed 1] [--json]\n' +
  'parley simulate [CONFIG] --replay [--since DATE] [--until DATE] [--action …] [--policy FILE] [--json]\n\n' +
  'CONFIG is PARLEY_CONFIG, or parley.json, unless told; no secret is read.\n' +
  'Exit: 0 done, 1 a limit was passed, 2 it could not be judged, 64 the command was not written as it must be.';
const RUNS_MAX = 100_000;

const OPTIONS = {
  action: { type: 'string', default: 'contract.renew' },
  policy: { type: 'string' },
  against: { type: 'string' },
  domain: { type: 'string' },
  records: { type: 'string' },
  runs: { type: 'string', default: '250' },
  seed: { type: 'string', default: '1' },
  html: { type: 'string' },
  json: { type: 'boolean', default: false },
  replay: { type: 'boolean', default: false },
  since: { type: 'string' },
  until: { type: 'string' },
} as const;

/** What was given cannot be judged. */
class Mistake extends Error {}

/** What a negotiation policy does before customers meet it: against families of agents, or on talks that took place. Exit code. */
export async function simulateCommand(args: readonly string[], io: Io): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.domain !== undefined) return onDomain(values.domain, values, io);
    const setting = settingOf(fileOf(positionals[0]), values);
    return values.replay ? replayed(setting, values, io) : simulated(setting, values, io);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    io.err(error.message);
    return EXIT.undecided;
  }
}

interface Named {
  readonly action: string;
  readonly policy?: string;
  readonly records?: string;
}

interface Setting {
  readonly company: string;
  readonly definition: ActionDefinition;
  readonly policy: JsonObject;
  readonly book: PolicyBook;
  /** Those that were given. */
  readonly records: readonly JsonObject[] | undefined;
  readonly talks: (since: string, until: string) => readonly Operation[];
}

/** Only what a simulation needs of the configuration: it asks for no secret. */
function settingOf(path: string, { action, policy: policyFile, records: recordsFile }: Named): Setting {
  const config = objectIn(path);
  const definition = readDefinitions().action(action)?.definition;
  if (definition === undefined || definition.negotiable.length === 0)
    throw new UsageError(`${action} is not a negotiable action`);
  const negotiation = config['negotiation'];
  const configured = isObject(negotiation) ? negotiation[action] : undefined;
  const json = policyFile === undefined ? configured : objectIn(policyFile);
  if (!isObject(json)) throw new Mistake(`${path} has no negotiation policy for ${action}`);
  const records = recordsFile === undefined ? undefined : listIn(recordsFile);
  const fields = records === undefined ? undefined : fieldsIn(records, definition);
  const book = parsePolicies(action, json, definition.negotiable, { fields });
  if (!book.ok) throw new Mistake(book.error.map((each) => `${policyFile ?? path}: ${each}`).join('\n'));
  const database = join(resolve(dirname(path), String(config['data_dir'] ?? '.parley')), 'parley.db');
  return {
    company: String(config['company'] ?? 'the company'),
    definition,
    policy: json,
    book: book.value,
    records,
    talks: (since, until) => (existsSync(database) ? readOperations(database, { action, since, until }) : []),
  };
}

interface Asked {
  readonly against?: string;
  readonly runs: string;
  readonly seed: string;
  readonly html?: string;
  readonly json: boolean;
}

function simulated({ company, definition, policy, book, talks, records }: Setting, asked: Asked, io: Io): number {
  const seed = whole(asked.seed, 'seed', 0xffff_ffff);
  const runs = whole(asked.runs, 'runs', RUNS_MAX);
  const today = systemClock.now().toISOString().slice(0, 10);
  const snapshot =
    records === undefined
      ? talks('0000', '9999').flatMap(({ negotiation }) => (negotiation === undefined ? [] : [negotiation.facts]))
      : records;
  if (snapshot.length === 0)
    throw new Mistake('there is no record to negotiate about yet: give some with --records FILE');
  const openings = openingsOn(snapshot, { book, definition, today });
  const done = study({
    policy,
    other: asked.against === undefined ? undefined : objectIn(asked.against),
    read: (json) => {
      const book = parsePolicies(definition.name, json, definition.negotiable);
      if (!book.ok) return book;
      return ok(({ record }) => book.value.policyFor({ record, tier: 'principal' }));
    },
    facts: snapshot.map((record) => factsOf(definition, record, {}, today)),
    runs,
    seed,
  });
  if (!done.ok) throw new Mistake(done.error);
  const { families, advice, comparison } = done.value;
  if (asked.html !== undefined)
    writeFileSync(asked.html, page({ ...done.value, openings, company, action: definition.name, seed }));
  if (asked.json) io.out(JSON.stringify({ action: definition.name, seed, families, openings, advice, comparison }));
  else
    for (const line of [
      ...table(openingRows(openings)),
      '',
      ...(comparison === undefined ? [] : [...comparisonWords(comparison), '']),
      ...advice.map((each) => `- ${each}`),
      '',
      ...table(rowsOf(families)),
      '',
      LEGEND,
    ])
      io.out(line);
  return families.some(({ breaches }) => breaches > 0) ? 1 : 0;
}

/** Everybody on one domain of a file, and where its fair points lie. */
function onDomain(path: string, { seed, json }: { readonly seed: string; readonly json: boolean }, io: Io): number {
  const domain = parseDomain(objectIn(path));
  const scenario = domain.ok ? scenarioFrom(domain.value) : domain;
  if (!scenario.ok) throw new Mistake(scenario.error.map((each) => `${path}: ${each}`).join('\n'));
  const scene = sceneOf(scenario.value, whole(seed, 'seed', 0xffff_ffff));
  const families = FAMILIES.map((family) => {
    const played = playAll([scene], family);
    if (!played.ok) throw new Mistake(`${path}: ${played.error.detail ?? played.error.code}`);
    return resultOf(family, played.value);
  });
  const { joint, nash, kalai, pareto } = scene.frontier;
  if (json) io.out(JSON.stringify({ joint, nash, kalai, pareto, families }));
  else
    for (const line of [...table(pointsRows(scene.frontier)), '', ...table(rowsOf(families)), '', LEGEND]) io.out(line);
  return families.some(({ breaches }) => breaches > 0) ? 1 : 0;
}

function replayed(
  { definition, book, talks }: Setting,
  { since, until, json }: { since?: string; until?: string; json: boolean },
  io: Io,
): number {
  const results = talks(timeIn('since', since) ?? '0000', timeIn('until', until) ?? '9999').flatMap(
    (operation): Replayed[] => {
      if (operation.negotiation === undefined) return [];
      const { facts: record } = operation.negotiation;
      const policy = book.policyFor({ record, tier: operation.mandate?.tier ?? 'none' });
      if (policy === undefined) return [];
      const done = replay(operation, policy, factsOf(definition, record, operation.input, askedOn(operation).asked_on));
      return done.ok ? [done.value] : [];
    },
  );
  if (json) for (const each of results) io.out(JSON.stringify(each));
  else for (const line of table(replayRows(results))) io.out(line);
  return 0;
}

/** What the records and the terms have: what no record has, no condition can look at. */
function fieldsIn(records: readonly JsonObject[], { terms }: ActionDefinition): readonly string[] {
  const { properties } = terms ?? {};
  return [...new Set([...records.flatMap(Object.keys), ...(isObject(properties) ? Object.keys(properties) : [])])];
}

const OPENINGS_SHOWN = 12;

/** The first offers in money, so that nobody takes 104 for percent where it is cents; one that is far from its record is refused. */
function openingsOn(
  records: readonly JsonObject[],
  {
    book,
    definition,
    today,
  }: { readonly book: PolicyBook; readonly definition: ActionDefinition; readonly today: string },
): readonly Opening[] {
  const openings = records.flatMap((record, index): Opening[] => {
    const policy = book.policyFor({ record, tier: 'principal' });
    const first = policy === undefined ? undefined : firstOffer(policy, { definition, record, today });
    if (first?.ok !== true) return [];
    const { record: stands, offer, far, with: besides } = first.value;
    const words = besides.length === 0 ? '' : ` (${besides.join(', ')})`;
    if (far)
      throw new Mistake(
        `where record ${index + 1} says ${stands}, the first offer would be ${offer}${words}: further than the policy calls far. Mend /main/open or its unit, or allow it in /main/far`,
      );
    const id = record['id'];
    return [{ record: typeof id === 'string' ? id : String(index + 1), today: stands, first: offer, besides }];
  });
  return openings.slice(0, OPENINGS_SHOWN);
}

/** A day or a time as operations are dated by. */
function timeIn(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const isTime =
    /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z)?$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!isTime) throw new UsageError(`--${name} must be a day (2026-11-01) or a time in UTC (2026-11-01T09:00Z)`);
  return text;
}

function objectIn(path: string): JsonObject {
  const value = jsonIn(path);
  if (!isObject(value)) throw new Mistake(`${path} must hold a JSON object`);
  return value;
}

function listIn(path: string): readonly JsonObject[] {
  const value = jsonIn(path);
  if (!Array.isArray(value) || !value.every(isObject)) throw new Mistake(`${path} must hold a list of records`);
  return value;
}

function jsonIn(path: string): Json {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Mistake(`${path}: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

function whole(text: string, name: string, max: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > max)
    throw new UsageError(`--${name} must be a number from 1 to ${max}`);
  return value;
}
