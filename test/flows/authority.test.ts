/** What an operation rests on is proven again before every write: a key, a mandate or a token that was taken back in between writes nothing. */
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { importJWK } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { publicJwk } from '../../protocol/base/strict-jws.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { delegateMandate, newAgentKey, ProblemError, presentMandate } from '../../src/client/index.ts';
import { appendRevocation, type Revocation } from '../../src/identity/revocations.ts';
import { APPROVER } from '../support/config.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { decideAs, pageAs } from '../support/person.ts';
import { newKeyField, problemCode, send, signedPost } from '../support/signed.ts';
import { type Holder, holder, mint, type Parts, prove } from '../support/tokens.ts';

const ACTIONS = ['contract.renew', 'contact.update', 'case.open', 'quote.request', 'order.place'];
const CONSTRAINTS = { actions: ACTIONS, accounts: ['A-1001'] };
const ISS = 'https://as.example';

let gateway: TestGateway;
let server: Holder;
/** Another key of the same authorisation server. */
let second: Holder;

beforeAll(async () => {
  [server, second] = await Promise.all([holder('ES256'), holder('ES256')]);
  const issuer = {
    iss: ISS,
    tier: 'principal',
    jwks: [server, second].map(({ jwk, jkt }) => ({ ...jwk, kid: jkt, alg: 'ES256' })),
    subjects: ['contact:C-1001'],
    accounts: ['A-1001'],
  };
  const when = 'action in ["contract.renew", "contact.update"]';
  const rules = [{ name: 'asks', when, role: 'approver', reason: 'A person looks at it.' }];
  gateway = await startTestGateway({
    faults: true,
    config: { token_issuers: [issuer], signoff: { rules }, watch: { poll_seconds: 3_600 } },
  });
}, 60_000);
afterAll(() => gateway.stop());
afterEach(() => void vi.useRealTimers());

const jtiOf = (mandate: string): string =>
  JSON.parse(Buffer.from(mandate.split('.')[1] ?? '', 'base64url').toString('utf8')).jti;
const typeOf = ({ problem }: OperationView) => String(problem?.['type'] ?? '').replace('urn:parley:problem:', '');
const writesOf = async (id: string) =>
  (await gateway.crm.ledger()).filter(({ external_id }) => external_id.startsWith(id)).map(({ type }) => type);

async function revoke(kind: Revocation['kind'], id: string): Promise<void> {
  const before = taken();
  expect(appendRevocation(join(gateway.config.data_dir, 'revoked.jsonl'), { kind, id, reason: 'test' }).ok).toBe(true);
  await expect.poll(taken, { timeout: 10_000 }).toBeGreaterThan(before);
}
const taken = () => gateway.log.filter(({ event }) => event === 'revocations.taken').length;

let round = 0;
/** Waits for a person; without one it is written. */
function update(): { action: string; input: JsonObject } {
  round += 1;
  const changes = [{ path: 'contact.job_title', value: `Director ${round}` }];
  return { action: 'contact.update', input: { contact: 'C-1001', changes } };
}

async function asked(agent: TestAgent, mandate: string): Promise<OperationView> {
  const { action, input } = update();
  const { id } = await agent.client.submit(action, input, mandate);
  return agent.client.waitForTurn(id, ({ state }) => state === 'awaiting_signoff');
}

const decide = (view: OperationView, decision: 'approved' | 'rejected') =>
  decideAs(gateway.origin, APPROVER, view.signoff?.id ?? '', { decision, reason: 'It has ended.' });
const pageOf = (view: OperationView) => pageAs(gateway.origin, APPROVER, view.signoff?.id ?? '');

/** The approver sees it and cannot approve it; nothing is written, and they can still end it. */
async function cannotBeApproved(view: OperationView, words: RegExp): Promise<void> {
  expect(await pageOf(view)).toMatch(words);
  expect(await decide(view, 'approved')).toBe(409);
  expect(await decide(view, 'rejected')).toBe(303);
  expect(await writesOf(view.id)).toEqual([]);
}

/** A mandate of the orchestrator's, handed on to the specialist by two hops where there is somebody between. */
async function handedOn(orchestrator: TestAgent, specialist: TestAgent): Promise<string> {
  const held = await gateway.mandateFor(orchestrator, { ...CONSTRAINTS, max_delegations: 1 });
  const to = publicJwk(specialist.key.publicJwk);
  if (to === undefined) throw new Error('no key');
  const now = new Date();
  const expiresAt = new Date(now.getTime() + 3_600_000);
  return delegateMandate(held, {
    key: orchestrator.key,
    to,
    jti: randomUUID(),
    now,
    expiresAt,
    constraints: CONSTRAINTS,
  });
}

describe('a key revoked after it was asked, before a person decides', () => {
  it('E18: of the agent: the approver is told, and nothing is written', async () => {
    const agent = await gateway.newAgent();
    const view = await asked(agent, await gateway.mandateFor(agent, CONSTRAINTS));
    expect(await pageOf(view)).not.toContain('Ended since');
    await revoke('key', agent.key.keyid);
    await expect
      .poll(() => stored(view.id).signoffs.at(-1)?.ended, { timeout: 10_000 })
      .toEqual(['The agent’s key has been revoked.']);
    await cannotBeApproved(view, /The agent’s key has been revoked/);
  }, 30_000);

  it('E18: of a holder before the caller, the first one too', async () => {
    const [orchestrator, specialist] = [await gateway.newAgent(), await gateway.newAgent()];
    const mandate = await handedOn(orchestrator, specialist);
    const view = await asked(specialist, mandate);
    await revoke('key', orchestrator.key.keyid);
    await cannotBeApproved(view, /key of the mandate’s first holder has been revoked/);
  }, 30_000);

  it('E18: a mandate that has ended is told too, and rests on all it says', async () => {
    const agent = await gateway.newAgent();
    const mandate = await gateway.mandateFor(agent, CONSTRAINTS);
    const view = await asked(agent, mandate);
    await revoke('mandate', jtiOf(mandate));
    await cannotBeApproved(view, /The mandate has been revoked/);
  }, 30_000);
});

it('E18: a key revoked before hands its mandate on to nobody', async () => {
  const [orchestrator, specialist] = [await gateway.newAgent(), await gateway.newAgent()];
  await revoke('key', orchestrator.key.keyid);
  const mandate = await handedOn(orchestrator, specialist);
  const { action, input } = update();
  const refused = await specialist.client.submit(action, input, mandate).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ProblemError);
  expect(refused).toMatchObject({ type: 'urn:parley:problem:mandate-revoked' });
}, 30_000);

describe('a key revoked after the decision', () => {
  it('E18: before it is carried out: rejected, nothing is written', async () => {
    const agent = await gateway.newAgent();
    const view = await asked(agent, await gateway.mandateFor(agent, CONSTRAINTS));
    await gateway.crm.fault({ op: 'read', kind: '500-before', count: 1_000 });
    expect(await decide(view, 'approved')).toBe(303);
    await revoke('key', agent.key.keyid);
    await gateway.crm.clearFaults();
    await endsAs(view.id, 'rejected', 'key-revoked');
    expect(await writesOf(view.id)).toEqual([]);
  }, 60_000);

  it.each([
    ['the key', 'key-revoked'],
    ['the mandate', 'mandate-revoked'],
  ])(
    'E19: while the CRM was down at the write: %s: not written once it is back',
    async (what, problem) => {
      const agent = await gateway.newAgent();
      const mandate = await gateway.mandateFor(agent, CONSTRAINTS);
      await gateway.crm.fault({ op: 'write', kind: '429-bare', count: 1_000 });
      const input = { account: 'A-1001', topic: `While it was down ${problem}`, severity: 'high' };
      const { id } = await agent.client.submit('case.open', input, mandate);
      await expect.poll(() => eventsOf(id), { timeout: 20_000 }).toContain('doubted');
      await gateway.crm.fault({ op: 'read', kind: '500-before', count: 1_000 });
      if (what === 'the key') await revoke('key', agent.key.keyid);
      else await revoke('mandate', jtiOf(mandate));
      await gateway.crm.clearFaults();
      await endsAs(id, 'rejected', problem);
      expect(await writesOf(id)).toEqual([]);
    },
    60_000,
  );

  /** The first write of what is asked for next is made, the second and all after it are not. */
  async function oneWrite(): Promise<void> {
    await gateway.crm.fault({ op: 'write', kind: 'delay', ms: 0, count: 1 });
    await gateway.crm.fault({ op: 'write', kind: '429-bare', count: 1_000 });
  }
  async function placed(agent: TestAgent): Promise<string> {
    const mandate = await gateway.mandateFor(agent, CONSTRAINTS);
    const input = { account: 'A-1001', product: 'P-1002', quantity: 2 };
    const quoted = await agent.client.submit('quote.request', input, mandate);
    const { output } = await agent.client.waitForTurn(quoted.id);
    const consent = await gateway.mandateFor(agent, { actions: ['order.place'], accounts: ['A-1001'] });
    await oneWrite();
    const { id } = await agent.client.submit('order.place', { quote: output?.['quote'] ?? '' }, consent);
    const view = await agent.client.waitForTurn(id, ({ state }) => state === 'awaiting_signoff');
    expect(await decide(view, 'approved')).toBe(303);
    return id;
  }
  async function switched(agent: TestAgent): Promise<string> {
    const consent = await gateway.mandateFor(agent, { actions: ['provider.switch'], accounts: ['A-1001'] });
    await oneWrite();
    const input = { contract: 'K-1001', target: 'Other Cloud Ltd', export_scope: ['all'] };
    return (await agent.client.submit('provider.switch', input, consent)).id;
  }

  it.each([
    ['an order', placed],
    ['a right', switched],
  ] as const)(
    'E18: between two steps of %s: the second is not written, and the first is taken back',
    async (_, ask) => {
      const agent = await gateway.newAgent();
      const before = await gateway.crm.record('contracts', 'K-1001');
      const id = await ask(agent);
      await expect.poll(() => eventsOf(id), { timeout: 20_000 }).toContain('doubted');
      expect(eventsOf(id)).toContain('stepped');
      await gateway.crm.fault({ op: 'read', kind: '500-before', count: 1_000 });
      await revoke('key', agent.key.keyid);
      await gateway.crm.clearFaults();
      // A reversal asks for nobody's permission: the mandate it would need is the one that was taken back.
      await endsAs(id, 'reversed', 'key-revoked');
      expect(await writesOf(id)).toHaveLength(2);
      const { revision: _was, updated_at: _then, ...fields } = before;
      expect(await gateway.crm.record('contracts', 'K-1001')).toMatchObject(fields);
    },
    90_000,
  );
});

describe('a person', () => {
  it('is reached under a mandate that names other actions, is used up, or was revoked: the case is opened', async () => {
    const agent = await gateway.newAgent();
    const mandate = await gateway.mandateFor(agent, { ...CONSTRAINTS, max_uses: 1 });
    const view = await asked(agent, mandate);
    await revoke('mandate', jtiOf(mandate));
    await agent.client.handoff(view.id, 'I do not understand this');
    const cases = async () =>
      (await gateway.crm.ledger())
        .filter(({ type }) => type === 'tickets')
        .map(({ external_id }) => external_id.slice(0, 39));
    await expect
      .poll(async () => (await cases()).map((id) => stored(id).input['operation']), { timeout: 20_000 })
      .toContain(view.id);
    const { id } = await agent.client.submit('human.handoff', { topic: 'And another thing' }, mandate);
    expect((await agent.client.waitForTurn(id)).state).toBe('completed');
  }, 40_000);
});

/** What a receipt-bearing end looks like from inside: the agent whose key is revoked can no longer ask. */
async function endsAs(id: string, state: string, problem: string): Promise<void> {
  await expect.poll(() => stored(id).state, { timeout: 60_000 }).toBe(state);
  expect(typeOf(stored(id) as unknown as OperationView)).toBe(problem);
}
const stored = (id: string) => gateway.operation(id);
const eventsOf = (id: string) => stored(id).history.map(({ event }) => event);

describe('an access token', () => {
  const now = () => Math.floor(Date.now() / 1000);

  interface Given {
    readonly claims?: Parts;
    readonly by?: Holder;
  }
  type AskTool = (name: string, args: JsonObject, given?: Given) => Promise<OperationView>;

  async function client(): Promise<{ agent: Holder; ask: AskTool }> {
    const key = await newAgentKey();
    const signer = await importJWK(key.privateJwk, 'EdDSA');
    if (!('type' in signer)) throw new Error('not a key');
    const agent: Holder = { alg: 'EdDSA', key: signer, jwk: key.publicJwk, jkt: key.keyid };
    async function ask(name: string, args: JsonObject, { claims = {}, by = server }: Given = {}) {
      const token = await mint(by, {
        iss: ISS,
        aud: gateway.origin,
        client_id: `client-${agent.jkt}`,
        jti: `token-${agent.jkt}`,
        iat: now(),
        exp: now() + 60,
        cnf: { jkt: agent.jkt },
        authorization_details: [{ type: 'urn:parley:action', ...CONSTRAINTS }],
        ...claims,
      });
      const proof = await prove(agent, token, { htu: `${gateway.origin}/mcp`, iat: now(), jti: randomUUID() });
      const _meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      };
      const params = { name, arguments: args, _meta };
      const answer = await fetch(`${gateway.origin}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          authorization: `DPoP ${token}`,
          dpop: proof,
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': name,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      });
      const { result } = JSON.parse(await answer.text());
      return result?.structuredContent ?? { problem: result?._meta?.['urn:parley:problem'] };
    }
    return { agent, ask };
  }

  async function waiting(ask: AskTool, name: string, input: JsonObject, given?: Given): Promise<OperationView> {
    let seen = await ask(name, { idempotency_key: randomUUID(), input }, given);
    while (seen.state !== 'awaiting_signoff' && seen.turn !== 'agent')
      seen = await ask('operation_read', { operation: seen.id, wait_seconds: 10 }, given);
    return seen;
  }

  it('E18: whose DPoP key is revoked writes nothing', async () => {
    const { agent, ask } = await client();
    const view = await waiting(ask, 'contact_update', update().input);
    await revoke('key', agent.jkt);
    await cannotBeApproved(view, /The agent’s key has been revoked/);
  }, 30_000);

  it.each<[string, Revocation['kind'], (agent: Holder) => string, RegExp]>([
    ['itself', 'mandate', ({ jkt }) => `token-${jkt}`, /The access token has been revoked/],
    ['its client', 'client', ({ jkt }) => `${ISS} client-${jkt}`, /The client of the access token has been revoked/],
    ['the key that signed it', 'key', () => second.jkt, /The key that signed the access token has been revoked/],
  ])(
    'E21: revoked as %s writes nothing',
    async (_, kind, id, words) => {
      const { agent, ask } = await client();
      const view = await waiting(ask, 'contact_update', update().input, { by: second });
      await revoke(kind, id(agent));
      await cannotBeApproved(view, words);
    },
    30_000,
  );

  it('E21: that expired while people thought is told to them, and does not undo their yes', async () => {
    const { ask } = await client();
    const view = await waiting(ask, 'contact_update', update().input);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 });
    expect(await pageOf(view)).toMatch(/The access token expired at/);
    expect(await decide(view, 'approved')).toBe(303);
    vi.useRealTimers();
    await expect.poll(() => stored(view.id).state, { timeout: 20_000 }).toBe('completed');
    expect(await writesOf(view.id)).toHaveLength(1);
  }, 40_000);

  it('E21: that expired accepts no offer; a later one of the same customer does', async () => {
    const { ask } = await client();
    const view = await waiting(ask, 'contract_renew', { contract: 'K-1001' });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 });
    const counter = (claims: Parts) =>
      ask('offer_counter', { operation: view.id, idempotency_key: randomUUID(), terms: { seats: 30 } }, { claims });
    // Without a grant of its own the new token cannot stand for the one that has expired.
    const bare = await counter({ jti: randomUUID(), authorization_details: undefined });
    expect(typeOf(bare)).toBe('mandate-invalid');
    expect((await counter({ jti: randomUUID() })).state).toBe('negotiating');
  }, 40_000);
});

describe('revocations', () => {
  const path = () => join(gateway.config.data_dir, 'revoked.jsonl');

  it('E3: made while the gateway was down are known before its door opens, and before its work goes on', async () => {
    const agent = await gateway.newAgent();
    const mandate = await gateway.mandateFor(agent, CONSTRAINTS);
    const view = await asked(agent, mandate);
    await gateway.crm.fault({ op: 'read', kind: '500-before', count: 1_000 });
    expect(await decide(view, 'approved')).toBe(303);
    await gateway.restart(() => appendRevocation(path(), { kind: 'mandate', id: jtiOf(mandate), reason: 'test' }));
    await gateway.crm.clearFaults();
    const { action, input } = update();
    const refused = await agent.client.submit(action, input, mandate).catch((error: unknown) => error);
    expect(refused).toMatchObject({ type: 'urn:parley:problem:mandate-revoked' });
    await endsAs(view.id, 'rejected', 'mandate-revoked');
    expect(await writesOf(view.id)).toEqual([]);
  }, 60_000);

  it('E20: that cannot be read stop what rests on them, and nothing else, until they are mended', async () => {
    const agent = await gateway.newAgent();
    const mandate = await gateway.mandateFor(agent, CONSTRAINTS);
    const view = await asked(agent, mandate);
    const whole = existsSync(path()) ? readFileSync(path(), 'utf8') : '';
    const told = () =>
      gateway.log.filter(({ event }) => event === 'revocations.unreadable').map(({ fields }) => fields);
    appendFileSync(path(), '{"kind":"key","id":"half a ke\n');
    await expect.poll(told, { timeout: 10_000 }).toMatchObject([{ line: whole.split('\n').length }]);

    // Nothing new begins and nothing is written: the person is told why, on every page.
    // The client would repeat it for a while, as `Retry-After` says.
    const key = newKeyField();
    const nonce = key.slice(1, -1);
    const audience = gateway.origin;
    const presented = await presentMandate(mandate, { key: agent.key, audience, nonce, now: new Date() });
    const { action, input } = update();
    const body = { input, mandate: presented };
    const request = signedPost(gateway.origin, agent.key, `/actions/${action}`, body, { idempotencyKey: key });
    const refused = await send(gateway.origin, request);
    expect([refused.status, problemCode(refused), refused.headers['retry-after']]).toEqual([503, 'unavailable', '30']);
    expect(await pageOf(view)).toMatch(/Revocations cannot be read: line/);
    expect(await decide(view, 'approved')).toBe(409);
    // What was asked can be read, and a person reached.
    expect((await agent.client.read(view.id)).state).toBe('awaiting_signoff');
    const person = await agent.client.submit('human.handoff', { topic: 'Is anybody there?' });
    expect((await agent.client.waitForTurn(person.id)).state).toBe('completed');

    writeFileSync(path(), whole);
    const events = () => gateway.log.map(({ event }) => event);
    await expect.poll(events, { timeout: 10_000 }).toContain('revocations.readable');
    expect(await decide(view, 'approved')).toBe(303);
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
  }, 60_000);

  it('E20: what was authorised waits while they cannot be read, and is written when they can', async () => {
    const agent = await gateway.newAgent();
    const view = await asked(agent, await gateway.mandateFor(agent, CONSTRAINTS));
    await gateway.crm.fault({ op: 'read', kind: '500-before', count: 1_000 });
    expect(await decide(view, 'approved')).toBe(303);
    const whole = existsSync(path()) ? readFileSync(path(), 'utf8') : '';
    await gateway.restart(() => appendFileSync(path(), 'oops\n'));
    await gateway.crm.clearFaults();
    // Longer than it waits for a CRM that is back.
    await sleep(5_000);
    expect(stored(view.id).state).toBe('authorized');
    writeFileSync(path(), whole);
    await expect.poll(() => stored(view.id).state, { timeout: 30_000 }).toBe('completed');
  }, 60_000);
});
