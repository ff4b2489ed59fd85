/** The documents that anyone may read, as they are now. */
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Contract } from '../../actions/contract.ts';
import type { World } from '../../engine/world.ts';
import type { TokenIssuers } from '../../identity/token/oauth-issuers.ts';
import { metadataUrl, protectedResourceMetadata } from '../../identity/token/oauth-metadata.ts';
import type { Ledger } from '../../ledger/sequencer.ts';
import type { PublicDocument } from '../http/documents.ts';
import { openApiDocument } from './openapi.ts';
import { directoryDocument, llmsText, profileDocument } from './profile.ts';
import { ucpProfiles } from './ucp.ts';

export interface DocumentFacts {
  readonly world: Pick<World, 'settings' | 'keys'>;
  readonly contract: Contract;
  readonly tokenIssuers: TokenIssuers;
  readonly ledger: Pick<Ledger, 'origin' | 'verifierKey'>;
  /** Logs that ended with a restore. */
  readonly ended: readonly Pick<Ledger, 'verifierKey'>[];
  /** Of the bindings that take tokens. */
  readonly paths: readonly string[];
}

/** A log's name is its address without the scheme. */
export const logPath = ({ origin }: Pick<Ledger, 'origin'>, host: string): string => origin.slice(host.length);

export function documentsOf({ world, contract, ledger, ended, ...tokens }: DocumentFacts): PublicDocument[] {
  const { settings } = world;
  const facts = {
    settings,
    keys: world.keys.jwks().keys,
    log: {
      verifierKey: ledger.verifierKey,
      path: logPath(ledger, new URL(settings.origin).host),
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
    ...[...ucpProfiles(contract, settings, facts.keys)].map(([path, profile]) => json(path, profile)),
    json('/.well-known/jwks.json', { keys: facts.keys }, 'application/jwk-set+json'),
    json('/openapi.json', openApiDocument(contract, settings)),
    { path: '/llms.txt', type: 'text/plain; charset=utf-8', body: llmsText(contract, facts) },
    ...[...contract.schemas].map(([name, schema]) => json(`/schemas/${name}`, schema, 'application/schema+json')),
    ...contract.definitions.map((definition) =>
      json(`/actions/${definition.name}`, definition as unknown as JsonObject),
    ),
    ...resourceDocuments({ world, ...tokens }),
  ];
}

/** Protected resource metadata (RFC 9728) where tokens are taken, at the address that belongs to each endpoint's path. */
function resourceDocuments({
  world: { settings },
  tokenIssuers,
  paths,
}: Pick<DocumentFacts, 'world' | 'tokenIssuers' | 'paths'>): PublicDocument[] {
  if (tokenIssuers.size === 0) return [];
  const facts = {
    origin: settings.origin,
    authorizationServers: [...tokenIssuers.keys()],
    scopes: [...new Set([...tokenIssuers.values()].map(({ scope }) => scope))],
    name: settings.company,
    documentation: `${settings.origin}/llms.txt`,
  };
  return paths.map((path) => {
    const resource = `${settings.origin}${path}`;
    return {
      path: new URL(metadataUrl(resource)).pathname,
      type: 'application/json',
      body: JSON.stringify(protectedResourceMetadata(resource, facts)),
    };
  });
}
