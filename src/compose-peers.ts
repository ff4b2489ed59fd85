/** The bindings for agents that speak something else than signed HTTP: MCP and A2A, with what they publish. */
import { AgentCard } from '@a2a-js/sdk';
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import type { Server } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import manifest from '../package.json' with { type: 'json' };
import type { JsonObject } from '../protocol/base/json.ts';
import { perOffering } from './actions/offering.ts';
import type { Identity } from './compose-identity.ts';
import type { Config } from './config/config.ts';
import type { Caller } from './identity/signature/authenticate.ts';
import { metadataUrl, protectedResourceMetadata } from './identity/token/oauth-metadata.ts';
import { makeA2aBinding } from './serve/a2a/app.ts';
import { A2A_PATH, agentCard, type CardFacts, extendedCard, sealed, signedCard } from './serve/a2a/card.ts';
import { serveCard } from './serve/a2a/card-route.ts';
import { cardsOf } from './serve/a2a/cards.ts';
import { withoutBugs } from './serve/a2a/errors.ts';
import { type Call, makeA2aHandler } from './serve/a2a/handler.ts';
import { withPlaces } from './serve/a2a/places.ts';
import type { Env, Exchange } from './serve/exchange.ts';
import type { PublicDocument } from './serve/http/documents.ts';
import { MCP_PATH, makeMcpBinding, type Sessions } from './serve/mcp/app.ts';
import { type McpHandlers, makeServerFactory } from './serve/mcp/server.ts';
import type { Operations } from './serve/operations.ts';
import type { Engine } from './wiring.ts';

/** What the conformance profile puts in front of the gateway's own answers, behind the same limits, checks and proof of the caller. The
 * only seam it has, and nothing else uses it: an ordinary gateway is composed without. */
export interface Profile {
  /** Who is believed to ask when nothing says who. */
  readonly anyone: Caller;
  readonly mcp: (own: McpHandlers, server: Server) => McpHandlers;
  readonly mcpSessions: Sessions;
  readonly a2a: (own: A2ARequestHandler) => A2ARequestHandler;
}

export interface PeerDeps {
  readonly engine: Engine;
  readonly config: Config;
  readonly exchange: Exchange;
  readonly operations: Operations;
  readonly identity: Identity;
  readonly profile: Profile | undefined;
}

export async function composePeers(deps: PeerDeps): Promise<Hono<Env>> {
  const app = new Hono<Env>();
  app.route('/', mcp(deps));
  app.route('/', await a2a(deps));
  return app;
}

function mcp({ engine, config, exchange, operations, identity, profile }: PeerDeps): Hono<Env> {
  const { world, contract } = engine;
  return makeMcpBinding({
    exchange,
    prove: identity.proveAt(MCP_PATH),
    makeServer: makeServerFactory({ world, contract, operations, version: manifest.version }, profile?.mcp),
    origin: config.origin,
    allowedOrigins: new Set(config.allowed_origins),
    ...(profile === undefined ? {} : { sessions: profile.mcpSessions }),
  });
}

async function a2a({ engine, config, exchange, operations, identity, profile }: PeerDeps): Promise<Hono<Env>> {
  const { world, contract, tokenIssuers } = engine;
  const { settings, keys, log } = world;
  const tokens = tokenIssuers.size === 0 ? undefined : { metadataUrl: metadataUrl(`${config.origin}${A2A_PATH}`) };
  const facts: CardFacts = { contract, settings, version: manifest.version, tokens };
  const jku = `${config.origin}/.well-known/jwks.json`;
  const signed = perOffering(contract, () => signedCard(agentCard(facts), keys, jku));
  const extended = perOffering(contract, () => AgentCard.fromJSON(signedCard(extendedCard(facts), keys, jku)));
  const calls = new WeakMap<ServerCallContext, Call>();
  const callOf = (context: ServerCallContext): Call =>
    calls.get(context) ?? { caller: undefined, signal: new AbortController().signal };
  const answers = makeA2aHandler({
    world,
    contract,
    operations,
    card: perOffering(contract, () => AgentCard.fromJSON(signed())),
    extendedCard: extended,
    callOf,
    allowPrivate: config.allow_private_network,
  });
  const own = withPlaces(answers, callOf);
  const handler = withoutBugs(profile?.a2a(own) ?? own, (error) =>
    log('bug', { error: error instanceof Error ? (error.stack ?? error.message) : 'unknown' }),
  );
  const seal = (card: JsonObject) => sealed(card, keys, jku);
  const app = makeA2aBinding({ exchange, prove: identity.proveAt(A2A_PATH), handler, calls, seal });
  app.route('/', serveCard(perOffering(contract, () => cardsOf({ card: signed(), handler, seal }))));
  return app;
}

/** Protected resource metadata (RFC 9728) where tokens are taken, at the address that belongs to each endpoint's path. */
export function resourceDocuments({ world, tokenIssuers }: Engine, config: Config): PublicDocument[] {
  if (tokenIssuers.size === 0) return [];
  const settings = {
    origin: config.origin,
    authorizationServers: [...tokenIssuers.keys()],
    scopes: [...new Set([...tokenIssuers.values()].map(({ scope }) => scope))],
    name: world.settings.company,
    documentation: `${config.origin}/llms.txt`,
  };
  return [MCP_PATH, A2A_PATH].map((path) => {
    const resource = `${config.origin}${path}`;
    return {
      path: new URL(metadataUrl(resource)).pathname,
      type: 'application/json',
      body: JSON.stringify(protectedResourceMetadata(resource, settings)),
    };
  });
}
