import { beforeEach, describe, expect, it } from 'vitest';
import { refusal } from '../../protocol/base/errors.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';
import type { Operation } from '../engine/operation.ts';
import type { Ask } from '../engine/world.ts';
import { type AcceptDeps, makeAccept } from './accept.ts';

const terms = { term_months: 12 };
const MINUTE_MS = 60_000;
let bench: ReturnType<typeof makeExecutionBench>;
let talking: Operation;

beforeEach(async () => {
  bench = makeExecutionBench();
  const id = await bench.submit(['r1']);
  const at = (ms: number) => new Date(bench.now() + ms).toISOString();
  const offer = (name: string) => ({
    id: name,
    parent: null,
    by: 'company',
    terms,
    terms_digest: `sha-256:${name}`,
    firmness: 'binding',
    made_at: at(0),
    expires_at: at(10 * MINUTE_MS),
  });
  const before = bench.read(id);
  talking = {
    ...before,
    version: before.version + 1,
    state: 'negotiating',
    negotiation: {
      turn: 'agent',
      round: 2,
      expiresAt: at(60 * MINUTE_MS),
      offers: [offer('of_1'), { ...offer('of_2'), by: 'agent' }, offer('of_3')],
    },
  } as unknown as Operation;
  await bench.store.commit({ operations: [{ next: talking, expected: before.version }] });
});

/** An acceptance that nothing was found wrong with goes on to the record, which cannot be read here. */
const deps = {
  withinMandate: async () => ok(undefined),
  stands: { today: async () => err({ refusal: refusal('unavailable'), passing: true }) },
  changedByPrincipal: () => false,
} as unknown as AcceptDeps;

async function accepting(body: object, more: Partial<AcceptDeps> = {}): Promise<string> {
  const asked = {
    caller: { keyid: talking.agent.keyid, proof: 'signature', via: 'sim', evidence: {} },
    verb: 'accept',
    target: talking.id,
    key: 'key-0123456789',
    body: {
      offer: 'of_3',
      terms_digest: 'sha-256:of_3',
      agreement: { protected: 'e30', signature: 'A'.repeat(86) },
      ...body,
    },
  } as unknown as Ask;
  const done = await makeAccept(bench.world, { ...deps, ...more })(bench.world, asked);
  return done.ok ? done.value.next.state : done.error.code;
}

describe('an acceptance', () => {
  it('needs the agent’s signature on the agreement', async () => {
    expect(await accepting({})).toBe('agreement-invalid');
  });

  it('is of an offer of the company, and of one that is open', async () => {
    expect(await accepting({ offer: 'of_2' })).toBe('not-found');
    expect(await accepting({ offer: 'of_9' })).toBe('not-found');
    expect(await accepting({ offer: 'of_1', terms_digest: 'sha-256:of_1' })).toBe('offer-stale');
  });

  it('is of the terms that were read', async () => {
    expect(await accepting({ terms_digest: 'sha-256:of_1' })).toBe('offer-digest-mismatch');
  });

  it('is in time, of the offer and of the talk', async () => {
    bench.wait(10 * MINUTE_MS - 1);
    expect(await accepting({})).toBe('agreement-invalid');
    bench.wait(1);
    expect(await accepting({})).toBe('offer-expired');
  });

  it('is within the mandate', async () => {
    const withinMandate = async () => err(refusal('mandate-exceeded'));
    expect(await accepting({}, { withinMandate })).toBe('mandate-exceeded');
  });
});
