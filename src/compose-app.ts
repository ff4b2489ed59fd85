/** Everything that is served: documents, the native binding, the log, the people's pages. */
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import { refusal } from '../protocol/base/errors.ts';
import type { JsonObject } from '../protocol/base/json.ts';
import { perOffering } from './actions/offering.ts';
import { composeIdentity } from './compose-identity.ts';
import { composePeers, type Profile, resourceDocuments } from './compose-peers.ts';
import { type Config, ConfigError } from './config/config.ts';
import { makeCustomerNames } from './crm/customers.ts';
import type { CrmHealth } from './crm/health.ts';
import { addressesBehind, readProxies } from './edge/client-address.ts';
import type { RawRequest } from './edge/raw-request.ts';
import { accountOf } from './engine/case.ts';
import type { Operation } from './engine/operation.ts';
import { unavailableRefusal } from './engine/unavailable.ts';
import { actionOf } from './engine/world.ts';
import { worthOf } from './engine/worth.ts';
import { endedSince } from './execution/authority.ts';
import { claimsToShow } from './execution/claims.ts';
import { termsOf } from './execution/terms.ts';
import { outcomesOf } from './handoff/settle.ts';
import type { Registrations } from './identity/signature/registrations.ts';
import { proofOf } from './ledger/seal.ts';
import type { Ledger } from './ledger/sequencer.ts';
import type { OutboxStore } from './outbox/outbox-store.ts';
import { systemLater } from './platform/world-sources.ts';
import { makeCompanyRoutes } from './serve/company/app.ts';
import { takeCrmNotices } from './serve/company/crm-notices.ts';
import { makeOffers } from './serve/company/offers.ts';
import { takeSignoffAnswers } from './serve/company/signoff-answers.ts';
import { makeConsole } from './serve/console/app.ts';
import { type Desk, INBOX_PAGE } from './serve/console/desk.ts';
import { makeSessions } from './serve/console/session.ts';
import { openApiDocument } from './serve/discovery/openapi.ts';
import { directoryDocument, llmsText, profileDocument } from './serve/discovery/profile.ts';
import { negotiateUcp, ucpProfiles } from './serve/discovery/ucp.ts';
import { makeDrpBinding } from './serve/drp/app.ts';
import { type Env, type Exchange, makeExchange } from './serve/exchange.ts';
import { makeHttpBinding } from './serve/http/app.ts';
import { cors } from './serve/http/cors.ts';
import { type PublicDocument, serveDocuments } from './serve/http/documents.ts';
import { serveHealth } from './serve/http/health.ts';
import { serveLog } from './serve/http/log.ts';
import { allowedMethods } from './serve/http/methods.ts';
import { makeOperations } from './serve/operations.ts';
import { secretFor } from './serve/secret.ts';
import type { Follower } from './watch/follow.ts';
import type { Engine } from './wiring.ts';

export interface AppDeps {
  readonly config: Config;
  readonly engine: Engine;
  readonly ledger: Ledger;
  /** Logs that ended with a restore. */
  readonly ended: readonly Ledger[];
  readonly follower: Follower;
  readonly outgoing: Pick<OutboxStore, 'letter'>;
  readonly health: Pick<CrmHealth, 'now'>;
  /** Whether each part of the gateway can do what it is there for. */
  readonly parts: () => Readonly<Record<string, boolean>>;
  readonly registrations: Registrations;
  readonly profile?: Profile | undefined;
}

export async function composeApp({
  config,
  engine,
  ledger,
  ended,
  follower,
  outgoing,
  health,
  parts,
  registrations,
  profile,
}: AppDeps): Promise<Hono<Env>> {
  const { world, pipeline, worker } = engine;
  const { keys, clock, ids, log } = world;
  const origin = new URL(config.origin);
  const scheme = origin.protocol.slice(0, -1);
  const authority = origin.host;
  const exchange = makeExchange({
    clock,
    log,
    scheme,
    authority,
    answerKey: { kid: keys.kid('answers'), alg: 'ed25519', sign: (bytes) => keys.sign('answers', bytes) },
    newInstance: () => `urn:uuid:${ids.make('ev').slice(3)}`,
    newNonce: () => ids.secret(18),
  });

  const operations = makeOperations({
    world,
    pipeline,
    worker,
    proofOf: (operation) => proofOf([ledger, ...ended], operation),
  });

  const proxies = readProxies(config.listen.proxies);
  if (proxies === undefined) throw new ConfigError(['/listen/proxies holds what is no address and no CIDR block']);
  const addressOf = addressesBehind(proxies);
  const identity = composeIdentity(engine, config, { addressOf, anyone: profile?.anyone, registrations });
  const ucp = perOffering(engine.contract, () => ucpProfiles(engine.contract, world.settings, keys.jwks().keys));

  const { secrets } = config;
  const offers = makeOffers({
    world,
    worker,
    canBegin: engine.canBegin,
    letter: outgoing.letter,
    secrets: secrets.offers,
    allowPrivate: config.allow_private_network,
  });
  // A client that joins addresses may leave a slash at the end of one.
  const app = new Hono<Env>({ strict: false });
  app.use(
    cors({
      origins: new Set(config.allowed_origins),
      isPublic: (path) => path.startsWith('/.well-known/') || published().some((each) => each.path === path),
    }),
  );
  for (const each of [ledger, ...ended]) app.route(logPath(each, origin.host), serveLog(each));
  const { contract } = engine;
  const published = perOffering(contract, () => [
    ...documents(engine, { ledger, ended }),
    ...resourceDocuments(engine, config),
  ]);
  // An action that the CRM cannot do now may come back.
  const claimed = contract.all.map(({ name }) => `/actions/${name}`);
  app.route('/', serveDocuments([...new Set([...published().map(({ path }) => path), ...claimed])], published));
  app.route('/', serveHealth({ parts }));
  app.route(
    '/',
    makeHttpBinding({
      operations,
      exchange,
      negotiate: (profile) => negotiateUcp(ucp(), profile),
      humanChannel: world.settings.human.channel,
      authenticate: identity.authenticate,
      register: identity.register,
      invite: offers.invite,
      uninvite: offers.uninvite,
    }),
  );
  app.route(
    '/',
    makeCompanyRoutes({
      exchange,
      answerSignoff: takeSignoffAnswers({
        world,
        pipeline,
        secrets: config.signoff.answers_by.flatMap((name) => secrets.webhooks.get(name) ?? []),
        approvers: config.approvers,
      }),
      noticeFromCrm: takeCrmNotices({ world, secrets: secrets.crmEvents, follower }),
      propose: offers.propose,
    }),
  );
  if (config.drp !== undefined) {
    const { business_id: business, agents } = config.drp;
    app.route('/', makeDrpBinding({ business, agents, operations, exchange, clock, keys }));
  }
  app.route('/', await composePeers({ engine, config, exchange, operations, identity, profile }));
  app.route(
    '/console',
    makeConsole({
      desk: desk(engine, health),
      sessions: makeSessions({
        people: config.approvers,
        now: () => clock.now(),
        deviceSecret: secretFor('console device', keys),
        later: systemLater,
      }),
      origin: config.origin,
      addressOf: (c) => addressOf({ peer: getConnInfo(c).remote.address, headers: forwardedIn(c) }),
    }) as unknown as Hono<Env>,
  );
  app.get('/', (c) => c.redirect('/llms.txt', 302));
  app.notFound((c) => {
    const allow = allowedMethods(app, c.req.path);
    // A route may look for something itself and not find it.
    if (allow.length === 0 || allow.includes(c.req.method)) return exchange.refuse(refusal('not-found'));
    const refused = exchange.refuse(refusal('method-not-allowed'));
    refused.headers.set('allow', allow.join(', '));
    return refused;
  });
  app.onError((error) => bug(exchange, error, log));
  return app;
}

function forwardedIn(c: Context): RawRequest['headers'] {
  const forwarded = c.req.header('x-forwarded-for');
  return new Map(forwarded === undefined ? [] : [['x-forwarded-for', [forwarded]]]);
}

/** A fault of ours: an opaque id outside, the story inside. A store that takes nothing now is none. */
function bug(exchange: Exchange, error: Error, log: Engine['world']['log']): Response {
  const unavailable = unavailableRefusal(error);
  if (unavailable !== undefined) return exchange.refuse(unavailable);
  log('bug', { error: error.stack ?? error.message });
  return exchange.refuse(refusal('internal'));
}

/** A log's name is its address without the scheme. */
const logPath = ({ origin }: Ledger, host: string): string => origin.slice(host.length);

function documents(
  { world, contract }: Engine,
  { ledger, ended }: Pick<AppDeps, 'ledger' | 'ended'>,
): PublicDocument[] {
  const facts = {
    settings: world.settings,
    keys: world.keys.jwks().keys,
    log: {
      verifierKey: ledger.verifierKey,
      path: logPath(ledger, new URL(world.settings.origin).host),
      ended: ended.map(({ verifierKey }) => verifierKey),
    },
  };
  const json = (path: string, value: JsonObject, type = 'application/json'): PublicDocument => ({
    path,
    type,
    body: JSON.stringify(value, null, 2),
  });
  return [
    json('/.well-known/parley', profileDocument(contract, facts)),
    json(
      '/.well-known/http-message-signatures-directory',
      directoryDocument(facts),
      'application/http-message-signatures-directory+json',
    ),
    ...[...ucpProfiles(contract, world.settings, facts.keys)].map(([path, profile]) => json(path, profile)),
    json('/.well-known/jwks.json', { keys: facts.keys }, 'application/jwk-set+json'),
    json('/openapi.json', openApiDocument(contract, world.settings)),
    { path: '/llms.txt', type: 'text/plain; charset=utf-8', body: llmsText(contract, facts) },
    ...[...contract.schemas].map(([name, schema]) => json(`/schemas/${name}`, schema, 'application/schema+json')),
    ...contract.definitions.map((definition) =>
      json(`/actions/${definition.name}`, definition as unknown as JsonObject),
    ),
  ];
}

function desk({ world, pipeline, unreadable, line }: Engine, health: Pick<CrmHealth, 'now'>): Desk {
  const { store } = world;
  const PAGE = 100;
  const names = makeCustomerNames(world);
  return {
    inbox: (after) => store.forPerson({ limit: INBOX_PAGE, ...(after === undefined ? {} : { after }) }),
    closed: unreadable,
    crm: health.now,
    model: () => line?.status(),
    operations: () => store.newest(PAGE),
    scheduled: () => store.inState(['scheduled'], 10 * PAGE).toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0)),
    async known(operations) {
      const found = await names(operations);
      return (operation) => ({
        customer: found.get(accountOf(operation) ?? ''),
        worth: worthOf(world, operation, termsToShow(world, operation)),
      });
    },
    now: () => world.clock.now(),
    outcomes: outcomesOf,
    settle: (operation, settling, person) => pipeline.settle(operation, { ...settling, approver: person.id }),
    say: (operation, word, person) => pipeline.say(operation, word, person),
    cancel: (operation, reason, person) => pipeline.cancel(operation, reason, person),
    operation: (id) => store.operation(id),
    bySignoff: (id) => store.bySignoff(id),
    words: (operation) => actionOf(world, operation)?.definition.words,
    claims: (operation) => claimsToShow(world, operation),
    ended: async (operation) => (await endedSince(world, operation)).map(({ words }) => words),
    decide: (operation, decision, person) => pipeline.decide(operation, decision, person, 'page'),
  };
}

/** What was agreed on, or is talked about: the last that was offered by either side. */
function termsToShow(world: Engine['world'], operation: Operation): JsonObject | null {
  const agreed = termsOf(world, operation);
  const terms = agreed.ok ? agreed.value : null;
  return terms ?? operation.negotiation?.offers.at(-1)?.terms ?? null;
}
