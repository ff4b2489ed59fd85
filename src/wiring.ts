/** The engine of one gateway: features bound to their configuration, and the pipeline over them. */
import type { Refusal } from '../protocol/base/errors.ts';
import type { Result } from '../protocol/base/result.ts';
import type { MandateIssuers } from '../protocol/mandate/mandate.ts';
import type { Contract } from './actions/contract.ts';
import { readOffered } from './actions/offered.ts';
import { NO_ACTIONS, readActions } from './actions/own.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/config.ts';
import { type Abilities, makeAbilities } from './crm/abilities.ts';
import { openCrm } from './crm/open.ts';
import { demandsOf } from './engine/demands.ts';
import { isPrincipals } from './engine/facts.ts';
import { lately, priceChange } from './engine/grants.ts';
import type { Changed, Operation } from './engine/operation.ts';
import { makeWorker, type Worker } from './engine/worker.ts';
import { actionOf, type World } from './engine/world.ts';
import { endedSince, withinMandate } from './execution/authority.ts';
import { holdsOf } from './execution/binding.ts';
import { claimedBefore } from './execution/claims.ts';
import { complete } from './execution/complete.ts';
import { makeCountersign } from './execution/countersign.ts';
import { withForcedSignoff, withKeptFacts, withUncertainClaim } from './execution/forced.ts';
import { look } from './execution/look.ts';
import type { Judge } from './execution/prepare.ts';
import { standardTerms } from './execution/terms.ts';
import { askPerson, calledAtFirst, callPerson, handoff } from './handoff/handoff.ts';
import { readIssuers } from './identity/mandate/issuers.ts';
import { makeMandates } from './identity/mandate/mandates.ts';
import { makeStatusLists } from './identity/mandate/status-lists.ts';
import { grantIssuers, readTokenIssuers, type TokenIssuers } from './identity/token/oauth-issuers.ts';
import { readPolicies } from './negotiation/policies.ts';
import { makeNegotiation } from './negotiation/steps.ts';
import { makePipeline, type Pipeline } from './pipeline.ts';
import { makeGuardedFetch } from './platform/guarded-fetch.ts';
import { hostsFile, makeNames } from './platform/names.ts';
import { makeOwnFetch } from './platform/own-fetch.ts';
import { monotonic, systemLater } from './platform/world-sources.ts';
import type { Clock, Ids, Keys, Log, Store } from './ports.ts';
import { tellEnded } from './signoff/ended.ts';
import { signoffFacts } from './signoff/facts.ts';
import { compileSignoffPolicy } from './signoff/policy.ts';
import type { Line } from './voice/line.ts';
import { ANSWER_BYTES_MAX, type ModelDeps, makeModelLine, makeModelVoice } from './voice/model.ts';
import { makeModelReader } from './voice/reader.ts';

export interface EngineDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly keys: Keys;
  readonly store: Store;
  readonly log: Log;
  /** Why nobody can say now what has been revoked. */
  readonly unreadable: () => string | undefined;
  /** Origin line of the log that grows. */
  readonly logOrigin: string;
  readonly restoredAt?: number | undefined;
}

export interface Engine {
  readonly world: World;
  readonly contract: Contract;
  readonly pipeline: Pipeline;
  readonly worker: Worker;
  /** To the model, where one is configured. */
  readonly line: Line | undefined;
  readonly abilities: Abilities;
  readonly tokenIssuers: TokenIssuers;
  readonly unreadable: EngineDeps['unreadable'];
  /** Whether the company could make a first offer: the operation with the records it would be about. */
  readonly canBegin: (operation: Operation) => Promise<Result<Operation, Refusal>>;
  /** After something was revoked. */
  readonly tellEnded: () => Promise<void>;
}

export async function wireEngine(deps: EngineDeps): Promise<Engine> {
  const { config, clock, ids, keys, store, log, unreadable, logOrigin, restoredAt } = deps;
  const newFetch = () =>
    makeGuardedFetch({ allowPrivate: config.allow_private_network, lookup: makeNames({ hosts: hostsFile() }) });
  const fetch = newFetch();
  const issuers = await readIssuers(config.issuers, { origin: config.origin, keys: keys.jwks().keys });
  const read = await readTokenIssuers(config.token_issuers, {
    fetch,
    allowPrivate: config.allow_private_network,
    introspectionSecret: config.secrets.introspection,
    aside: { fetch: newFetch(), nowMs: monotonic, later: systemLater },
  });
  const tokenIssuers = read.ok
    ? read
    : { ok: false as const, error: read.error.map((each) => `/token_issuers${each}`) };
  const rules = compileSignoffPolicy(config.signoff.rules, config.signoff.allow);
  const own = config.actions_dir === undefined ? NO_ACTIONS : readActions(config.actions_dir);
  const crm = await openCrm(config, own);
  const abilities = makeAbilities({ crm, clock, log });
  const actions = readOffered({
    crm,
    adapter: config.crm.adapter,
    own,
    negotiates: (name) => config.negotiation[name] !== undefined,
    able: abilities.known,
    log,
  });
  const negotiations = actions.ok
    ? readPolicies({ config, crm, contract: actions.value, clock, log })
    : { ok: false as const, error: [] };
  const problems = [issuers, tokenIssuers, rules, actions, negotiations].flatMap((each) => (each.ok ? [] : each.error));
  if (!issuers.ok || !tokenIssuers.ok || !rules.ok || !negotiations.ok || !actions.ok) throw new ConfigError(problems);
  const contract = actions.value;

  const world: World = {
    clock,
    ids,
    log,
    store,
    keys,
    crm,
    actions: contract,
    mandates: makeMandates({
      issuers: everyIssuer(issuers.value, grantIssuers(tokenIssuers.value)),
      store,
      statusList: makeStatusLists({ fetch, issuers: issuers.value }),
      origin: config.origin,
      unreadable,
    }),
    settings: {
      origin: config.origin,
      company: config.company,
      timeZone: config.time_zone,
      recordDefaults: config.record_defaults,
      logOrigin,
      ...(restoredAt === undefined ? {} : { restoredAt }),
      human: {
        channel: config.human.channel,
        hours: config.human.hours,
        respondWithinMinutes: config.human.respond_within_minutes,
      },
      endpoints: config.webhooks.map(({ name }) => name),
      signoffLifetimeSeconds: config.signoff.lifetime_seconds,
      observationDays: config.watch.observe_days,
      operationDays: config.retention.operations_days,
    },
  };

  const policy: Judge = (operation, plan, terms) => {
    const action = actionOf(world, operation);
    if (action === undefined) return { required: true, role: 'approver', reasons: ['The action is not known.'] };
    const { risk, default_signoff } = demandsOf(action, operation.input);
    const claimed = claimedBefore(world, operation, terms);
    const facts = signoffFacts(operation, action.rules, {
      risk,
      plan,
      terms,
      claimed,
      priceChange: priceChange(world, operation, { terms }),
      lately: (over) => lately(world, operation, { terms, ...over }),
    });
    return withUncertainClaim(claimed, rules.value.evaluate(facts, default_signoff));
  };
  const changedByPrincipal = (operation: Operation, changed: readonly Changed[]) =>
    isPrincipals(world, operation, changed);
  const judge = withKeptFacts(withForcedSignoff(crm.manifest, policy), changedByPrincipal);
  const line = await makeVoiceLine(config, { log, monotonic });
  const spoken = line === undefined ? undefined : makeModelVoice(line, log);
  const reader = line === undefined ? undefined : makeModelReader(line, log);
  const negotiation = makeNegotiation(world, {
    ...(spoken === undefined
      ? {}
      : { voice: { speak: (hearing) => worker.aside(hearing.operation, () => spoken.speak(hearing)) } }),
    ...(reader === undefined
      ? {}
      : { reader: { read: (written) => worker.aside(written.operation, () => reader.read(written)) } }),
    policies: negotiations.value,
    needsSignoff: (operation, terms) => judge(operation, null, terms).required,
    withinMandate: (operation, terms) => withinMandate(world, operation, terms, 'asking'),
    holdsOf: (operation, terms) => holdsOf(world, operation, terms),
    look: (operation) => look(world, operation),
    standardTerms: (operation) => standardTerms(world, operation),
    changedByPrincipal,
    callPerson: (operation, topic) => callPerson(world, operation, 'company', topic),
    askPerson: (operation, topic) => askPerson(world, operation, topic),
    callBeside: (ask) => handoff(world, ask, 'beside'),
    calledAtFirst: (operation, message) => calledAtFirst(world, operation, message),
  });
  const features = {
    judge,
    countersign: makeCountersign(keys),
    negotiation,
    negotiates: (action: string) => negotiations.value.has(action),
    complete: (operation: Operation, attempts: Operation['attempts']) => complete(world, operation, attempts),
  };

  // The worker runs the pipeline's steps, and the pipeline tells the worker what changed.
  const worker: Worker = makeWorker(world, config.crm.concurrency, (operation, continuing) =>
    pipeline.work(operation, continuing),
  );
  const pipeline = makePipeline(world, features, worker);
  return {
    world,
    contract,
    pipeline,
    worker,
    line,
    abilities,
    tokenIssuers: tokenIssuers.value,
    unreadable,
    canBegin: negotiation.canBegin,
    tellEnded: () => tellEnded({ world, endedSince: (each) => endedSince(world, each), changed: worker.changed }),
  };
}

async function makeVoiceLine({ voice, secrets }: Config, deps: Omit<ModelDeps, 'fetch'>): Promise<Line | undefined> {
  if (voice === undefined) return undefined;
  const fetch = makeOwnFetch({ lookup: makeNames({ hosts: hostsFile() }), answerBytesMax: ANSWER_BYTES_MAX });
  const { base_url: baseUrl, model, timeout_seconds: seconds } = voice;
  return makeModelLine({ baseUrl, model, key: secrets.modelKey, timeoutMs: seconds * 1_000 }, { ...deps, fetch });
}

/** Who issues mandates, and who gives grants with access tokens. The same name in both would be two answers to one question. */
function everyIssuer(mandates: MandateIssuers, grants: MandateIssuers): MandateIssuers {
  const twice = [...grants.keys()].filter((iss) => mandates.has(iss));
  if (twice.length > 0) throw new ConfigError(twice.map((iss) => `/token_issuers: ${iss} is in /issuers too`));
  return new Map([...mandates, ...grants]);
}
