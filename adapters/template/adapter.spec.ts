import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKit, table } from '../conformance/public.ts';
import type { Ctx } from '../sdk/public.ts';
import { makeAdapter } from './index.ts';
import { subject } from './kit.ts';
import { startCrm } from './simulator/crm.ts';

const ctx = (): Ctx => ({
  clock: () => new Date('2026-11-02T09:00:00Z'),
  signal: AbortSignal.timeout(10_000),
  log: () => undefined,
});
const correction = (fields: { path: string; value: string }[]) => ({
  operation: 'op_test-0001',
  action: 'data.validate',
  input: { contact: 'C1', fields },
});

test('keeps the promises of its manifest', async () => {
  const report = await runKit(subject);
  assert.ok(report.ok, table(report).join('\n'));
});

test('plans what differs, and nothing where nothing does', async () => {
  const crm = await startCrm('token');
  const adapter = makeAdapter({ origin: crm.origin, secret: 'token', allowPrivate: true });
  const email = { path: 'contact.email', value: 'c1@example.com' };
  const phone = { path: 'contact.phone', value: '+49 30 2' };
  const { steps } = await adapter.plan(ctx(), correction([email, phone]));
  const changes = steps.flatMap((step) => step.changes.map(({ field, from, to }) => [field, from, to]));
  assert.deepEqual(changes, [['contact.phone', '+49 30 1', '+49 30 2']]);
  assert.deepEqual((await adapter.plan(ctx(), correction([email]))).steps, []);
  await crm.stop();
});

test('refuses while planning what the CRM would not hold', async () => {
  const crm = await startCrm('token');
  const adapter = makeAdapter({ origin: crm.origin, secret: 'token', allowPrivate: true });
  for (const field of [
    { path: 'contact.phone', value: '1'.repeat(41) },
    { path: 'contact.secret', value: 'x' },
  ])
    await assert.rejects(adapter.plan(ctx(), correction([field])), { name: 'AdapterError', code: 'invalid' });
  await crm.stop();
});

test('a customer’s own fields are a document', async () => {
  const crm = await startCrm('token');
  crm.edit('contacts', 'C1', { mobile_c: '+49 170 1' });
  const mobile = { field: 'mobile_c', label: 'Mobile', kind: 'text', chars_max: 40, correctable: true };
  const mapping = { types: { contact: { fields: { 'contact.phone': mobile } } } };
  const adapter = makeAdapter({ origin: crm.origin, secret: 'token', allowPrivate: true, mapping });
  const { data } = await adapter.read(ctx(), { type: 'contact', by: 'id', value: 'C1' });
  assert.equal(data['contact.phone'], '+49 170 1');
  await crm.stop();
  const broken = { types: { contact: { fields: { 'contact.phone': { ...mobile, field: '../x' } } } } };
  assert.throws(() => makeAdapter({ origin: crm.origin, secret: 'token', mapping: broken }), /names no field/);
});
