/** RFC 9110 §15.5.6: a 405 says in `Allow` which methods there are, exactly those. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { send } from '../support/signed.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
}, 60_000);
afterAll(() => gateway.stop());

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const OPERATION = '/operations/op_00000000-0000-7000-8000-000000000000';

it.each([
  ['/mcp', 'POST'],
  ['/agents', 'POST'],
  ['/actions/contract.renew', 'GET, HEAD, POST'],
  ['/actions/no.such', 'POST'],
  [OPERATION, 'GET, HEAD'],
  [`${OPERATION}/receipt`, 'GET, HEAD'],
  [`${OPERATION}/offers`, 'POST'],
  [`${OPERATION}/accept`, 'POST'],
  [`${OPERATION}/withdraw`, 'POST'],
  [`${OPERATION}/handoff`, 'POST'],
  ['/invitations', 'POST, DELETE'],
  ['/crm/events', 'POST'],
  ['/company/offers', 'POST'],
  ['/log/checkpoint', 'GET, HEAD'],
  ['/health', 'GET, HEAD'],
  ['/health/live', 'GET, HEAD'],
  ['/health/ready', 'GET, HEAD'],
  ['/.well-known/agent-card.json', 'GET, HEAD'],
  ['/.well-known/ucp', 'GET, HEAD'],
  ['/a2a', 'POST'],
  ['/a2a/tasks', 'GET, HEAD'],
  ['/a2a/message:send', 'POST'],
  [`/a2a/tasks/${OPERATION.slice(12)}:cancel`, 'POST'],
  [`/a2a/tasks/${OPERATION.slice(12)}:subscribe`, 'GET, HEAD, POST'],
  [`/a2a/tasks/${OPERATION.slice(12)}/pushNotificationConfigs/x`, 'GET, HEAD, DELETE'],
])('%s has %s', async (target, allow) => {
  const allowed = allow.split(', ');
  for (const method of METHODS) {
    const answer = await send(gateway.origin, { method, target, headers: {}, body: undefined });
    expect(answer.status, method).toBeLessThan(500);
    if (allowed.includes(method)) expect(answer.status, method).not.toBe(405);
    else {
      expect([answer.status, answer.headers.allow], method).toEqual([405, allow]);
      if (method !== 'HEAD') expect(answer.body.toString(), method).toContain('urn:parley:problem:method-not-allowed');
    }
  }
});

it('what a method does not find is a 404, not a 405', async () => {
  for (const method of ['GET', 'HEAD']) {
    const answer = await send(gateway.origin, { method, target: '/log/tile/0/999', headers: {}, body: undefined });
    expect([answer.status, answer.headers.allow]).toEqual([404, undefined]);
  }
});

it('nothing is allowed where there is nothing', async () => {
  for (const method of METHODS) {
    const answer = await send(gateway.origin, { method, target: '/no/such/thing', headers: {}, body: undefined });
    expect([answer.status, answer.headers.allow]).toEqual([404, undefined]);
  }
});
