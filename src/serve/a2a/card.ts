/** The agent card (A2A 1.0 §8), signed, and the same card for agents that speak 0.3. */
import { AgentCard, canonicalizeAgentCard } from '@a2a-js/sdk';
import { duplicateInterfacesForLegacy } from '@a2a-js/sdk/compat/v0_3';
import { base64url } from 'jose';
import { canonicalBytes } from '../../../protocol/base/canonical.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { A2A_EXTENSION } from '../../../protocol/base/names.ts';
import { REQUEST_TAG } from '../../../protocol/signature/signature.ts';
import type { Contract } from '../../actions/contract.ts';
import type { Settings } from '../../engine/world.ts';
import type { Keys } from '../../ports.ts';

export const A2A_PATH = '/a2a';

export interface CardFacts {
  readonly contract: Contract;
  readonly settings: Settings;
  readonly version: string;
  /** Whether access tokens are taken, and where their metadata is. */
  readonly tokens: { readonly metadataUrl: string } | undefined;
}

/** The public card. Never an empty required field: implementations disagree on whether the signature covers those (§8.4.1). */
export function agentCard({ contract, settings, version, tokens }: CardFacts): AgentCard {
  const { origin, company } = settings;
  const url = `${origin}${A2A_PATH}`;
  const media = ['application/json', 'text/plain'];
  return {
    name: company,
    description: `The AI system that acts on behalf of ${company} for customers’ agents: typed actions, negotiated terms, signed receipts, a person on request.`,
    version,
    documentationUrl: `${origin}/llms.txt`,
    provider: { url: origin, organization: company },
    supportedInterfaces: duplicateInterfacesForLegacy(
      ['JSONRPC', 'HTTP+JSON'].map((protocolBinding) => ({ url, protocolBinding, tenant: '', protocolVersion: '1.0' })),
      ['JSONRPC'],
    ),
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true, extensions: extensions(origin) },
    securitySchemes: tokens === undefined ? {} : { token: { scheme: bearer(tokens.metadataUrl) } },
    securityRequirements: [],
    defaultInputModes: media,
    defaultOutputModes: media,
    skills: contract.definitions.map(({ name, title, description, risk, examples }) => ({
      id: name,
      name: title,
      description,
      tags: [name.split('.', 1)[0] ?? name, `risk-${risk}`],
      examples: examples.valid
        .slice(0, 1)
        .map((example) => JSON.stringify({ verb: 'submit', action: name, ...example })),
      inputModes: ['application/json'],
      outputModes: ['application/json'],
      securityRequirements: [],
    })),
    iconUrl: undefined,
    signatures: [],
  };
}

/** For callers that are proven: the same, with every action's schemas in the extension's parameters. */
export function extendedCard(facts: CardFacts): AgentCard {
  const card = agentCard(facts);
  const actions = facts.contract.definitions.map(({ name, version, input, terms, output }) => ({
    name,
    version,
    input,
    terms,
    output,
  }));
  const extended = card.capabilities?.extensions.map((each) =>
    each.uri === A2A_EXTENSION.actions
      ? { ...each, params: { ...each.params, actions: JSON.parse(JSON.stringify(actions)) } }
      : each,
  );
  return { ...card, capabilities: { ...card.capabilities, extensions: extended ?? [] } };
}

function extensions(origin: string) {
  return [
    {
      uri: A2A_EXTENSION.actions,
      description:
        'Typed actions, offers, acceptance by digest, withdrawal and a person, as data parts; sign-off scope in task metadata.',
      required: false,
      params: { profile: `${origin}/.well-known/parley` },
    },
    {
      uri: A2A_EXTENSION.signatures,
      description: 'Requests signed with RFC 9421 over their exact bytes; answers signed and bound to them.',
      required: false,
      params: { tag: REQUEST_TAG, keys: `${origin}/.well-known/jwks.json` },
    },
  ];
}

function bearer(metadataUrl: string) {
  return {
    $case: 'httpAuthSecurityScheme' as const,
    value: { scheme: 'Bearer', bearerFormat: 'JWT', description: `RFC 9068 access token; see ${metadataUrl}` },
  };
}

function signing(keys: Pick<Keys, 'kid' | 'sign'>, jku: string) {
  const header = base64url.encode(JSON.stringify({ alg: 'EdDSA', kid: keys.kid('cards'), typ: 'JOSE', jku }));
  return (payload: Uint8Array) => ({
    protected: header,
    signature: base64url.encode(keys.sign('cards', Buffer.from(`${header}.${base64url.encode(payload)}`))),
  });
}

/** JWS over the card's canonical form, twice: once as the SDK's verifiers compute it, once over the exact document (RFC 8785). */
export function signedCard(card: AgentCard, keys: Pick<Keys, 'kid' | 'sign'>, jku: string): JsonObject {
  const bare = withoutSignatures(card);
  const sign = signing(keys, jku);
  const asSdk = Buffer.from(canonicalizeAgentCard(AgentCard.fromJSON(bare)));
  const exact = Buffer.from(canonicalBytes(bare));
  return { ...bare, signatures: asSdk.equals(exact) ? [sign(exact)] : [sign(asSdk), sign(exact)] };
}

/** The same JWS over exactly these bytes: for a document that is served as it is, whoever's schema it follows. */
export function sealed({ signatures, ...card }: JsonObject, keys: Pick<Keys, 'kid' | 'sign'>, jku: string): JsonObject {
  const bare = pruned(card) as JsonObject;
  const given = Array.isArray(signatures) ? signatures : [];
  return { ...bare, signatures: [...given, signing(keys, jku)(canonicalBytes(bare))] };
}

/** No empty lists or maps either: they are defaults, which a canonical card leaves out. */
function withoutSignatures(card: AgentCard): JsonObject {
  return pruned(JSON.parse(JSON.stringify(AgentCard.toJSON({ ...card, signatures: [] })))) as JsonObject;
}

export function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value)
    .map(([name, each]): [string, unknown] => [name, pruned(each)])
    .filter(([, each]) => !isEmpty(each));
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
