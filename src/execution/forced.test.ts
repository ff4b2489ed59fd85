import { describe, expect, it } from 'vitest';
import type { AdapterManifest, Plan } from '../../adapters/sdk/index.ts';
import type { Operation } from '../engine/operation.ts';
import { withForcedSignoff, withKeptFacts, withUncertainClaim } from './forced.ts';
import type { Judge } from './prepare.ts';

const cleared = { required: false, role: 'approver', reasons: [] };
const clear: Judge = () => cleared;
const operation = { action: 'sim.write', records: { contract: { id: 'K-1', seats: 20 } } } as unknown as Operation;
const plan = { steps: [{ id: 'r1' }], warnings: [] } as unknown as Plan;

describe('a person besides whatever policy allows', () => {
  const manifest = { capabilities: [{ action: 'sim.write', forcesSignoff: true }] } as unknown as AdapterManifest;

  it('is asked where the CRM’s adapter says that a write cannot be known well enough', () => {
    const judge = withForcedSignoff(manifest, clear);
    expect(judge(operation, plan, null)).toMatchObject({ required: true, reasons: [expect.any(String)] });
    expect(judge(operation, null, null)).toMatchObject({ required: true });
    expect(judge({ ...operation, action: 'sim.other' }, plan, null)).toEqual(cleared);
    expect(judge(operation, { ...plan, steps: [] }, null)).toEqual(cleared);
  });

  it('T2: is asked where it cannot be read how much there is to claim', () => {
    const claimed = { operations: 0, open: 0, amount: 0, claims: [] };
    expect(withUncertainClaim({ ...claimed, certain: true }, cleared)).toEqual(cleared);
    expect(withUncertainClaim({ ...claimed, certain: false }, cleared)).toMatchObject({ required: true });
  });

  it('T1: is asked where the company has changed the record under what was agreed', () => {
    const offer = { id: 'of_1', by: 'company', terms: {}, firmness: 'binding', facts: { revision: null, digest: 'd' } };
    const agreed = {
      ...operation,
      negotiation: {
        offers: [offer],
        facts: { 'contract.seats': 10 },
        grounds: [{ digest: 'd', facts: { 'contract.seats': 10 } }],
      },
      agreement: { offer: 'of_1', payload: {}, signatures: [] },
    } as unknown as Operation;
    const as = (records: object): Operation => ({ ...agreed, records: { contract: { id: 'K-1', ...records } } });
    const judge = withKeptFacts(clear, () => false);
    expect(judge(as({ seats: 10 }), plan, null)).toEqual(cleared);
    expect(judge(as({ seats: 20 }), plan, null)).toMatchObject({
      required: true,
      reasons: [expect.stringContaining('contract.seats was 10 and is 20')],
    });
    expect(withKeptFacts(clear, () => true)(as({ seats: 20 }), plan, null)).toEqual(cleared);
  });
});
