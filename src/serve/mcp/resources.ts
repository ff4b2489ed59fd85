/** What there is to read before acting: the catalogue and the policy in words are anyone's, a transcript is its agent's. */
import type { Refusal } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { ok, type Result } from '../../../protocol/base/result.ts';
import { HIGHEST_RISK_OF_PROOF } from '../../../protocol/mandate/mandate.ts';
import type { Contract } from '../../actions/contract.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import type { Settings } from '../../engine/world.ts';

export interface Resource {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
}

export const RESOURCES: readonly Resource[] = [
  {
    uri: 'parley://actions',
    name: 'actions',
    title: 'The actions',
    description: 'Every action this company takes from customers’ agents, with its schemas and examples.',
    mimeType: 'application/json',
  },
  {
    uri: 'parley://policy',
    name: 'policy',
    title: 'The policy in words',
    description: 'What needs a mandate, when a person signs off, what can be negotiated, how a person is reached.',
    mimeType: 'text/markdown',
  },
];

export const TRANSCRIPT = {
  uriTemplate: 'parley://operations/{id}/transcript',
  name: 'transcript',
  title: 'An operation’s transcript',
  description: 'Everything that was said and done in one of your operations, in order.',
  mimeType: 'application/json',
};

export function operationInUri(uri: string): string | undefined {
  return /^parley:\/\/operations\/(op_[0-9a-f-]{36})\/transcript$/.exec(uri)?.[1];
}

export function publicResource(uri: string, contract: Contract, settings: Settings): string | undefined {
  if (uri === 'parley://actions') return JSON.stringify({ actions: contract.definitions });
  if (uri === 'parley://policy') return policyInWords(contract, settings);
  return undefined;
}

export function publicTexts(contract: Contract, settings: Settings): ReadonlyMap<string, string> {
  return new Map(RESOURCES.map(({ uri }) => [uri, publicResource(uri, contract, settings) ?? '']));
}

/** In the order of events: what was said, offered, decided. */
export function transcriptOf(found: Result<Operation, Refusal>): Result<string, Refusal> {
  if (!found.ok) return found;
  const { history, messages, signoffs } = found.value;
  const decisions = signoffs.map(
    ({ id, askedAt, reasons, decision }): JsonObject => ({
      id,
      asked_at: askedAt,
      reasons,
      ...(decision === undefined ? {} : { decision: decision.kind, decided_at: decision.at }),
    }),
  );
  return ok(JSON.stringify({ operation: viewOf(found.value), history, messages, sign_offs: decisions }));
}

const SIGNOFF_WORDS: Readonly<Record<string, string>> = {
  always: 'A person signs off every time.',
  policy: 'A person signs off when the company’s policy says so.',
  none: 'No person needs to sign off.',
};

function policyInWords(contract: Contract, { company, human }: Settings): string {
  const actions = contract.definitions.map(({ name, title, summary, risk, mandate, default_signoff, negotiable }) => {
    const terms = negotiable.map(({ label }) => String(label)).join(', ');
    return [
      `## ${title} (\`${name}\`)`,
      '',
      summary,
      '',
      `- Risk class ${risk}.`,
      `- ${mandate === 'required' ? 'Needs your principal’s mandate.' : 'Needs no mandate.'}`,
      `- ${SIGNOFF_WORDS[default_signoff] ?? 'A person may have to sign off.'}`,
      `- ${terms === '' ? 'Nothing to negotiate.' : `Negotiable: ${terms}.`}`,
    ].join('\n');
  });
  const { signature, dpop, bearer } = HIGHEST_RISK_OF_PROOF;
  return `# What ${company} lets customers’ agents do

The other side is an AI system that acts on behalf of ${company}. Only typed terms count: plain sentences are told back and bind nobody, and one that asks for a person calls one. Offers are signed, an acceptance names the offer’s id and terms_digest, and whatever a person signs off is exactly what is written, once.

How strongly you are proven caps the risk: an HTTP signature up to ${signature}, a DPoP-bound token up to ${dpop}, a bearer token up to ${bearer}.

A person is reachable at any time, in every state: ${human.channel} (${human.hours}), answering within ${human.respondWithinMinutes} minutes.

${actions.join('\n\n')}
`;
}
