/** Everything that is served, in the order in which addresses are looked for: documents, the bindings, the company's doors, the pages. */
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import manifest from '../../package.json' with { type: 'json' };
import { refusal } from '../../protocol/base/errors.ts';
import { perOffering } from '../actions/offering.ts';
import { type Config, ConfigError } from '../config/config.ts';
import type { CrmHealth } from '../crm/health.ts';
import { addressesBehind, readProxies } from '../edge/client-address.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import { unavailableRefusal } from '../engine/unavailable.ts';
import { makeGate } from '../identity/gate.ts';
import { makeRegister } from '../identity/register.ts';
import { makeDirectories } from '../identity/signature/directory.ts';
import type { Registrations } from '../identity/signature/registrations.ts';
import { proofOf } from '../ledger/seal.ts';
import type { Ledger } from '../ledger/sequencer.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import { makeGuardedFetch } from '../platform/guarded-fetch.ts';
import { makeNames } from '../platform/names.ts';
import { systemLater } from '../platform/world-sources.ts';
import type { Follower } from '../watch/follow.ts';
import type { Engine } from '../wiring.ts';
import { A2A_PATH } from './a2a/card.ts';
import { mountA2a } from './a2a/mount.ts';
import { makeCompanyRoutes } from './company/app.ts';
import { takeCrmNotices } from './company/crm-notices.ts';
import { makeOffers } from './company/offers.ts';
import { takeSignoffAnswers } from './company/signoff-answers.ts';
import { makeConsole } from './console/app.ts';
import { makeDesk } from './console/make-desk.ts';
import { makeSessions } from './console/session.ts';
import { documentsOf, logPath } from './discovery/documents.ts';
import { negotiateUcp, ucpProfiles } from './discovery/ucp.ts';
import { makeDrpBinding } from './drp/app.ts';
import { type Env, type Exchange, makeExchange } from './exchange.ts';
import { makeHttpBinding } from './http/app.ts';
import { cors } from './http/cors.ts';
import { serveDocuments } from './http/documents.ts';
import { serveHealth } from './http/health.ts';
import { serveLog } from './http/log.ts';
import { allowedMethods } from './http/methods.ts';
import { MCP_PATH, makeMcpBinding } from './mcp/app.ts';
import { makeServerFactory } from './mcp/server.ts';
import { makeOperations } from './operations.ts';
import { makeProve } from './prove.ts';
import { secretFor } from './secret.ts';
import type { SuiteProfile } from './suite-profile.ts';

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
  readonly profile?: SuiteProfile | undefined;
}

/** Throws {@link ConfigError} where the configured proxies are none. */
export function makeApp(deps: AppDeps): Hono<Env> {
  const { config, engine, ledger, ended, follower, health, registrations, profile } = deps;
  const { world, pipeline, worker, contract, tokenIssuers } = engine;
  const { keys, clock, log, settings, store } = world;
  const { secrets, origin, allow_private_network: allowPrivate } = config;
  const proxies = readProxies(config.listen.proxies);
  if (proxies === undefined) throw new ConfigError(['/listen/proxies holds what is no address and no CIDR block']);
  const addressOf = addressesBehind(proxies);

  const gate = makeGate({
    origin,
    clock,
    store,
    resolve: makeDirectories({
      fetch: makeGuardedFetch({ allowPrivate, lookup: makeNames({ servers: config.stranger_dns }) }),
      clock,
    }),
  });
  registrations.onForgotten(gate.forget);
  const exchange = makeExchange(answersOf(engine));
  const operations = makeOperations({
    world,
    pipeline,
    worker,
    proofOf: (operation) => proofOf([ledger, ...ended], operation),
  });
  const tokens = { issuers: tokenIssuers, origin, isRevoked: store.isRevoked, addressOf };
  const proveAt = (path: string) => makeProve({ ...tokens, gate, clock, anyone: profile?.anyone }, path);
  const offers = makeOffers({
    world,
    worker,
    canBegin: engine.canBegin,
    letter: deps.outgoing.letter,
    secrets: secrets.offers,
    allowPrivate,
  });
  const ucp = perOffering(contract, () => ucpProfiles(contract, settings, keys.jwks().keys));
  const published = perOffering(contract, () =>
    documentsOf({ world, contract, tokenIssuers, ledger, ended, paths: [MCP_PATH, A2A_PATH] }),
  );

  // A client that joins addresses may leave a slash at the end of one.
  const app = new Hono<Env>({ strict: false });
  app.use(
    cors({
      origins: new Set(config.allowed_origins),
      isPublic: (path) => path.startsWith('/.well-known/') || published().some((each) => each.path === path),
    }),
  );
  for (const each of [ledger, ...ended]) app.route(logPath(each, new URL(origin).host), serveLog(each));
  // An action that the CRM cannot do now may come back.
  const claimed = contract.all.map(({ name }) => `/actions/${name}`);
  app.route('/', serveDocuments([...new Set([...published().map(({ path }) => path), ...claimed])], published));
  app.route('/', serveHealth({ parts: deps.parts }));
  const native = makeHttpBinding({
    operations,
    exchange,
    negotiate: (named) => negotiateUcp(ucp(), named),
    humanChannel: settings.human.channel,
    authenticate: gate.authenticate,
    register: makeRegister({ gate, clock, store, registrations, check: contract.checkRegistration, addressOf }),
    invite: offers.invite,
    uninvite: offers.uninvite,
  });
  app.route('/', native);
  const company = makeCompanyRoutes({
    exchange,
    answerSignoff: takeSignoffAnswers({
      world,
      pipeline,
      secrets: config.signoff.answers_by.flatMap((name) => secrets.webhooks.get(name) ?? []),
      approvers: config.approvers,
    }),
    noticeFromCrm: takeCrmNotices({ world, secrets: secrets.crmEvents, follower }),
    propose: offers.propose,
  });
  app.route('/', company);
  if (config.drp !== undefined) {
    const { business_id: business, agents } = config.drp;
    app.route('/', makeDrpBinding({ business, agents, operations, exchange, clock, keys }));
  }
  const { version } = manifest;
  const mcp = makeMcpBinding({
    exchange,
    prove: proveAt(MCP_PATH),
    makeServer: makeServerFactory({ world, contract, operations, version }, profile?.mcp),
    origin,
    allowedOrigins: new Set(config.allowed_origins),
    ...(profile === undefined ? {} : { sessions: profile.mcpSessions }),
  });
  app.route('/', mcp);
  const a2a = mountA2a({
    world,
    contract,
    exchange,
    operations,
    prove: proveAt(A2A_PATH),
    version,
    takesTokens: tokenIssuers.size > 0,
    allowPrivate,
    inFront: profile?.a2a,
  });
  app.route('/', a2a);
  const pages = makeConsole({
    desk: makeDesk({
      world,
      pipeline,
      closed: engine.unreadable,
      crm: health.now,
      model: () => engine.line?.status(),
    }),
    sessions: makeSessions({
      people: config.approvers,
      now: () => clock.now(),
      deviceSecret: secretFor('console device', keys),
      later: systemLater,
    }),
    origin,
    addressOf: (c) => addressOf({ peer: getConnInfo(c).remote.address, headers: forwardedIn(c) }),
  });
  app.route('/console', pages as unknown as Hono<Env>);
  app.get('/', (c) => c.redirect('/llms.txt', 302));
  app.notFound((c) => {
    const allow = allowedMethods(app, c.req.path);
    // A route may look for something itself and not find it.
    if (allow.length === 0 || allow.includes(c.req.method)) return exchange.refuse(refusal('not-found'));
    const refused = exchange.refuse(refusal('method-not-allowed'));
    refused.headers.set('allow', allow.join(', '));
    return refused;
  });
  app.onError((error) => refuseBug({ exchange, error, log }));
  return app;
}

/** How answers are signed and named. */
function answersOf({ world: { clock, log, keys, ids, settings } }: Engine): Parameters<typeof makeExchange>[0] {
  const { protocol, host } = new URL(settings.origin);
  return {
    clock,
    log,
    scheme: protocol.slice(0, -1),
    authority: host,
    answerKey: { kid: keys.kid('answers'), alg: 'ed25519', sign: (bytes) => keys.sign('answers', bytes) },
    newInstance: () => `urn:uuid:${ids.make('ev').slice(3)}`,
    newNonce: () => ids.secret(18),
  };
}

function forwardedIn(c: Context): RawRequest['headers'] {
  const forwarded = c.req.header('x-forwarded-for');
  return new Map(forwarded === undefined ? [] : [['x-forwarded-for', [forwarded]]]);
}

interface Bug {
  readonly exchange: Exchange;
  readonly error: Error;
  readonly log: Engine['world']['log'];
}

/** A fault of ours: an opaque id outside, the story inside. A store that takes nothing now is none. */
function refuseBug({ exchange, error, log }: Bug): Response {
  const unavailable = unavailableRefusal(error);
  if (unavailable !== undefined) return exchange.refuse(unavailable);
  log('bug', { error: error.stack ?? error.message });
  return exchange.refuse(refusal('internal'));
}
