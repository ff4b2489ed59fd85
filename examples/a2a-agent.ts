// A customer's agent over A2A: any A2A 1.0 client, given a fetch that signs. Here it checks what the company knows of its principal.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Role } from '@a2a-js/sdk';
import { ClientFactory, JsonRpcTransportFactory } from '@a2a-js/sdk/client';
import { loadAgentKey, makeClient, makeSignedFetch, memoryJournal, presentMandate } from 'parley-gateway/client';

const { GATEWAY = '', AGENT_KEY = '', MANDATE = '' } = process.env;
const key = await loadAgentKey(JSON.parse(readFileSync(AGENT_KEY, 'utf8')));
await makeClient({ gateway: GATEWAY, key, journal: memoryJournal() }).register({ name: 'Example A2A agent' });

const { fetch: fetchImpl } = makeSignedFetch({ gateway: GATEWAY, key });
const agent = await new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl })] }).createFromUrl(
  GATEWAY,
);

// The messageId is the idempotency key: sent again, it is the same task. The mandate is bound to it.
const messageId = randomUUID();
const mandate = await presentMandate(readFileSync(MANDATE, 'utf8'), {
  key,
  audience: GATEWAY,
  nonce: messageId,
  now: new Date(),
});
const data = {
  verb: 'submit',
  action: 'data.validate',
  mandate,
  input: {
    account: 'A-1001',
    contact: 'C-1001',
    fields: [
      { path: 'contact.email', value: 'k.brandt@nordwind.example' },
      { path: 'billing.city', value: 'Hamburg' },
    ],
  },
};
const answer = await agent.sendMessage({
  tenant: '',
  message: {
    messageId,
    contextId: '',
    taskId: '',
    role: Role.ROLE_USER,
    parts: [
      { content: { $case: 'data', value: data }, metadata: undefined, filename: '', mediaType: 'application/json' },
    ],
    metadata: undefined,
    extensions: ['urn:parley:a2a:actions:1'],
    referenceTaskIds: [],
  },
  configuration: undefined,
  metadata: undefined,
});
if (!('status' in answer)) throw new Error('a message, where a task was expected');
console.log(answer.status?.message?.parts[0]?.content?.value);
for (const { artifactId, parts } of answer.artifacts) console.log(artifactId, JSON.stringify(parts[0]?.content?.value));
