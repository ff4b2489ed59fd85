import { RECORD_TYPE } from '../../protocol/base/names.ts';
import type { Operation } from '../engine/operation.ts';
import type { Keys } from '../ports.ts';
import type { Countersign } from './prepare.ts';

/** The company's signature beside the agent's, over the same payload. Idempotent: a re-planned agreement is already signed. */
export function makeCountersign(keys: Pick<Keys, 'jws'>): Countersign {
  return async ({ agreement }: Operation) => {
    if (agreement === undefined || agreement.signatures.length > 1) return agreement;
    const [header = '', , signature = ''] = (
      await keys.jws('evidence', RECORD_TYPE.agreement, agreement.payload)
    ).split('.');
    return { ...agreement, signatures: [...agreement.signatures, { protected: header, signature }] };
  };
}
