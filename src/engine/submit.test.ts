import { describe, expect, it } from 'vitest';
import type { Json } from '../../protocol/base/json.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';
import type { Operation } from './operation.ts';
import { ownOperation, provenEnough } from './submit.ts';
import { whyKept } from './withdraw.ts';
import type { Ask } from './world.ts';

type Caller = Ask['caller'];
type Keyid = Operation['agent']['keyid'];

/** Of the bench's own agent. */
const owner: Caller = {
  keyid: 'A'.repeat(43) as Keyid,
  proof: 'signature',
  via: 'sim',
  evidence: { digest: 'd', signature: 's', signatureInput: 'i' },
};
const other: Caller = { ...owner, keyid: 'B'.repeat(43) as Keyid };

function withToken(subject: string, issuer = 'https://as.example'): Caller {
  return { ...owner, token: { jti: 't', issuer, client: 'acme', subject, boundTo: owner.keyid } };
}

async function asked() {
  const bench = makeExecutionBench();
  const id = await bench.submit(['r1', 'r2']);
  const ask = async (caller: Caller, verb: Ask['verb'], body: Json = {}) => {
    const answered = await bench.pipeline.ask({ caller, verb, target: id, key: `key-${verb}-0123456789`, body });
    return answered.ok ? 'ok' : answered.error.code;
  };
  return { bench, id, ask };
}

describe('an operation', () => {
  it('is there for whoever asked for it, and for nobody else', async () => {
    const { bench, id, ask } = await asked();
    expect(ownOperation(bench.world, owner, id)).toMatchObject({ ok: true, value: { id } });
    expect(ownOperation(bench.world, other, id)).toEqual(ownOperation(bench.world, other, 'op_none'));
    const before = bench.read(id).version;
    for (const verb of ['withdraw', 'handoff'] as const) expect(await ask(other, verb)).toBe('not-found');
    expect(bench.read(id).version).toBe(before);
  });

  it('D19: is of the customer that the token was for, where one key acts for several', async () => {
    const { bench, id } = await asked();
    const next = { ...bench.read(id), agent: { ...bench.read(id).agent, token: withToken('contact:C-1').token } };
    const world = { ...bench.world, store: { ...bench.store, operation: () => next as Operation } };
    const sees = (caller: Caller) => ownOperation(world, caller, id).ok;
    expect(sees(withToken('contact:C-1'))).toBe(true);
    expect(sees(withToken('contact:C-2'))).toBe(false);
    expect(sees(withToken('contact:C-1', 'https://other.example'))).toBe(false);
    expect(sees(owner)).toBe(false);
  });

  it('is taken back by its agent until a part of it may be written', async () => {
    const { bench, id, ask } = await asked();
    await bench.run(id, ['authorized']);
    expect(await ask(owner, 'withdraw')).toBe('wrong-state');
    const scheduled = { ...bench.read(id), state: 'scheduled' as const };
    const at = scheduled.updatedAt;
    expect(whyKept(scheduled)).toBeUndefined();
    expect(whyKept({ ...scheduled, attempts: [{ step: 'r1', intentAt: at }] })).toBeUndefined();
    expect(whyKept({ ...scheduled, attempts: [{ step: 'r1', intentAt: at, doubtedAt: at }] })).toContain('written');
  });
});

describe('what is asked for', () => {
  it('needs a proof as strong as its risk', () => {
    const allowed = (proof: Parameters<typeof provenEnough>[0]) =>
      (['R0', 'R1', 'R2', 'R3'] as const).filter((risk) => provenEnough(proof, risk).ok);
    expect(allowed('bearer')).toEqual(['R0', 'R1']);
    expect(allowed('dpop')).toEqual(['R0', 'R1', 'R2']);
    expect(allowed('signature')).toEqual(['R0', 'R1', 'R2', 'R3']);
  });
});
