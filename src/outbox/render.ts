/** How a message leaves: a webhook to an endpoint of the company, a push notification to an address an agent chose. */
import { contentDigest, type Hashes, type SignableRequest, signRequest } from '../../protocol/signature/signature.ts';
import type { Operation, Push } from '../engine/operation.ts';
import { webhookHeaders } from '../platform/standard-webhooks.ts';
import { type Ids, type Keys, type Outgoing, PUSH_ENDPOINT, type Store } from '../ports.ts';
import type { Rendered } from './deliver.ts';

export interface RenderDeps {
  /** The gateway's public origin. */
  readonly origin: string;
  /** The company's own, by name. */
  readonly endpoints: ReadonlyMap<string, { readonly url: string; readonly secrets: readonly string[] }>;
  readonly store: Pick<Store, 'operation'>;
  readonly keys: Keys;
  readonly ids: Ids;
  readonly hashes: Hashes;
  /** What is said of an operation in the words of the binding that the address belongs to. */
  readonly pushMessage: (operation: Operation, to: Push) => Omit<Rendered, 'to'>;
}

/** Undefined: there is nobody any more to send it to. */
export function makeRender({ origin, endpoints, store, keys, ids, hashes, pushMessage }: RenderDeps) {
  const key = {
    kid: keys.kid('webhooks'),
    alg: 'ed25519',
    sign: (bytes: Uint8Array) => keys.sign('webhooks', bytes),
  } as const;

  function webhook({ endpoint, id, payload }: Outgoing, now: Date): Rendered | undefined {
    const to = endpoints.get(endpoint);
    if (to === undefined) return undefined;
    const body = JSON.stringify(payload);
    const headers = { 'content-type': 'application/json', ...webhookHeaders(id, body, to.secrets, now) };
    return { url: to.url, headers, body };
  }

  /** To an address a stranger chose: signed with our own key (RFC 9421), so that the receiver needs no secret of ours. */
  function push({ endpoint, id }: Outgoing, now: Date): Rendered | undefined {
    const [operationId = '', pushId] = endpoint.slice(PUSH_ENDPOINT.length).split('/');
    const operation = store.operation(operationId);
    const to = operation?.pushes?.find((each) => each.id === pushId);
    if (operation === undefined || to === undefined) return undefined;
    const { url, headers, body } = pushMessage(operation, to);
    const { protocol, host, pathname, search } = new URL(url);
    const all: Record<string, string> = {
      ...headers,
      'webhook-id': id,
      'content-digest': contentDigest(Buffer.from(body), hashes),
      'signature-agent': JSON.stringify(origin),
    };
    const request: SignableRequest = {
      method: 'POST',
      scheme: protocol.slice(0, -1),
      authority: host,
      target: `${pathname}${search}`,
      headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]])),
    };
    const signed = signRequest(request, true, { key, now, nonce: ids.secret(18) });
    return {
      url,
      body,
      to: 'agent',
      headers: { ...all, 'signature-input': signed.signatureInput, signature: signed.signature },
    };
  }

  return (message: Outgoing, now: Date): Rendered | undefined =>
    message.endpoint.startsWith(PUSH_ENDPOINT) ? push(message, now) : webhook(message, now);
}
