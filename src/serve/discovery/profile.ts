import type { JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { ANSWER_TAG, acceptSignature, REQUEST_PROFILES, REQUEST_TAG } from '../../../protocol/signature/signature.ts';
import type { Contract } from '../../actions/contract.ts';
import type { Settings } from '../../engine/world.ts';

export interface ProfileFacts {
  readonly settings: Settings;
  readonly keys: readonly JsonObject[];
  readonly log: {
    readonly verifierKey: string;
    readonly path: string;
    /** Verifier keys of the logs before this one, which ended with a restore. */
    readonly ended: readonly string[];
  };
}

/** `/.well-known/parley`: everything an agent must know before its first request. */
export function profileDocument(contract: Contract, { settings, keys, log }: ProfileFacts): JsonObject {
  return {
    parley: '1',
    origin: settings.origin,
    company: settings.company,
    actions: contract.definitions.map(
      ({ name, version, title, summary, risk, mandate, negotiable, default_signoff, terms }) => ({
        name,
        version,
        title,
        summary,
        risk,
        mandate,
        negotiable: negotiable.map(
          ({ record: _record, planned: _planned, days_after: _days, default: _default, ...shown }) => shown,
        ),
        default_signoff,
        href: `/actions/${name}`,
        schemas: {
          input: `/schemas/${name}.input`,
          output: `/schemas/${name}.output`,
          ...(terms === undefined ? {} : { terms: `/schemas/${name}.terms`, counter: `/schemas/${name}.counter` }),
        },
      }),
    ),
    bindings: [
      { type: 'http', openapi: '/openapi.json' },
      { type: 'mcp', endpoint: '/mcp', revisions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] },
      { type: 'a2a', endpoint: '/a2a', card: '/.well-known/agent-card.json', versions: ['1.0', '0.3'] },
    ],
    register: '/agents',
    signatures: {
      standard: 'RFC 9421',
      tag: REQUEST_TAG,
      answer_tag: ANSWER_TAG,
      algorithms: ['ed25519', 'ecdsa-p256-sha256'],
      accept_signature: acceptSignature(),
      window_seconds_max: LIMITS.signatureWindowSecondsMax,
      profiles: REQUEST_PROFILES.map(({ name, tag, algorithms, levels }) => ({
        name,
        tag,
        algorithms,
        good_for: levels.map(({ authority }) => authority),
      })),
      key_discovery: ['registration', 'signature-agent', 'ucp-agent'],
    },
    mandates: {
      format: 'SD-JWT with key binding (RFC 9901)',
      vct: 'urn:parley:mandate:action:1',
      tiers: { none: 'R0', principal: 'R2', company: 'R3' },
      key_binding_nonce: 'the Idempotency-Key of the request',
    },
    idempotency: {
      header: 'Idempotency-Key',
      required: 'every POST but registration',
      retention_seconds: LIMITS.idempotencyRetentionSeconds,
    },
    negotiation: { rounds_max: LIMITS.negotiationRoundsMax, offer_lifetime_seconds: LIMITS.offerLifetimeSeconds },
    human: {
      channel: settings.human.channel,
      hours: settings.human.hours,
      respond_within_minutes: settings.human.respondWithinMinutes,
      action: 'human.handoff',
      verb: '/operations/{id}/handoff, in every state',
    },
    retention: {
      operations_days: settings.operationDays ?? LIMITS.operationRetentionSeconds / 86_400,
      idempotency_days: LIMITS.idempotencyRetentionSeconds / 86_400,
      limits_days: LIMITS.limitMemorySeconds / 86_400,
    },
    limits: { ...LIMITS },
    log: {
      verifier_key: log.verifierKey,
      checkpoint: `${log.path}/checkpoint`,
      tiles: `${log.path}/tile/`,
      ...(log.ended.length === 0 ? {} : { ended: log.ended }),
    },
    keys,
  };
}

/** RFC 9421 key directory of Web Bot Auth: the keys that sign our answers and webhooks. */
export function directoryDocument({ keys }: ProfileFacts): JsonObject {
  return { keys: keys.filter((key) => key['parley_purpose'] === 'answers') };
}

/** llms.txt (llmstxt.org): the way for an AI that reads before it acts. */
export function llmsText(contract: Contract, { settings }: ProfileFacts): string {
  const actions = contract.definitions.map(
    ({ name, title, description }) => `- [${title}](${settings.origin}/actions/${name}): \`${name}\`. ${description}`,
  );
  return `# ${settings.company}: actions for customers' AI agents

> A Parley gateway: the other side is an AI system that acts on behalf of ${settings.company}. You may act here for a customer of ${settings.company}: ask for typed actions, negotiate terms, and get a signed receipt. A person is reachable at any time.

How it goes: read the [profile](${settings.origin}/.well-known/parley); register your key with a signed POST to /agents (or name your key directory in Signature-Agent); ask with a signed POST to /actions/{name}, with an Idempotency-Key and your principal's mandate; read the operation (\`Prefer: wait=20\` waits for news) and take one of the steps in its \`next\`. Only \`terms\` of an offer count; notes do not. In a talk you may write plain sentences too (\`message\` alone to /operations/{id}/offers): they are told back as \`reading\` and bind nobody until you confirm them in typed form. Ask for a human whenever you or your principal want one.

## Actions

${actions.join('\n')}

## Reference

- [Profile](${settings.origin}/.well-known/parley): keys, signature requirements, limits, human channel
- [OpenAPI 3.1](${settings.origin}/openapi.json): every path and schema
- [Key directory](${settings.origin}/.well-known/http-message-signatures-directory)
- Human: ${settings.human.channel} (${settings.human.hours})
`;
}
