/** What every adapter over HTTP makes of an answer that is not its CRM's own, and of a read from before the write. */
import { type Dispatcher, MockAgent } from 'undici';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { makeHttpAdapter } from '../http/index.ts';
import { DESK_MAPPING, DESK_OPENAPI } from '../http/rig/desk.ts';
import { MAPPING, OPENAPI } from '../http/rig/documents.ts';
import { makeHubspotAdapter } from '../hubspot/index.ts';
import { makeSalesforceAdapter } from '../salesforce/index.ts';
import { makeSandboxAdapter } from '../sandbox/index.ts';
import { makeAdapter as makeTemplate } from '../template/index.ts';
import type { Adapter, Ctx, PlanStep, Ref } from './index.ts';

const ORIGIN = 'http://crm.example';
const ctx = (): Ctx => ({
  clock: () => new Date('2026-11-02T09:00:00Z'),
  signal: AbortSignal.timeout(5_000),
  log: () => undefined,
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers by the path and the method. */
function answering(answer: (path: string, method: string) => Answer): Dispatcher {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const pool = agent.get(ORIGIN);
  for (const method of ['GET', 'POST', 'PATCH', 'DELETE'])
    pool
      .intercept({ path: () => true, method })
      .reply(({ path }) => {
        const { status, body, headers = {} } = answer(path, method);
        return { statusCode: status, data: body, responseOptions: { headers } };
      })
      .persist();
  return agent;
}

const must = (made: ReturnType<typeof makeHttpAdapter>): Adapter => {
  if (!made.ok) throw new Error(made.error.join('\n'));
  return made.value;
};
const http = (dispatcher: Dispatcher, openapi: JsonObject, mapping: JsonObject, path: string) =>
  must(
    makeHttpAdapter({
      baseUrl: `${ORIGIN}${path}`,
      openapi,
      mapping,
      recipes: [],
      auth: { token: 't' },
      dispatcher,
      allowPrivate: true,
    }),
  );

interface Case {
  readonly name: string;
  readonly make: (dispatcher: Dispatcher) => Adapter;
  readonly ref: Ref;
  /** How this CRM says that a thing is not there. */
  readonly own: Answer;
}

const json = (status: number, body: unknown): Answer => ({
  status,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});
const contact = (value: string): Ref => ({ type: 'contact', by: 'id', value });

const CASES: readonly Case[] = [
  {
    name: 'sandbox',
    make: (dispatcher) => makeSandboxAdapter({ origin: ORIGIN, token: 't', dispatcher }),
    ref: contact('C-1'),
    own: json(404, { error: { code: 'not_found', message: 'No.' } }),
  },
  {
    name: 'template',
    make: (dispatcher) => makeTemplate({ origin: ORIGIN, secret: 't', dispatcher, allowPrivate: true }),
    ref: contact('C1'),
    own: json(404, { error: 'not_found' }),
  },
  {
    name: 'http, with a rule for it',
    make: (dispatcher) => http(dispatcher, OPENAPI, MAPPING, '/v1'),
    ref: contact('C-1'),
    own: json(404, { error: { code: 'not_found' } }),
  },
  {
    name: 'http, without',
    make: (dispatcher) => http(dispatcher, DESK_OPENAPI, DESK_MAPPING, '/desk'),
    ref: contact('1'),
    own: json(404, { errors: ['none'] }),
  },
  {
    name: 'hubspot',
    make: (dispatcher) =>
      makeHubspotAdapter({ origin: ORIGIN, auth: { method: 'token', token: 't' }, dispatcher, allowPrivate: true }),
    ref: contact('1'),
    own: json(404, { status: 'error', category: 'OBJECT_NOT_FOUND', message: 'no' }),
  },
  {
    name: 'salesforce',
    make: (dispatcher) =>
      makeSalesforceAdapter({ origin: ORIGIN, auth: { method: 'token', token: 't' }, dispatcher, allowPrivate: true }),
    ref: contact('003000000000001AAA'),
    own: json(404, [{ errorCode: 'NOT_FOUND', message: 'no' }]),
  },
];

const ELSEWHERE: readonly (readonly [string, Answer])[] = [
  ['a page of a proxy', { status: 404, body: '<html><h1>404 Not Found</h1></html>' }],
  ['nothing at all', { status: 404, body: '' }],
];

/** A step that makes a ticket. */
const making: PlanStep = {
  id: 'case',
  action: 'human.handoff',
  summary: 'Open a case',
  changes: [
    { ref: { type: 'ticket', by: 'external', value: 'op_1:case' }, field: 'subject', label: 'S', from: null, to: 'x' },
  ],
  preconditions: [],
  idempotencyKey: 'op_1:case',
  reversal: 'none',
  payload: { update: null, create: { type: 'ticket', account: null, values: { subject: 'x' } }, note: null },
};

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? 'other',
  );
const stateOf = (call: Promise<{ state: string }>) =>
  call.then(
    ({ state }) => state,
    (error: { code?: string }) => error.code ?? 'other',
  );

describe.each(CASES)('$name', ({ make, ref, own }) => {
  it.each(ELSEWHERE)('E2: %s says nothing of a record or a write', async (_name, answer) => {
    const adapter = make(answering(() => answer));
    expect(await codeOf(adapter.read(ctx(), ref))).toBe('retryable');
    expect(['retryable', 'unknown']).toContain(await stateOf(adapter.verify(ctx(), making)));
    expect(await codeOf(adapter.execute(ctx(), making))).toMatch(/^(unknown_outcome|retryable)$/);
  });

  it('its own words for absence are believed', async () => {
    const adapter = make(answering(() => own));
    expect(await codeOf(adapter.read(ctx(), ref))).toBe('not_found');
    expect(await stateOf(adapter.verify(ctx(), making))).toBe('not_applied');
  });
});

describe('a search that answers with a success', () => {
  it.each([
    ['an empty list', { data: [] }, 'not_applied'],
    ['null', { data: null }, 'not_applied'],
    ['something else’s object', { status: 'ok' }, 'retryable'],
    ['an empty object', {}, 'retryable'],
    ['a list of something else', { data: [{ name: 'x' }] }, 'retryable'],
  ])('E2: %s', async (_name, body, expected) => {
    const adapter = http(
      answering(() => json(200, body)),
      DESK_OPENAPI,
      DESK_MAPPING,
      '/desk',
    );
    expect(await stateOf(adapter.verify(ctx(), making))).toBe(expected);
  });
});

describe('a write in flight that an older version planned', () => {
  const old = (step: PlanStep): PlanStep => ({ ...step, payload: { subject: 'x' } });

  it.each(CASES)('E14: is looked for by its key, and never a bug ($name)', async ({ make, own, name }) => {
    const absent = name === 'http, without' ? json(200, { data: [] }) : own;
    const adapter = make(answering(() => absent));
    expect(await stateOf(adapter.verify(ctx(), old(making)))).toBe('not_applied');
    expect(await codeOf(adapter.execute(ctx(), old(making)))).toBe('unsupported');
  });
});

describe('a read from before the write', () => {
  const changing: PlanStep = {
    ...making,
    id: 'contact',
    changes: [{ ref: contact('C-1'), field: 'contact.phone', label: 'Phone', from: '1', to: '2' }],
    preconditions: [{ ref: contact('C-1'), version: '3' }],
    payload: {
      update: { type: 'contact', id: 'C-1', values: { 'contact.phone': '2' }, seen: {} },
      create: null,
      note: null,
    },
  };
  const template: PlanStep = JSON.parse(JSON.stringify(changing).replaceAll('C-1', 'C1'));

  it('E12: is not a change of somebody else’s', async () => {
    const old = 9;
    const left = 10;
    const sandbox = makeSandboxAdapter({
      origin: ORIGIN,
      token: 't',
      dispatcher: answering((path) =>
        path.includes('/changes/')
          ? json(200, { change: { type: 'contacts', id: 'C-1', revision: left } })
          : json(200, { record: { id: 'C-1', revision: old, phone: '1', account: 'A-1' } }),
      ),
    });
    expect(await stateOf(sandbox.verify(ctx(), changing))).toBe('unknown');
    const other = makeTemplate({
      origin: ORIGIN,
      secret: 't',
      allowPrivate: true,
      dispatcher: answering((path) =>
        path.includes('/changes/')
          ? json(200, { collection: 'contacts', id: 'C1', revision: left })
          : json(200, { id: 'C1', revision: old, phone: '1' }),
      ),
    });
    expect(await stateOf(other.verify(ctx(), template))).toBe('unknown');
    const described = http(
      answering((path) =>
        path.includes('/changes/')
          ? json(200, { change: { type: 'contacts', id: 'C-1', revision: left } })
          : json(200, { record: { id: 'C-1', revision: old, phone: '1', account: 'A-1' } }),
      ),
      OPENAPI,
      MAPPING,
      '/v1',
    );
    expect(await stateOf(described.verify(ctx(), changing))).toBe('unknown');
  });

  it('E12: a later one that differs is', async () => {
    const sandbox = makeSandboxAdapter({
      origin: ORIGIN,
      token: 't',
      dispatcher: answering((path) =>
        path.includes('/changes/')
          ? json(200, { change: { type: 'contacts', id: 'C-1', revision: 9 } })
          : json(200, { record: { id: 'C-1', revision: 10, phone: '1', account: 'A-1' } }),
      ),
    });
    expect(await stateOf(sandbox.verify(ctx(), changing))).toBe('diverged');
  });
});

describe('a value that the company keeps unique', () => {
  const byMethod = (refusal: Answer, absent: Answer) => (_path: string, method: string) =>
    method === 'GET' ? absent : refusal;

  it.each([
    ['hubspot', json(409, { status: 'error', category: 'CONFLICT', message: 'no' })],
    ['salesforce', json(400, [{ errorCode: 'DUPLICATE_VALUE', message: 'duplicate value found: X__c' }])],
    ['http, without', json(409, { errors: ['taken'] })],
  ])('T14: that is taken is no conflict to plan again for (%s)', async (name, refusal) => {
    const found = CASES.find((each) => each.name === name);
    if (found === undefined) throw new Error(name);
    const absent = name === 'http, without' ? json(200, { data: [] }) : found.own;
    const adapter = found.make(answering(byMethod(refusal, absent)));
    expect(await codeOf(adapter.execute(ctx(), making))).toBe('invalid');
  });

  it('E1, E2: our own key that is taken is a write of ours, though the look does not show it (salesforce)', async () => {
    const found = CASES.find(({ name }) => name === 'salesforce');
    const message = 'duplicate value found: Gw_ActionId__c duplicates value on record with id: 500000000000001';
    const refusal = json(400, [{ errorCode: 'DUPLICATE_VALUE', message, fields: [] }]);
    const adapter = found?.make(answering(byMethod(refusal, found.own)));
    expect(await codeOf(adapter?.execute(ctx(), making) ?? Promise.resolve())).toBe('unknown_outcome');
  });

  it.each(['hubspot', 'salesforce'])('T14: or our key, and nobody can say: the outcome is open (%s)', async (name) => {
    const found = CASES.find((each) => each.name === name);
    const refusal =
      name === 'hubspot'
        ? json(409, { status: 'error', category: 'CONFLICT', message: 'no' })
        : json(400, [{ errorCode: 'DUPLICATE_VALUE', message: 'duplicate value' }]);
    const adapter = found?.make(answering(byMethod(refusal, { status: 404, body: '<html>' })));
    expect(await codeOf(adapter?.execute(ctx(), making) ?? Promise.resolve())).toBe('unknown_outcome');
  });
});

describe('a refusal of Salesforce’s with another inside', () => {
  const trigger = (inner: string) =>
    `CaseTrigger: execution of AfterInsert caused by: System.DmlException: Update failed. First exception on row 0 with id 001000000000001; first error: ${inner}, unable to obtain exclusive access to this record: []`;
  it.each([
    ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', trigger('UNABLE_TO_LOCK_ROW'), 'retryable'],
    ['CANNOT_EXECUTE_FLOW_TRIGGER', 'We can’t save this record: UNABLE_TO_LOCK_ROW, busy', 'retryable'],
    ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', trigger('FIELD_CUSTOM_VALIDATION_EXCEPTION'), 'invalid'],
    ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Do not write : UNABLE_TO_LOCK_ROW, here', 'invalid'],
    ['REQUEST_RUNNING_TOO_LONG', 'stopped', 'retryable'],
    ['INSUFFICIENT_ACCESS_OR_READONLY', 'no', 'forbidden'],
  ])('T14: %s', async (errorCode, message, expected) => {
    const found = CASES.find(({ name }) => name === 'salesforce');
    const adapter = found?.make(answering(() => json(400, [{ errorCode, message, fields: [] }])));
    expect(await codeOf(adapter?.execute(ctx(), making) ?? Promise.resolve())).toBe(expected);
  });
});
