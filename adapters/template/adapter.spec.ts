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
  const adapter = makeAdapter({ origin: crm.origin, token: 'token', allowPrivate: true });
  const { steps } = await adapter.plan(
    ctx(),
    correction([
      { path: 'contact.email', value: 'c1@example.com' },
      { path: 'contact.phone', value: '+49 30 2' },
    ]),
  );
  assert.deepEqual(
    steps.flatMap(({ changes }) => changes.map(({ field, from, to }) => [field, from, to])),
    [['phone', '+49 30 1', '+49 30 2']],
  );
  const same = await adapter.plan(ctx(), correction([{ path: 'contact.email', value: 'c1@example.com' }]));
  assert.deepEqual(same.steps, []);
  await crm.stop();
});

test('refuses while planning what the CRM would not hold', async () => {
  const crm = await startCrm('token');
  const adapter = makeAdapter({ origin: crm.origin, token: 'token', allowPrivate: true });
  for (const field of [
    { path: 'contact.phone', value: '1'.repeat(41) },
    { path: 'contact.secret', value: 'x' },
  ])
    await assert.rejects(adapter.plan(ctx(), correction([field])), { name: 'AdapterError', code: 'invalid' });
  await crm.stop();
});
