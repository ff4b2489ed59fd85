/** What leaves by itself: webhooks to the company's endpoints, push notifications to agents' own. */
import { randomInt } from 'node:crypto';
import { contentDigest, type SignableRequest, signRequest } from '../protocol/signature/signature.ts';
import type { Engine } from './compose-engine.ts';
import type { Config } from './config/config.ts';
import { NODE_HASHES } from './identity/signature/keys-node.ts';
import { makeOutbox, type Outbox, type Rendered } from './outbox/deliver.ts';
import type { OutboxStore } from './outbox/outbox-store.ts';
import { makeSend } from './outbox/send.ts';
import { guardedDispatcher } from './platform/guarded-fetch.ts';
import { hostsFile, makeNames } from './platform/names.ts';
import { type Outgoing, PUSH_ENDPOINT } from './ports.ts';
import { pushMessage } from './serve/a2a/push.ts';
import { webhookHeaders } from './signoff/standard-webhooks.ts';

export function composeOutbox({ world }: Engine, outgoing: OutboxStore, config: Config): Outbox {
  const { store, clock, ids, keys, log } = world;
  const endpoints = new Map(
    config.webhooks.map(({ name, url }) => [name, { url, secrets: config.secrets.webhooks.get(name) ?? [] }]),
  );
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
      'content-digest': contentDigest(Buffer.from(body), NODE_HASHES),
      'signature-agent': JSON.stringify(config.origin),
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

  return makeOutbox({
    store: outgoing,
    endpoints: [...endpoints.keys()],
    render: (message, now) => (message.endpoint.startsWith(PUSH_ENDPOINT) ? push(message, now) : webhook(message, now)),
    send: makeSend({
      company: guardedDispatcher(config.allow_private_network, makeNames({ hosts: hostsFile() })),
      agents: guardedDispatcher(config.allow_private_network, makeNames({ servers: config.stranger_dns })),
    }),
    clock,
    random: () => randomInt(2 ** 32) / 2 ** 32,
    log,
  });
}
